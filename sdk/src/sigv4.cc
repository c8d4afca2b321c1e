#include <dew/encoding.h>
#include <dew/sigv4.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <tuple>

#include "crypto.h"

namespace dew {
namespace {

std::string amz_date(int64_t now_s) {
  const auto seconds = static_cast<time_t>(now_s);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), size};
}

// RFC 3986 5.2.4 with repeated slashes joined, then every segment encoded (again: AWS encodes the
// path twice).
std::string canonical_path(std::string_view path, bool normalize) {
  if (!normalize) return path.empty() ? "/" : percent_encode(percent_decode(path), true);
  std::vector<std::string_view> kept;
  std::string_view rest = path;
  while (!rest.empty()) {
    const size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(percent_encode(segment));
  if (out.empty() || (path.ends_with('/') && !kept.empty())) out += '/';
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    pairs.emplace_back(percent_encode(percent_decode(pair.substr(0, equals))),
                       percent_encode(percent_decode(value)));
  }
  std::ranges::sort(pairs);
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

// Leading and trailing white space goes, runs of it become one space.
void append_canonical_value(std::string& out, std::string_view value) {
  bool space = false;
  bool any = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      space = any;
      continue;
    }
    if (space) out += ' ';
    space = false;
    any = true;
    out += c;
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

// Appends the canonical headers to `request`; gives the names, for SignedHeaders.
std::string append_headers(
    std::string& request,
    const std::vector<std::pair<std::string_view, std::string_view>>& headers) {
  struct Named {
    std::string name;
    size_t order;  // values of one name stay in the order they were given
    std::string_view value;
  };
  std::vector<Named> sorted;
  sorted.reserve(headers.size());
  for (const auto& [name, value] : headers) sorted.push_back({lower(name), sorted.size(), value});
  std::ranges::sort(sorted, {}, [](const Named& each) { return std::tie(each.name, each.order); });
  std::string names;
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i > 0 && sorted[i].name == sorted[i - 1].name) {
      request.back() = ',';  // the line goes on with the next value of the same name
    } else {
      if (!names.empty()) names += ';';
      names += sorted[i].name;
      request.append(sorted[i].name).append(":");
    }
    append_canonical_value(request, sorted[i].value);
    request += '\n';
  }
  return names;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) { return crypto::hex(crypto::sha256(bytes)); }

Signer::Signer(std::string region, std::string service, bool normalize_path)
    : region_(std::move(region)), service_(std::move(service)), normalize_(normalize_path) {}

Signature Signer::sign(const Credentials& credentials, const SigningInput& input) {
  Signature signature;
  signature.amz_date = amz_date(input.now_s);
  const std::string_view date = std::string_view(signature.amz_date).substr(0, 8);
  auto headers = input.headers;
  headers.emplace_back("x-amz-date", signature.amz_date);
  if (!credentials.session_token.empty())
    headers.emplace_back("x-amz-security-token", credentials.session_token);

  std::string& request = signature.canonical_request;
  request.append(input.method)
      .append("\n")
      .append(canonical_path(input.path, normalize_))
      .append("\n");
  request.append(canonical_query(input.query)).append("\n");
  const std::string names = append_headers(request, headers);
  request.append("\n").append(names).append("\n").append(input.payload_hash);

  std::string scope(date);
  scope.append("/").append(region_).append("/").append(service_).append("/aws4_request");
  signature.string_to_sign =
      "AWS4-HMAC-SHA256\n" + signature.amz_date + "\n" + scope + "\n" + sha256_hex(request);

  if (key_.empty() || key_date_ != date || key_secret_ != credentials.secret_access_key) {
    auto key = crypto::hmac_sha256("AWS4" + credentials.secret_access_key, date);
    key = crypto::hmac_sha256(crypto::view(key), region_);
    key = crypto::hmac_sha256(crypto::view(key), service_);
    key = crypto::hmac_sha256(crypto::view(key), "aws4_request");
    key_ = crypto::view(key);
    key_date_ = date;
    key_secret_ = credentials.secret_access_key;
  }
  signature.authorization = "AWS4-HMAC-SHA256 Credential=" + credentials.access_key_id + "/" +
                            scope + ", SignedHeaders=" + names + ", Signature=" +
                            crypto::hex(crypto::hmac_sha256(key_, signature.string_to_sign));
  return signature;
}

}  // namespace dew
