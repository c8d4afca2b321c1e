// What listings of objects and of versions share.
#pragma once

#include <string>
#include <string_view>

#include "services/s3/state.h"

namespace dew::s3 {

struct ListOptions {
  std::string prefix;
  std::string delimiter;
  size_t limit = kPageKeys;
  bool encode = false;  // EncodingType=url

  std::string shown(std::string_view text) const;
};
ApiResult<ListOptions> parse_options(const json::Object& input);

// The bytes that every key of the bucket starting with `prefix` starts with in the store, and the
// first ones that none does.
std::string raw_prefix(std::string_view bucket, std::string_view prefix);
std::string after_prefix(std::string_view bucket, std::string_view prefix);

json::Object object_summary(const ListOptions& options, const json::Object& record);

}  // namespace dew::s3
