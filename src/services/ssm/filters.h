// Filters of DescribeParameters and GetParametersByPath.
// docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
#pragma once

#include <string>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"

namespace dew::ssm {

struct Filter {
  enum class Match { kEquals, kBeginsWith, kContains, kRecursive, kOneLevel };
  std::string key;  // Name, Type, KeyId, Path, Tier, DataType, Label, tag:…
  Match match = Match::kEquals;
  std::vector<std::string> values;  // empty: for a tag, any value

  bool matches(const json::Object& record) const;
};

// Both forms of an input: ParameterFilters, and the older Filters. Unknown keys are refused by
// name.
aws::ApiResult<std::vector<Filter>> parse_filters(const json::Object& input);

aws::ApiError unknown_filter(std::string_view key);

// Whether `name` lies under `path` ("/a" or "/a/"); directly, unless `recursive`.
bool is_under(std::string_view name, std::string_view path, bool recursive);

}  // namespace dew::ssm
