#include "cli/credentials.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/clock.h"
#include "json/json.h"
#include "net/client.h"

namespace dew::cli {

namespace {

constexpr int kChainOfProfiles = 10;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::optional<Credentials> of_environment() {
  Credentials out{variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"),
                  variable("AWS_SESSION_TOKEN")};
  if (out.access_key.empty() || out.secret_key.empty()) return std::nullopt;
  return out;
}

net::ClientOptions hurried() {
  net::ClientOptions options;
  options.connect_timeout = std::chrono::seconds(1);
  options.timeout = std::chrono::seconds(5);
  options.body_bytes = 64UL * 1024;
  return options;
}

Result<std::string> fetch(net::Client& client, std::string_view method, const std::string& address,
                          const http::Headers& headers) {
  TRY(const auto url, net::Url::parse(address));
  http::Request request;
  request.method = method;
  request.headers = headers;
  TRY(auto response, client.send(url, request));
  if (response.status != 200) {
    return fail(ErrorKind::kUnavailable,
                fmt::format("{}:{} answered with status {}", url.host, url.port, response.status));
  }
  return std::move(response.body);
}

// The answer of both endpoints: {"AccessKeyId": …, "SecretAccessKey": …, "Token": …}.
Result<Credentials> of_answer(const std::string& body, std::string_view from) {
  const auto value = json::parse(body);
  if (!value || !value->is_object())
    return fail(ErrorKind::kInvalid, fmt::format("the answer of {} is no JSON object", from));
  const auto& object = value->get_object();
  Credentials out{json::string_or(object, "AccessKeyId"),
                  json::string_or(object, "SecretAccessKey"), json::string_or(object, "Token")};
  if (out.access_key.empty() || out.secret_key.empty())
    return fail(ErrorKind::kInvalid, fmt::format("the answer of {} has no credentials", from));
  return out;
}

// docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
bool may_be_asked(const net::Url& url) {
  return url.scheme == "https" || url.host == "localhost" || url.host.starts_with("127.") ||
         url.host == "[::1]" || url.host == "169.254.170.2" || url.host == "169.254.170.23" ||
         url.host == "[fd00:ec2::23]";
}

Result<std::optional<Credentials>> of_container() {
  const std::string relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) return std::nullopt;
  const std::string address = relative.empty() ? full : "http://169.254.170.2" + relative;
  TRY(const auto url, net::Url::parse(address));
  if (!may_be_asked(url)) {
    return fail(
        ErrorKind::kInvalid,
        fmt::format("AWS_CONTAINER_CREDENTIALS_FULL_URI: {} is neither https nor an address "
                    "that containers get credentials from",
                    url.host));
  }
  http::Headers headers;
  std::string token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const std::string path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !path.empty()) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      return fail(ErrorKind::kIo,
                  fmt::format("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {} cannot be read", path));
    }
    token = std::string{std::istreambuf_iterator<char>(file), {}};
    while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  }
  if (!token.empty()) headers.add("Authorization", token);
  net::Client client(hurried());
  const auto body = fetch(client, "GET", address, headers);
  if (!body) {
    return fail(body.error().kind,
                fmt::format("the container's credentials: {}", body.error().message));
  }
  TRY(auto found, of_answer(*body, "the container's credential endpoint"));
  return std::optional(std::move(found));
}

// docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
std::optional<Credentials> of_instance() {
  if (variable("AWS_EC2_METADATA_DISABLED") == "true") return std::nullopt;
  std::string base = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) base = "http://169.254.169.254";
  while (base.ends_with('/')) base.pop_back();
  net::Client client(hurried());
  const auto token = fetch(client, "PUT", base + "/latest/api/token",
                           {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}});
  if (!token) return std::nullopt;  // not on an instance
  const http::Headers headers{{"X-aws-ec2-metadata-token", *token}};
  const std::string place = base + "/latest/meta-data/iam/security-credentials/";
  const auto role = fetch(client, "GET", place, headers);
  if (!role) return std::nullopt;  // an instance without a role
  const auto body = fetch(client, "GET", place + role->substr(0, role->find('\n')), headers);
  if (!body) return std::nullopt;
  auto found = of_answer(*body, "the instance's metadata service");
  return found ? std::optional(std::move(*found)) : std::nullopt;
}

Result<Credentials> of_credential_source(const std::string& source, const std::string& profile) {
  std::optional<Credentials> found;
  if (source == "Environment") {
    found = of_environment();
  } else if (source == "EcsContainer") {
    TRY(found, of_container());
  } else if (source == "Ec2InstanceMetadata") {
    found = of_instance();
  } else {
    return fail(
        ErrorKind::kInvalid,
        fmt::format("the profile {}: credential_source must be Environment, EcsContainer or "
                    "Ec2InstanceMetadata, not '{}'",
                    profile, source));
  }
  if (found) return std::move(*found);
  return fail(
      ErrorKind::kNotFound,
      fmt::format("the profile {}: its credential_source {} has no credentials", profile, source));
}

std::string setting(const ProfileSettings& settings, const std::string& key) {
  const auto it = settings.find(key);
  return it == settings.end() ? std::string() : it->second;
}

Result<Credentials> resolve(const Profiles& profiles, const std::string& name,
                            const CredentialSources& sources, int depth);

Result<Credentials> assume_role(const Profiles& profiles, const std::string& name,
                                const ProfileSettings& settings, const CredentialSources& sources,
                                int depth) {
  const std::string source = setting(settings, "source_profile");
  const std::string other = setting(settings, "credential_source");
  if (!setting(settings, "mfa_serial").empty()) {
    return fail(ErrorKind::kInvalid,
                fmt::format("the profile {} wants an MFA code (mfa_serial), which is not supported "
                            "yet: put temporary credentials into the environment (aws configure "
                            "export-credentials --profile {} --format env)",
                            name, name));
  }
  if (source.empty() == other.empty()) {
    return fail(ErrorKind::kInvalid,
                fmt::format("the profile {} has a role_arn: it needs either source_profile or "
                            "credential_source",
                            name));
  }
  // A role's own profile may hold the keys that assume it.
  const bool itself = source == name;
  TRY(const auto from,
      !other.empty() ? of_credential_source(other, name)
      : itself       ? Result<Credentials>(Credentials{setting(settings, "aws_access_key_id"),
                                                 setting(settings, "aws_secret_access_key"),
                                                 setting(settings, "aws_session_token")})
                     : resolve(profiles, source, sources, depth + 1));
  if (from.access_key.empty()) {
    return fail(ErrorKind::kInvalid, fmt::format("the profile {} names itself as source_profile, "
                                                 "and has no keys",
                                                 name));
  }
  RoleToAssume role{setting(settings, "role_arn"), setting(settings, "role_session_name"),
                    setting(settings, "external_id"), setting(settings, "duration_seconds")};
  if (role.session_name.empty())
    role.session_name = fmt::format("dew-{}", SystemClock().now_ms() / 1000);
  return sources.assume(from, role);
}

Result<Credentials> resolve(const Profiles& profiles, const std::string& name,
                            const CredentialSources& sources, int depth) {
  const auto found = profiles.find(name);
  if (found == profiles.end()) {
    return fail(ErrorKind::kNotFound,
                fmt::format("there is no profile {} in ~/.aws/config or ~/.aws/credentials", name));
  }
  if (depth >= kChainOfProfiles)
    return fail(ErrorKind::kInvalid,
                fmt::format("the profile {}: source_profile goes in a circle", name));
  const ProfileSettings& settings = found->second;
  if (!setting(settings, "role_arn").empty() &&
      setting(settings, "web_identity_token_file").empty()) {
    return assume_role(profiles, name, settings, sources, depth);
  }
  Credentials own{setting(settings, "aws_access_key_id"),
                  setting(settings, "aws_secret_access_key"),
                  setting(settings, "aws_session_token")};
  if (!own.access_key.empty() && !own.secret_key.empty()) return own;
  for (const auto* key : {"web_identity_token_file", "sso_session", "sso_start_url",
                          "credential_process", "login_session"}) {
    if (setting(settings, key).empty()) continue;
    return fail(
        ErrorKind::kInvalid,
        fmt::format("the profile {} gets its credentials by {}, which is not supported yet: "
                    "put them into the environment (aws configure export-credentials "
                    "--profile {} --format env)",
                    name, key, name));
  }
  return fail(ErrorKind::kNotFound,
              fmt::format("the profile {} has no credentials: neither keys nor a role_arn", name));
}

}  // namespace

Result<Credentials> credentials_of_profile(const Profiles& profiles, const std::string& name,
                                           const CredentialSources& sources) {
  return resolve(profiles, name, sources, 0);
}

Result<Credentials> find_credentials(const CredentialSources& sources) {
  if (sources.profile.empty()) {
    if (auto found = of_environment()) return std::move(*found);
    if (!variable("AWS_WEB_IDENTITY_TOKEN_FILE").empty()) {
      return fail(ErrorKind::kInvalid,
                  "AWS_WEB_IDENTITY_TOKEN_FILE is set, and web identities are not supported yet: "
                  "put temporary credentials into the environment (AWS_ACCESS_KEY_ID, …)");
    }
  }
  std::string name = sources.profile;
  if (name.empty()) name = variable("AWS_PROFILE");
  if (name.empty()) name = sources.weaker_profile;
  TRY(const auto profiles, load_profiles());
  if (!name.empty()) return credentials_of_profile(profiles, name, sources);
  if (const auto it = profiles.find("default"); it != profiles.end()) {
    auto found = credentials_of_profile(profiles, "default", sources);
    // A default profile may hold a region alone.
    if (found || found.error().kind != ErrorKind::kNotFound) return found;
  }
  TRY(auto container, of_container());
  if (container) return std::move(*container);
  if (auto instance = of_instance()) return std::move(*instance);
  return fail(
      ErrorKind::kNotFound,
      "there are no AWS credentials: neither in the environment (AWS_ACCESS_KEY_ID and "
      "AWS_SECRET_ACCESS_KEY), nor in a profile (AWS_PROFILE, ~/.aws), nor from a container "
      "or an instance");
}

}  // namespace dew::cli
