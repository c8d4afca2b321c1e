// CORS: what a bucket's rules let pages of other origins do: preflight requests, and the headers on
// the answers to the others. The rules are kept in memory; they let nobody past a signature or a
// policy.
// docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
//
// Immutable, thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"
#include "net/http.h"

namespace dew::s3 {

struct CorsRule {
  std::vector<std::string> origins;  // at most one * each
  std::vector<std::string> methods;
  std::vector<std::string> headers;  // in lower case, at most one * each
  std::vector<std::string> exposed;
  std::optional<int64_t> max_age_s;
};
using CorsRules = std::vector<CorsRule>;

CorsRules parse_cors_rules(const json::Array& rules);

// The first rule that allows the origin, the method and all of the headers; null for none.
// `headers`: as Access-Control-Request-Headers lists them.
const CorsRule* find_rule(const CorsRules& rules, std::string_view origin, std::string_view method,
                          std::string_view headers);

// The answer to an OPTIONS request. `rules`: null where the bucket has none, or does not exist.
http::Response preflight(const http::Request& request, const CorsRules* rules,
                         std::string_view resource_type);

// To the answer of any other request with an Origin; nothing where no rule allows it.
void add_cors_headers(const CorsRules& rules, std::string_view origin, std::string_view method,
                      http::Headers& headers);

}  // namespace dew::s3
