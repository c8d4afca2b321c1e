#include "aws/sigv4.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

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

std::string canonical_query(std::string_view query) {
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
    if (name == "X-Amz-Signature") continue;
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

std::unexpected<ApiError> incomplete(std::string message) {
  return fail("IncompleteSignatureException", std::move(message));
}

bool parse_credential(std::string_view text, Signature& out) {
  // The access key itself may contain slashes in theory; the four parts of the scope may not.
  for (std::string* part :
       {static_cast<std::string*>(nullptr), &out.service, &out.region, &out.date}) {
    const size_t slash = text.rfind('/');
    if (slash == std::string_view::npos) return false;
    const std::string_view found = text.substr(slash + 1);
    if (!part) {
      if (found != "aws4_request") return false;
    } else {
      *part = found;
    }
    text = text.substr(0, slash);
  }
  out.access_key = text;
  return !text.empty();
}

std::vector<std::string> split_headers(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty() && out.size() < kMaxSignedHeaders) {
    const size_t mark = text.find(';');
    if (mark != 0) out.push_back(lower(text.substr(0, mark)));
    text = mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);
  }
  return out;
}

ApiResult<std::optional<Signature>> from_header(const http::Request& request,
                                                std::string_view header) {
  Signature out;
  std::string_view credential;
  std::string_view signed_headers;
  std::string_view signature;
  std::string_view rest = header.substr(kSigV4.size());
  while (!rest.empty()) {
    const size_t end = rest.find_first_of(", ");
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") signed_headers = value;
    if (name == "Signature") signature = value;
  }
  std::string missing;
  const auto require = [&missing](std::string_view value, std::string_view name) {
    if (value.empty())
      missing += fmt::format("Authorization header requires '{}' parameter. ", name);
  };
  require(credential, "Credential");
  require(signature, "Signature");
  require(signed_headers, "SignedHeaders");
  out.timestamp = request.headers.get("x-amz-date");
  if (out.timestamp.empty() && !request.headers.has("date")) {
    missing +=
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  // The header holds no secret but the signature; it is not echoed all the same.
  if (!missing.empty()) return incomplete(missing.substr(0, missing.size() - 1));
  if (!parse_credential(credential, out)) {
    return incomplete(
        "Credential must have at least 5 slash-delimited elements ending in aws4_request");
  }
  if (out.timestamp.empty()) {
    const auto date = parse_rfc822(request.headers.get("date"));
    if (!date) return incomplete("Date must be in the form of RFC 9110 when X-Amz-Date is absent");
    out.timestamp = format_amz_date(static_cast<int64_t>(*date));
  }
  out.signed_headers = split_headers(signed_headers);
  out.signature = signature;
  out.session_token = request.headers.get("x-amz-security-token");
  return out;
}

ApiResult<std::optional<Signature>> from_query(const std::vector<QueryParameter>& query) {
  Signature out;
  out.form = Signature::Form::kQuery;
  std::string missing;
  const auto take = [&](std::string_view name) -> std::string {
    const auto* found = find_parameter(query, name);
    if (found && !found->value.empty()) return found->value;
    missing += fmt::format("AWS query-string parameters must include '{}'. ", name);
    return {};
  };
  take("X-Amz-Algorithm");
  const std::string credential = take("X-Amz-Credential");
  out.signature = take("X-Amz-Signature");
  out.signed_headers = split_headers(take("X-Amz-SignedHeaders"));
  out.timestamp = take("X-Amz-Date");
  if (!missing.empty()) return incomplete(missing + "Re-examine the query-string parameters.");
  if (!parse_credential(credential, out)) {
    return incomplete(
        "Credential must have at least 5 slash-delimited elements ending in aws4_request");
  }
  if (const auto* token = find_parameter(query, "X-Amz-Security-Token"))
    out.session_token = token->value;
  if (const auto* expires = find_parameter(query, "X-Amz-Expires")) {
    const auto& text = expires->value;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), out.expires_s);
    constexpr int64_t kWeek_s = 7 * 86'400;
    if (error != std::errc() || end != text.data() + text.size() || out.expires_s < 0 ||
        out.expires_s > kWeek_s) {
      return fail("AuthorizationQueryParametersError",
                  "X-Amz-Expires must be a number between 0 and 604800 seconds");
    }
  }
  return out;
}

}  // namespace

ApiResult<std::optional<Signature>> parse_signature(const http::Request& request) {
  const std::string_view header = request.headers.get("authorization");
  const std::string_view query = request.query();
  const bool in_query = query.find("X-Amz-Algorithm") != std::string_view::npos;
  if (in_query) {
    const auto parameters = parse_query(query);
    if (find_parameter(parameters, "X-Amz-Algorithm")) {
      if (!header.empty()) {
        return fail("InvalidSignatureException",
                    "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as "
                    "HTTP header.");
      }
      return from_query(parameters);
    }
  }
  if (!header.starts_with(kSigV4)) return std::nullopt;
  return from_header(request, header);
}

std::string payload_hash(const http::Request& request) {
  const auto given = request.headers.get("x-amz-content-sha256");
  return given.empty() ? hex_encode(sha256(request.body)) : std::string(given);
}

std::string canonical_request(const http::Request& request,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload, PathStyle style) {
  std::string out = request.method;
  out += '\n';
  out += canonical_path(request.path(), style);
  out += '\n';
  out += canonical_query(request.query());
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

bool signature_matches(const http::Request& request, const Signature& signature,
                       std::string_view secret, PathStyle style) {
  // A presigned URL's body is unsigned unless the client says otherwise; only S3 accepts such a
  // thing.
  const bool unsigned_body = signature.form == Signature::Form::kQuery &&
                             style == PathStyle::kPlain &&
                             !request.headers.has("x-amz-content-sha256");
  const std::string payload = unsigned_body ? std::string(kUnsignedPayload) : payload_hash(request);
  const auto canonical = canonical_request(request, signature.signed_headers, payload, style);
  const auto text = string_to_sign(signature.timestamp, signature.scope(), canonical);
  const auto key = signing_key(secret, signature.date, signature.region, signature.service);
  return constant_time_equal(sign_string(key, text), signature.signature);
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
                    std::string_view scope) {
  const auto canonical = canonical_request(request, names, payload, input.style);
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
  const auto signature = compute(request, input, names, payload, scope);
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
  target += "&X-Amz-Signature=" + compute(request, input, names, payload, scope);
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
