#include "aws/sigv2.h"

#include <algorithm>
#include <array>
#include <map>

#include "aws/uri.h"
#include "base/encoding.h"

namespace dew::aws {

namespace {

// "Subresource" and "override" parameters: the page's list, and those that came after it.
constexpr std::array<std::string_view, 41> kSigned = {"accelerate",
                                                      "acl",
                                                      "analytics",
                                                      "attributes",
                                                      "cors",
                                                      "defaultObjectAcl",
                                                      "delete",
                                                      "encryption",
                                                      "intelligent-tiering",
                                                      "inventory",
                                                      "legal-hold",
                                                      "lifecycle",
                                                      "location",
                                                      "logging",
                                                      "metrics",
                                                      "notification",
                                                      "object-lock",
                                                      "ownershipControls",
                                                      "partNumber",
                                                      "policy",
                                                      "policyStatus",
                                                      "publicAccessBlock",
                                                      "replication",
                                                      "requestPayment",
                                                      "response-cache-control",
                                                      "response-content-disposition",
                                                      "response-content-encoding",
                                                      "response-content-language",
                                                      "response-content-type",
                                                      "response-expires",
                                                      "restore",
                                                      "retention",
                                                      "select",
                                                      "select-type",
                                                      "tagging",
                                                      "torrent",
                                                      "uploadId",
                                                      "uploads",
                                                      "versionId",
                                                      "versioning",
                                                      "versions"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A header, or the parameter that stands for it in a presigned URL.
std::string header_or_parameter(const http::Request& request,
                                const std::vector<QueryParameter>& query, std::string_view name) {
  if (request.headers.has(name)) return std::string(trim(request.headers.get(name)));
  const auto it = std::ranges::find_if(
      query, [&](const QueryParameter& one) { return http::iequals(one.name, name); });
  return it == query.end() ? std::string() : it->value;
}

std::string amz_headers(const http::Request& request, const std::vector<QueryParameter>& query) {
  constexpr std::string_view kPrefix = "x-amz-";
  std::map<std::string, std::string> all;
  for (const auto& header : request.headers) {
    auto name = lower(header.name);
    if (!name.starts_with(kPrefix)) continue;
    auto& value = all[std::move(name)];
    if (!value.empty()) value += ',';
    value += trim(header.value);
  }
  for (const auto& parameter : query) {
    auto name = lower(parameter.name);
    if (name.starts_with(kPrefix)) all.emplace(std::move(name), parameter.value);
  }
  std::string out;
  for (const auto& [name, value] : all) out += name + ":" + value + "\n";
  return out;
}

std::string resource(std::string_view target, const std::vector<QueryParameter>& query) {
  std::string out(target.substr(0, target.find('?')));
  std::vector<std::string> parts;
  for (const auto& parameter : query) {
    const bool is_signed = std::ranges::find(kSigned, parameter.name) != kSigned.end() ||
                           parameter.name == "website" || parameter.name == "storageClass";
    if (!is_signed) continue;
    parts.push_back(parameter.has_value ? parameter.name + "=" + parameter.value : parameter.name);
  }
  std::ranges::sort(parts);
  char mark = '?';
  for (const auto& part : parts) {
    out += mark + part;
    mark = '&';
  }
  return out;
}

}  // namespace

std::string string_to_sign_v2(const http::Request& request, const Signature& signature) {
  const auto query = parse_query(request.query());
  std::string out = request.method;
  for (const auto* name : {"content-md5", "content-type"})
    out += "\n" + header_or_parameter(request, query, name);
  out += "\n" + std::to_string(signature.expires_s) + "\n";
  out += amz_headers(request, query);
  return out + resource(signature.resource, query);
}

bool matches_v2(const http::Request& request, const Signature& signature, std::string_view secret) {
  const auto expected = base64_encode(hmac_sha1(secret, string_to_sign_v2(request, signature)));
  return constant_time_equal(expected, signature.signature);
}

}  // namespace dew::aws
