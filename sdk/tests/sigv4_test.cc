// The signing vectors of aws-c-auth, read from DEW_TEST_DATA or ../shared/data beside the project.
#include <dew/encoding.h>
#include <dew/json.h>
#include <dew/sigv4.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace dew {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> vectors() {
  const char* data = std::getenv("DEW_TEST_DATA");
  const fs::path root =
      data != nullptr ? fs::path(data) : fs::path(DEW_SDK_SOURCE_DIR) / "../../shared/data";
  std::vector<fs::path> found;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(root / "sigv4", ec)) {
    if (entry.is_directory()) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

// The vectors' requests are written as HTTP/1.1, with bare line feeds and continued lines.
struct ParsedRequest {
  std::string method, path, query, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

ParsedRequest parse(const std::string& text) {
  ParsedRequest request;
  const size_t end = text.find("\n\n");
  std::string_view rest = std::string_view(text).substr(0, end);
  if (end != std::string::npos) request.body = text.substr(end + 2);
  const size_t line_end = rest.find('\n');
  const std::string_view line = rest.substr(0, line_end);
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  request.method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  request.path = target.substr(0, target.find('?'));
  if (target.find('?') != std::string_view::npos)
    request.query = target.substr(target.find('?') + 1);
  rest = line_end == std::string_view::npos ? std::string_view() : rest.substr(line_end + 1);
  while (!rest.empty()) {
    const size_t stop = rest.find('\n');
    const std::string_view header = rest.substr(0, stop);
    rest = stop == std::string_view::npos ? std::string_view() : rest.substr(stop + 1);
    if (header.starts_with(' ') || header.starts_with('\t')) {
      request.headers.back().second.append("\n").append(header);
      continue;
    }
    const size_t colon = header.find(':');
    request.headers.emplace_back(header.substr(0, colon), header.substr(colon + 1));
  }
  return request;
}

int64_t time_of(const std::string& text) {
  std::tm parts{};
  ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return ::timegm(&parts);
}

void check(const fs::path& folder) {
  SCOPED_TRACE(folder.filename());
  const json::value context = json::parse(read(folder / "context.json"));
  const json::object& key = context.at("credentials").as_object();
  Credentials credentials{std::string(key.at("access_key_id").as_string()),
                          std::string(key.at("secret_access_key").as_string()),
                          {},
                          {}};
  // Some vectors want the session token added after signing.
  const json::value* omit = context.as_object().if_contains("omit_session_token");
  if (key.contains("token") && !(omit != nullptr && omit->as_bool()))
    credentials.session_token = key.at("token").as_string();
  const ParsedRequest request = parse(read(folder / "request.txt"));
  const std::string hash = sha256_hex(request.body);
  SigningInput input{.method = request.method,
                     .path = request.path,
                     .query = request.query,
                     .headers = {},
                     .payload_hash = hash,
                     .now_s = time_of(std::string(context.at("timestamp").as_string()))};
  for (const auto& [name, value] : request.headers) input.headers.emplace_back(name, value);
  if (context.at("sign_body").as_bool()) input.headers.emplace_back("x-amz-content-sha256", hash);
  Signer signer(std::string(context.at("region").as_string()),
                std::string(context.at("service").as_string()), context.at("normalize").as_bool());
  const Signature signature = signer.sign(credentials, input);
  EXPECT_EQ(signature.canonical_request, read(folder / "header-canonical-request.txt"));
  EXPECT_EQ(signature.string_to_sign, read(folder / "header-string-to-sign.txt"));
  const std::string& authorization = signature.authorization;
  EXPECT_EQ(authorization.substr(authorization.rfind('=') + 1),
            read(folder / "header-signature.txt"));
}

TEST(SigV4, AgreesWithTheVectors) {
  const auto all = vectors();
  if (all.empty())
    GTEST_SKIP() << "no vectors: set DEW_TEST_DATA, or put them into ../shared/data/sigv4 beside "
                    "the project";
  for (const fs::path& folder : all) check(folder);
}

}  // namespace
}  // namespace dew
