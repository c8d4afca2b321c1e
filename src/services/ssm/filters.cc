#include "services/ssm/filters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "net/http.h"
#include "services/ssm/parameters.h"

namespace dew::ssm {

namespace {

using Match = Filter::Match;

aws::ApiResult<Match> parse_option(const Filter& filter, std::string_view option) {
  const bool path = filter.key == "Path";
  if (path) {
    if (option == "Recursive") return Match::kRecursive;
    if (option == "OneLevel" || option.empty()) return Match::kOneLevel;
  } else {
    if (option == "Equals" || option.empty()) return Match::kEquals;
    if (option == "BeginsWith") return Match::kBeginsWith;
    if (option == "Contains" && filter.key == "Name") return Match::kContains;
  }
  return aws::fail("InvalidFilterOption",
                   fmt::format("The following filter option is not valid: {}. Valid options "
                               "include: {}.",
                               option, path ? "[Recursive, OneLevel]" : "[BeginsWith, Equals]"));
}

aws::ApiResult<void> check_one_of(const Filter& filter,
                                  std::initializer_list<std::string_view> known) {
  for (const auto& value : filter.values) {
    if (std::ranges::find(known, value) != known.end()) continue;
    return aws::fail("InvalidFilterValue",
                     fmt::format("The following filter value is not valid: {}. Valid values "
                                 "include: [{}].",
                                 value, fmt::join(known, ", ")));
  }
  return {};
}

aws::ApiResult<void> check_values(const Filter& filter) {
  if (filter.key == "Type") return check_one_of(filter, {"String", "StringList", "SecureString"});
  if (filter.key == "Tier")
    return check_one_of(filter, {"Standard", "Advanced", "Intelligent-Tiering"});
  if (filter.key != "Path") return {};
  for (const auto& value : filter.values) {
    const auto begins = [&](std::string_view word) {
      return value.size() >= word.size() &&
             http::iequals(std::string_view(value).substr(0, word.size()), word);
    };
    if (begins("/aws") || begins("/ssm")) {
      return aws::fail(aws::ApiError::validation(
          "Filters for common parameters can't be prefixed with \"aws\" or \"ssm\" "
          "(case-insensitive). When using global parameters, please specify within a global "
          "namespace."));
    }
    CHECK_OK(check_path(value));
  }
  return {};
}

bool is_known(std::string_view key) {
  static constexpr auto kKeys = std::to_array<std::string_view>(
      {"Name", "Type", "KeyId", "Path", "Tier", "DataType", "Label"});
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end() ||
         (key.starts_with("tag:") && key.size() > 4);
}

bool matches_text(const Filter& filter, std::string_view text) {
  return std::any_of(filter.values.begin(), filter.values.end(), [&](const std::string& value) {
    switch (filter.match) {
      case Match::kBeginsWith:
        return text.starts_with(value);
      case Match::kContains:
        return text.find(value) != std::string_view::npos;
      case Match::kRecursive:
        return is_under(text, value, true);
      case Match::kOneLevel:
        return is_under(text, value, false);
      case Match::kEquals:
        return text == value;
    }
    return false;
  });
}

std::vector<std::string> values_of(const json::Object& filter) {
  std::vector<std::string> out;
  if (const auto* values = json::array_at(filter, "Values")) {
    for (const auto& value : *values) {
      if (value.is_string()) out.push_back(json::str(value));
    }
  }
  return out;
}

}  // namespace

aws::ApiError unknown_filter(std::string_view key) {
  return {
      "InvalidFilterKey",
      fmt::format("The following filter key is not valid: {}. Valid filter keys include: [Path, "
                  "Name, Type, KeyId, Tier, DataType, tag:KEY]",
                  key),
      400};
}

bool is_under(std::string_view name, std::string_view path, bool recursive) {
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) {  // the root holds names without a slash, too
    if (name.starts_with('/')) name.remove_prefix(1);
  } else {
    if (!name.starts_with(path) || name.size() <= path.size() + 1 || name[path.size()] != '/')
      return false;
    name.remove_prefix(path.size() + 1);
  }
  return recursive || name.find('/') == std::string_view::npos;
}

bool Filter::matches(const json::Object& record) const {
  if (key.starts_with("tag:")) {
    const auto* tags = json::object_at(record, "Tags");
    const auto value =
        tags ? json::string_at(*tags, std::string_view(key).substr(4)) : std::nullopt;
    return value && (values.empty() || matches_text(*this, *value));
  }
  if (key == "Label") {
    const auto* labels = json::array_at(record, "Labels");
    return labels != nullptr && std::any_of(labels->begin(), labels->end(), [&](const auto& one) {
             return matches_text(*this, json::view(one.as_string()));
           });
  }
  const auto text = json::string_or(record, key == "Path" ? "Name" : key);
  if (key == "Name" && !values.empty() && !values.front().starts_with('/') &&
      text.starts_with('/') && match == Match::kBeginsWith) {
    return matches_text(*this, std::string_view(text).substr(1));
  }
  return matches_text(*this, text);
}

aws::ApiResult<std::vector<Filter>> parse_filters(const json::Object& input) {
  std::vector<Filter> out;
  if (const auto* filters = json::array_at(input, "ParameterFilters")) {
    for (const auto& element : *filters) {
      const auto& one = element.as_object();
      Filter filter;
      filter.key = json::string_or(one, "Key");
      if (!is_known(filter.key)) {
        return aws::fail(unknown_filter(filter.key));
      }
      TRY(filter.match, parse_option(filter, json::string_or(one, "Option")));
      filter.values = values_of(one);
      if (filter.values.empty() && !filter.key.starts_with("tag:")) {
        return aws::fail(
            "InvalidFilterValue",
            "The following filter values are missing : null for filter key " + filter.key);
      }
      CHECK_OK(check_values(filter));
      if (std::ranges::any_of(out, [&](const Filter& other) { return other.key == filter.key; })) {
        return aws::fail(
            "InvalidFilterKey",
            fmt::format("The following filter is duplicated in the request: {}. A request can "
                        "contain only one occurrence of a specific filter.",
                        filter.key));
      }
      out.push_back(std::move(filter));
    }
  }
  if (const auto* filters = json::array_at(input, "Filters")) {
    if (!out.empty()) {
      return aws::fail(aws::ApiError::validation(
          "You can use either Filters or ParameterFilters in a single request."));
    }
    for (const auto& element : *filters) {
      const auto& one = element.as_object();
      // The older form knows no options: names match by their beginning.
      Filter filter{json::string_or(one, "Key"), Match::kEquals, values_of(one)};
      if (filter.key == "Name") filter.match = Match::kBeginsWith;
      if (!is_known(filter.key)) return aws::fail(unknown_filter(filter.key));
      out.push_back(std::move(filter));
    }
  }
  return out;
}

}  // namespace dew::ssm
