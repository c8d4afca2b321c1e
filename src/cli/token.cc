// dew token: a JSON Web Token for trying an API, signed with a secret from SSM.
// RFC 7519, RFC 7515; HS256.
#include <fmt/format.h>

#include <cstdlib>

#include "base/encoding.h"
#include "base/ids.h"
#include "cli/cloud_calls.h"
#include "cli/duration.h"
#include "cli/options.h"
#include "cli/project.h"
#include "cli/terminal.h"

namespace dew::cli {

namespace {

std::string base64url(std::string_view bytes) {
  std::string out = base64_encode(bytes);
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (out.ends_with('=')) out.pop_back();
  return out;
}

Result<std::string> secret_of(const TokenOptions& options) {
  if (!options.secret_env.empty()) {
    const char* value = std::getenv(options.secret_env.c_str());
    if (!value || !*value)
      return fail(ErrorKind::kNotFound,
                  fmt::format("the environment has no variable {}", options.secret_env));
    return std::string(value);
  }
  ApiClient api = client_for(options.common);
  const auto parameter = get_parameter(api, options.secret_parameter, true);
  if (!parameter) return std::unexpected(parameter.error().to_error());
  if (!*parameter) {
    return fail(ErrorKind::kNotFound,
                fmt::format("SSM at {} has no parameter {}", api.destination().name(),
                            options.secret_parameter));
  }
  return (*parameter)->value;
}

}  // namespace

int run_token(const TokenOptions& options) {
  const auto lifetime = parse_seconds(options.expires);
  if (!lifetime) {
    report({ErrorKind::kInvalid, "--expires " + lifetime.error().message});
    return kUsage;
  }
  const auto secret = secret_of(options);
  if (!secret) return report(secret.error());
  const auto now = SystemClock().now_ms() / 1000;
  json::Object claims{
      {"sub", options.subject}, {"iat", now}, {"exp", now + *lifetime}, {"jti", uuid_v4()}};
  if (!options.issuer.empty()) claims["iss"] = options.issuer;
  if (!options.audience.empty()) claims["aud"] = options.audience;
  for (const auto& claim : options.claims) {
    const size_t equals = claim.find('=');
    const std::string value = claim.substr(equals + 1);
    auto parsed = json::parse(value);
    claims[claim.substr(0, equals)] = parsed ? std::move(*parsed) : json::Value(value);
  }
  const std::string head =
      base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + base64url(json::dump(claims));
  const std::string token = head + "." + base64url(hmac_sha256(*secret, head));
  print_out(options.common.json
                ? json::dump_pretty(json::Object{{"token", token}, {"claims", claims}})
                : token);
  return kDone;
}

}  // namespace dew::cli
