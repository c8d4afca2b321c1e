#include "services/s3/cors.h"

#include <fmt/format.h>

#include <algorithm>

namespace dew::s3 {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::vector<std::string> strings(const json::Object& rule, std::string_view name) {
  std::vector<std::string> out;
  if (const auto* list = json::array_at(rule, name)) {
    for (const auto& one : *list) out.push_back(json::str(one));
  }
  return out;
}

bool matches(std::string_view pattern, std::string_view text) {
  const auto star = pattern.find('*');
  if (star == pattern.npos) return pattern == text;
  const auto before = pattern.substr(0, star);
  const auto after = pattern.substr(star + 1);
  return text.size() >= before.size() + after.size() && text.starts_with(before) &&
         text.ends_with(after);
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const auto comma = list.find(',');
    auto item = list.substr(0, comma);
    list = comma == list.npos ? std::string_view() : list.substr(comma + 1);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) out.push_back(lower(item));
  }
  return out;
}

bool has_origin(const CorsRule& rule, std::string_view origin) {
  return std::ranges::any_of(rule.origins,
                             [&](const std::string& one) { return matches(one, origin); });
}

void describe(const CorsRule& rule, std::string_view origin, http::Headers& headers) {
  const bool anybody = std::ranges::find(rule.origins, "*") != rule.origins.end();
  headers.set("Access-Control-Allow-Origin", anybody ? "*" : std::string(origin));
  headers.set("Access-Control-Allow-Methods", fmt::format("{}", fmt::join(rule.methods, ", ")));
  if (!anybody) headers.set("Access-Control-Allow-Credentials", "true");
  if (!rule.exposed.empty())
    headers.set("Access-Control-Expose-Headers", fmt::format("{}", fmt::join(rule.exposed, ", ")));
  if (rule.max_age_s) headers.set("Access-Control-Max-Age", std::to_string(*rule.max_age_s));
  headers.set("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

http::Response refuse(int status, std::string_view code, std::string_view message,
                      std::string_view more = "") {
  http::Response out;
  out.status = status;
  out.headers.set("Content-Type", "application/xml");
  out.body = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>{}"
      "</Error>",
      code, message, more);
  return out;
}

}  // namespace

CorsRules parse_cors_rules(const json::Array& rules) {
  CorsRules out;
  for (const auto& one : rules) {
    const auto& rule = one.as_object();
    CorsRule read{strings(rule, "AllowedOrigins"), strings(rule, "AllowedMethods"),
                  strings(rule, "AllowedHeaders"), strings(rule, "ExposeHeaders"),
                  json::int_at(rule, "MaxAgeSeconds")};
    for (auto& name : read.headers) name = lower(name);
    out.push_back(std::move(read));
  }
  return out;
}

const CorsRule* find_rule(const CorsRules& rules, std::string_view origin, std::string_view method,
                          std::string_view headers) {
  const auto wanted = split(headers);
  const auto it = std::ranges::find_if(rules, [&](const CorsRule& rule) {
    return has_origin(rule, origin) &&
           std::ranges::find(rule.methods, method) != rule.methods.end() &&
           std::ranges::all_of(wanted, [&](const std::string& name) {
             return std::ranges::any_of(
                 rule.headers, [&](const std::string& pattern) { return matches(pattern, name); });
           });
  });
  return it == rules.end() ? nullptr : &*it;
}

// docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
http::Response preflight(const http::Request& request, const CorsRules* rules,
                         std::string_view resource_type) {
  const auto origin = request.headers.get("origin");
  if (origin.empty()) {
    return refuse(400, "BadRequest", "Insufficient information. Origin request header needed.");
  }
  const auto method = request.headers.get("access-control-request-method");
  static constexpr std::string_view kMethods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
  if (std::ranges::find(kMethods, method) == std::end(kMethods)) {
    const bool plain = std::ranges::all_of(method, [](char c) { return c >= 'A' && c <= 'Z'; });
    return refuse(400, "BadRequest",
                  fmt::format("Invalid Access-Control-Request-Method: {}",
                              method.empty() || !plain ? std::string_view("null") : method));
  }
  const auto more =
      fmt::format("<Method>{}</Method><ResourceType>{}</ResourceType>", method, resource_type);
  if (rules == nullptr) {
    return refuse(403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.",
                  more);
  }
  const auto headers = request.headers.get("access-control-request-headers");
  const auto* rule = find_rule(*rules, origin, method, headers);
  if (rule == nullptr) {
    return refuse(403, "AccessForbidden",
                  "CORSResponse: This CORS request is not allowed. This is usually because the "
                  "evalution of Origin, request method / Access-Control-Request-Method or "
                  "Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
                  more);
  }
  http::Response out;
  out.status = 200;
  describe(*rule, origin, out.headers);
  if (const auto asked = split(headers); !asked.empty())
    out.headers.set("Access-Control-Allow-Headers", fmt::format("{}", fmt::join(asked, ", ")));
  return out;
}

void add_cors_headers(const CorsRules& rules, std::string_view origin, std::string_view method,
                      http::Headers& headers) {
  if (const auto* rule = find_rule(rules, origin, method, "")) describe(*rule, origin, headers);
}

}  // namespace dew::s3
