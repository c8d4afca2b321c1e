// Reading a signature: from the Authorization header, or from a presigned URL's query string.
#include <fmt/format.h>

#include <charconv>

#include "aws/sigv2.h"
#include "aws/timestamp.h"
#include "aws/uri.h"

namespace dew::aws {

namespace {

using Form = Signature::Form;
using Fault = SignatureFault::Kind;

constexpr std::string_view kSigV4a = "AWS4-ECDSA-P256-SHA256";
constexpr size_t kShownBytes = 64;  // of what a client sent, in an error

std::unexpected<SignatureFault> fault(Fault kind, Form form, std::string message) {
  return std::unexpected(SignatureFault{kind, form, std::move(message)});
}

// Elements between the slashes; trailing slashes are ignored.
bool parse_credential(std::string_view text, Signature& out) {
  while (text.ends_with('/') && !text.ends_with("//")) text.remove_suffix(1);
  for (std::string* part : {&out.terminator, &out.service, &out.region, &out.date}) {
    const size_t slash = text.rfind('/');
    if (slash == std::string_view::npos) return false;
    *part = text.substr(slash + 1);
    text = text.substr(0, slash);
  }
  out.access_key = text;
  return !text.empty() && text.find('/') == std::string_view::npos;
}

std::string bad_credential(std::string_view text) {
  return fmt::format(
      "Credential must have exactly 5 slash-delimited elements, e.g. "
      "keyid/date/region/service/term, got '{}'",
      text.substr(0, kShownBytes));
}

std::vector<std::string> split_headers(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty() && out.size() < kMaxSignedHeaders) {
    const size_t mark = text.find(';');
    std::string name(text.substr(0, mark));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (!name.empty()) out.push_back(std::move(name));
    text = mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);
  }
  return out;
}

std::string unsupported_algorithm(std::string_view algorithm) {
  if (algorithm == kSigV4a) {
    return fmt::format(
        "Dewpoint does not support Signature Version 4A ({}): sign for one region with {}", kSigV4a,
        kSigV4);
  }
  return fmt::format("Unsupported AWS 'algorithm': '{}' (only {} for now). ",
                     algorithm.substr(0, kShownBytes), kSigV4);
}

using Parsed = std::expected<std::optional<Signature>, SignatureFault>;

Parsed from_header(const http::Request& request, std::string_view header) {
  const size_t space = header.find(' ');
  const std::string_view algorithm = header.substr(0, space);
  if (algorithm != kSigV4)
    return fault(Fault::kAlgorithm, Form::kHeader, unsupported_algorithm(algorithm));
  Signature out;
  std::string_view credential;
  std::string_view signed_headers;
  std::string_view signature;
  std::string_view rest =
      space == std::string_view::npos ? std::string_view{} : header.substr(space + 1);
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
  // AWS adds the header itself here. It holds nothing secret, but it is not ours to repeat.
  if (!missing.empty())
    return fault(Fault::kIncomplete, Form::kHeader, missing.substr(0, missing.size() - 1));
  if (!parse_credential(credential, out))
    return fault(Fault::kIncomplete, Form::kHeader, bad_credential(credential));
  const bool basic = !out.timestamp.empty();
  const auto date = basic ? parse_amz_date(out.timestamp) : std::nullopt;
  if (basic && !date) {
    return fault(Fault::kIncomplete, Form::kHeader,
                 fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See "
                             "http://en.wikipedia.org/wiki/ISO_8601",
                             out.timestamp.substr(0, kShownBytes)));
  }
  if (!basic) {
    const auto text = request.headers.get("date");
    const auto compact = parse_amz_date(text);
    const auto rfc = compact ? std::optional<double>() : parse_rfc822(text);
    if (!compact && !rfc) {
      return fault(Fault::kIncomplete, Form::kHeader,
                   "Date must be in ISO-8601 'basic format' or that of RFC 9110 where there is no "
                   "X-Amz-Date");
    }
    out.timestamp = format_amz_date(compact ? *compact : static_cast<int64_t>(*rfc));
  }
  out.signed_headers = split_headers(signed_headers);
  out.signature = signature;
  out.session_token = request.headers.get("x-amz-security-token");
  return out;
}

Parsed from_query(const std::vector<QueryParameter>& query) {
  Signature out;
  out.form = Form::kQuery;
  std::string missing;
  const auto take = [&](std::string_view name) -> std::string {
    const auto* found = find_parameter(query, name);
    if (found && !found->value.empty()) return found->value;
    missing += fmt::format("AWS query-string parameters must include '{}'. ", name);
    return {};
  };
  const std::string algorithm = take("X-Amz-Algorithm");
  const std::string credential = take("X-Amz-Credential");
  out.signature = take("X-Amz-Signature");
  out.signed_headers = split_headers(take("X-Amz-SignedHeaders"));
  out.timestamp = take("X-Amz-Date");
  if (!missing.empty()) {
    return fault(Fault::kIncomplete, Form::kQuery,
                 missing + "Re-examine the query-string parameters.");
  }
  if (algorithm != kSigV4)
    return fault(Fault::kAlgorithm, Form::kQuery, unsupported_algorithm(algorithm));
  if (!parse_credential(credential, out))
    return fault(Fault::kIncomplete, Form::kQuery, bad_credential(credential));
  if (!parse_amz_date(out.timestamp)) {
    return fault(Fault::kQueryValue, Form::kQuery,
                 "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  if (const auto* token = find_parameter(query, "X-Amz-Security-Token"))
    out.session_token = token->value;
  const auto* expires = find_parameter(query, "X-Amz-Expires");
  if (!expires) return out;
  out.has_expires = true;
  const auto& text = expires->value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.expires_s);
  if (error != std::errc() || end != text.data() + text.size())
    return fault(Fault::kQueryValue, Form::kQuery, "X-Amz-Expires should be a number");
  if (out.expires_s < 0)
    return fault(Fault::kQueryValue, Form::kQuery, "X-Amz-Expires must be non-negative");
  if (out.expires_s > kMaxPresigned_s) {
    return fault(Fault::kQueryValue, Form::kQuery,
                 fmt::format("X-Amz-Expires must be less than a week (in seconds); that is, the "
                             "given X-Amz-Expires must be less than {} seconds",
                             kMaxPresigned_s));
  }
  return out;
}

// A presigned URL of Version 2: AWSAccessKeyId, Signature and Expires are there.
Parsed from_query_v2(const std::vector<QueryParameter>& query) {
  Signature out;
  out.version = Signature::Version::k2;
  out.form = Form::kQuery;
  out.access_key = find_parameter(query, "AWSAccessKeyId")->value;
  out.signature = find_parameter(query, "Signature")->value;
  if (const auto* token = find_parameter(query, "x-amz-security-token"))
    out.session_token = token->value;
  const auto& text = find_parameter(query, "Expires")->value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.expires_s);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fault(Fault::kQueryValue, Form::kQuery,
                 fmt::format("Invalid date (should be seconds since epoch): {}",
                             text.substr(0, kShownBytes)));
  }
  out.has_expires = true;
  return out;
}

// Version 2: "Authorization: AWS KEY:SIGNATURE", or AWSAccessKeyId and Signature in the query
// string or the form.
bool is_version_2(const http::Request& request, std::string_view header,
                  const std::vector<QueryParameter>& query) {
  if (header.starts_with("AWS ") || header.starts_with("AWS3")) return true;
  return find_parameter(query, "AWSAccessKeyId") && find_parameter(query, "Signature") &&
         !request.headers.has("authorization");
}

}  // namespace

std::expected<std::optional<Signature>, SignatureFault> parse_signature(
    const http::Request& request) {
  const std::string_view header = request.headers.get("authorization");
  const std::string_view query = request.query();
  // A look at the bytes first: most requests have no query string at all.
  std::vector<QueryParameter> parameters;
  if (query.find("X-Amz-Algorithm") != std::string_view::npos ||
      query.find("AWSAccessKeyId") != std::string_view::npos) {
    parameters = parse_query(query);
  }
  if (find_parameter(parameters, "X-Amz-Algorithm")) {
    if (!header.empty()) {
      return fault(Fault::kBoth, Form::kQuery,
                   "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as "
                   "HTTP header.");
    }
    return from_query(parameters);
  }
  if (is_version_2(request, header, parameters)) {
    if (header.empty() && find_parameter(parameters, "Expires") &&
        !find_parameter(parameters, "SignatureVersion")) {
      return from_query_v2(parameters);
    }
    return fault(Fault::kAlgorithm, Form::kHeader, std::string(kVersion2Refused));
  }
  if (!header.starts_with("AWS4-")) return std::nullopt;
  return from_header(request, header);
}

}  // namespace dew::aws
