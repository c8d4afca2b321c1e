// Request targets: matching them against the model's URI templates, and reading query strings. Pure
// functions. Views point into the target.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/model.h"

namespace dew::aws {

inline constexpr size_t kMaxQueryParameters = 1000;

// A path cut at '/', still percent-encoded, the leading slash dropped: "/a//b/" -> a, "", b, "".
std::vector<std::string_view> split_path(std::string_view path);

// The labels' raw values in template order; nullopt when the path does not match. One trailing
// slash, on either side, makes no difference, except under a greedy label.
using Labels = std::vector<std::pair<std::string_view, std::string>>;  // name -> decoded value
std::optional<Labels> match_path(const UriTemplate& uri, std::string_view path);
// The same, without the labels.
bool path_matches(const UriTemplate& uri, const std::vector<std::string_view>& segments);

struct QueryParameter {
  std::string name;  // decoded
  std::string value;
  bool has_value = false;  // "?acl" has none, "?acl=" an empty one
};

// Decoded, in order. A malformed escape is kept as it is. At most kMaxQueryParameters, the rest is
// dropped.
std::vector<QueryParameter> parse_query(std::string_view query);
const QueryParameter* find_parameter(const std::vector<QueryParameter>& query,
                                     std::string_view name);

}  // namespace dew::aws
