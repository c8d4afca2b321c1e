#include "aws/sigv4.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/timestamp.h"
#include "aws/uri.h"
#include "base/encoding.h"

namespace dew::aws {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// Trimmed, runs of white space inside made one space.
std::string collapse(std::string_view value) {
  std::string out;
  bool space = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      space = !out.empty();
      continue;
    }
    if (space) out += ' ';
    space = false;
    out += c;
  }
  return out;
}

std::string normalize_path(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool trailing = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  for (const auto& part : split_path(path)) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!kept.empty()) kept.pop_back();
      continue;
    }
    kept.push_back(part);
  }
  std::string out;
  for (const auto& part : kept) {
    out += '/';
    out += part;
  }
  if (out.empty() || trailing) out += '/';
  return out;
}

std::string canonical_path(std::string_view path, PathStyle style) {
  if (path.empty()) return "/";
  switch (style) {
    case PathStyle::kNormalized:
      return url_encode(normalize_path(path), Slash::kKeep);
    case PathStyle::kEncoded:
      return url_encode(path, Slash::kKeep);
    default:
      break;
  }
  const auto decoded = url_decode(path);
  return url_encode(decoded ? *decoded : std::string(path), Slash::kKeep);
}

std::string canonical_query(std::string_view query, Signature::Form form) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const size_t amp = query.find('&');
    const std::string_view part = query.substr(0, amp);
    query = amp == std::string_view::npos ? std::string_view{} : query.substr(amp + 1);
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const auto encode = [](std::string_view text) {
      const auto decoded = url_decode(text);
      return url_encode(decoded ? std::string_view(*decoded) : text);
    };
    auto name = encode(part.substr(0, equals));
    if (form == Signature::Form::kQuery && name == "X-Amz-Signature") continue;
    parameters.emplace_back(std::move(name), equals == std::string_view::npos
                                                 ? std::string()
                                                 : encode(part.substr(equals + 1)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

std::string canonical_header(const http::Request& request, std::string_view name) {
  std::string out;
  bool first = true;
  for (const auto& header : request.headers) {
    if (!http::iequals(header.name, name)) continue;
    if (!first) out += ',';
    first = false;
    out += collapse(header.value);
  }
  return out;
}

}  // namespace

std::string payload_hash(const http::Request& request) {
  const auto given = request.headers.get("x-amz-content-sha256");
  return given.empty() ? hex_encode(sha256(request.body)) : std::string(given);
}

std::string canonical_request(const http::Request& request,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload, PathStyle style, Signature::Form form) {
  std::string out = request.method;
  out += '\n';
  out += canonical_path(request.path(), style);
  out += '\n';
  out += canonical_query(request.query(), form);
  out += '\n';
  std::string names;
  for (const auto& name : signed_headers) {
    out += name;
    out += ':';
    out += canonical_header(request, name);
    out += '\n';
    if (!names.empty()) names += ';';
    names += name;
  }
  out += '\n';
  out += names;
  out += '\n';
  out += payload;
  return out;
}

std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical) {
  return fmt::format("{}\n{}\n{}\n{}", kSigV4, timestamp, scope, hex_encode(sha256(canonical)));
}

std::string signing_key(std::string_view secret, std::string_view date, std::string_view region,
                        std::string_view service) {
  const auto date_key = hmac_sha256("AWS4" + std::string(secret), date);
  const auto region_key = hmac_sha256(date_key, region);
  const auto service_key = hmac_sha256(region_key, service);
  return hmac_sha256(service_key, "aws4_request");
}

std::string sign_string(std::string_view key, std::string_view text) {
  return hex_encode(hmac_sha256(key, text));
}

Verification verify_signature(const http::Request& request, const Signature& signature,
                              std::string_view secret, std::string_view payload, PathStyle style) {
  Verification out;
  const auto canonical =
      canonical_request(request, signature.signed_headers, payload, style, signature.form);
  const auto scope = signature.scope();
  out.string_to_sign = string_to_sign(signature.timestamp, scope, canonical);
  auto key = signing_key(secret, signature.date, signature.region, signature.service);
  out.matches = constant_time_equal(sign_string(key, out.string_to_sign), signature.signature);
  if (out.matches) out.chunks = {std::move(key), signature.timestamp, scope, signature.signature};
  return out;
}

namespace {

std::vector<std::string> header_names(const http::Request& request) {
  std::vector<std::string> out;
  for (const auto& header : request.headers) out.push_back(lower(header.name));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string join_names(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ";"));
}

std::string compute(const http::Request& request, const SigningInput& input,
                    const std::vector<std::string>& names, std::string_view payload,
                    std::string_view scope, Signature::Form form) {
  const auto canonical = canonical_request(request, names, payload, input.style, form);
  const auto key = signing_key(input.secret, std::string_view(input.timestamp).substr(0, 8),
                               input.region, input.service);
  return sign_string(key, string_to_sign(input.timestamp, scope, canonical));
}

std::string scope_of(const SigningInput& input) {
  return fmt::format("{}/{}/{}/aws4_request", std::string_view(input.timestamp).substr(0, 8),
                     input.region, input.service);
}

}  // namespace

void sign_headers(http::Request& request, const SigningInput& input, std::string_view payload) {
  request.headers.set("X-Amz-Date", input.timestamp);
  if (!input.session_token.empty())
    request.headers.set("X-Amz-Security-Token", input.session_token);
  const auto names = header_names(request);
  const auto scope = scope_of(input);
  const auto signature = compute(request, input, names, payload, scope, Signature::Form::kHeader);
  request.headers.set("Authorization",
                      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kSigV4,
                                  input.access_key, scope, join_names(names), signature));
}

void sign_query(http::Request& request, const SigningInput& input, int64_t expires_s,
                std::string_view payload) {
  const auto names = header_names(request);
  const auto scope = scope_of(input);
  std::string& target = request.target;
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += fmt::format(
      "X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}&X-Amz-SignedHeaders={"
      "}",
      kSigV4, url_encode(input.access_key + "/" + scope), input.timestamp, expires_s,
      url_encode(join_names(names)));
  if (!input.session_token.empty())
    target += "&X-Amz-Security-Token=" + url_encode(input.session_token);
  target +=
      "&X-Amz-Signature=" + compute(request, input, names, payload, scope, Signature::Form::kQuery);
}

std::optional<int64_t> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto seconds = parse_iso8601(text);
  if (!seconds) return std::nullopt;
  return static_cast<int64_t>(*seconds);
}

std::string format_amz_date(int64_t seconds) {
  std::string out = format_iso8601(static_cast<double>(seconds));
  std::erase_if(out, [](char c) { return c == '-' || c == ':'; });
  return out;
}

}  // namespace dew::aws
