#include "cli/signer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/encoding.h"

namespace dew::cli {

namespace {

// 20260131T123456Z
std::string basic_time(TimePoint now) {
  std::string out;
  for (const char c : iso8601(now)) {
    if (c != '-' && c != ':') out += c;
  }
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    pairs.emplace_back(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs)
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, value);
  return out;
}

}  // namespace

Credentials credentials_from_environment() {
  const auto read = [](const char* name, const char* fallback) {
    const char* value = std::getenv(name);
    return std::string(value && *value ? value : fallback);
  };
  return {read("AWS_ACCESS_KEY_ID", "test"), read("AWS_SECRET_ACCESS_KEY", "test"),
          read("AWS_SESSION_TOKEN", "")};
}

void sign(http::Request& request, std::string_view host, const Credentials& credentials,
          std::string_view region, std::string_view service, TimePoint now) {
  const std::string time = basic_time(now);
  const std::string payload = hex_encode(sha256(request.body));
  request.headers.set("Host", host);
  request.headers.set("X-Amz-Date", time);
  request.headers.set("X-Amz-Content-Sha256", payload);
  if (!credentials.session_token.empty())
    request.headers.set("X-Amz-Security-Token", credentials.session_token);
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& header : request.headers) {
    std::string name = header.name;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    headers.emplace_back(std::move(name), header.value);
  }
  std::sort(headers.begin(), headers.end());
  std::string canonical_headers;
  std::string signed_names;
  for (const auto& [name, value] : headers) {
    canonical_headers += fmt::format("{}:{}\n", name, value);
    signed_names += fmt::format("{}{}", signed_names.empty() ? "" : ";", name);
  }
  // Every service but S3 signs the path encoded once more.
  const std::string path =
      service == "s3" ? std::string(request.path()) : url_encode(request.path(), Slash::kKeep);
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, path, canonical_query(request.query()),
                  canonical_headers, signed_names, payload);
  const std::string scope =
      fmt::format("{}/{}/{}/aws4_request", time.substr(0, 8), region, service);
  const std::string to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, hex_encode(sha256(canonical)));
  std::string key = hmac_sha256("AWS4" + credentials.secret_key, time.substr(0, 8));
  for (const std::string_view part : {region, service, std::string_view("aws4_request")})
    key = hmac_sha256(key, part);
  request.headers.set(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  credentials.access_key, scope, signed_names,
                  hex_encode(hmac_sha256(key, to_sign))));
}

}  // namespace dew::cli
