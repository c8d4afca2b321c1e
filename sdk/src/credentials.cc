#include <dew/credentials.h>
#include <dew/env.h>
#include <dew/json.h>
#include <dew/sanitize.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>

namespace dew {
namespace {

constexpr int64_t kRefreshBeforeExpiryS = 300;
constexpr std::string_view kEcsHost = "http://169.254.170.2";

int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::optional<int64_t> parse_time(const std::string& text) {
  std::tm parts{};
  if (::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return std::nullopt;
  return ::timegm(&parts);
}

std::string member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::string> authorization_token() {
  if (const auto path = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    std::ifstream file(*path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return std::string(trim(text));
  }
  return env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
}

}  // namespace

Result<const Credentials*> CredentialsProvider::get() {
  const bool fresh =
      cached_ && (!cached_->expires_s || now_s() < *cached_->expires_s - kRefreshBeforeExpiryS);
  if (cached_ && (fixed_ || fresh)) return &*cached_;
  const auto id = env("AWS_ACCESS_KEY_ID");
  const auto secret = env("AWS_SECRET_ACCESS_KEY");
  if (id && secret) {
    cached_ = Credentials{*id, *secret, env_or("AWS_SESSION_TOKEN", ""), std::nullopt};
    return &*cached_;
  }
  auto fetched = fetch();
  if (!fetched) {
    if (cached_ && now_s() < cached_->expires_s.value_or(0)) return &*cached_;
    return std::unexpected(fetched.error());
  }
  cached_ = std::move(*fetched);
  return &*cached_;
}

Result<Credentials> CredentialsProvider::fetch() {
  auto uri = env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!uri) {
    if (const auto relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
      uri = std::string(kEcsHost) + *relative;
  }
  if (!uri)
    return fail("NoCredentials",
                "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
  auto url = http::Url::parse(*uri);
  if (!url) return std::unexpected(url.error());
  http::Request request{.target = url->target};
  const auto token = authorization_token();
  if (token) request.headers.emplace_back("Authorization", *token);
  if (!client_)
    client_.emplace(
        http::Timeouts{std::chrono::milliseconds(1000), std::chrono::milliseconds(2000)});
  auto response = client_->send(*url, request);
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) {
    return fail("NoCredentials",
                "the credentials endpoint answered " + std::to_string(response->status),
                response->status);
  }
  auto value = parse_json(response->body);
  if (!value || !value->is_object())
    return fail("NoCredentials", "the credentials endpoint did not answer with JSON");
  const json::object& object = value->get_object();
  Credentials made{member(object, "AccessKeyId"), member(object, "SecretAccessKey"),
                   member(object, "Token"), parse_time(member(object, "Expiration"))};
  if (made.access_key_id.empty() || made.secret_access_key.empty()) {
    return fail("NoCredentials", "the credentials endpoint answered without credentials");
  }
  return made;
}

}  // namespace dew
