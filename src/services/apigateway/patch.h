// Patch operations, as the Update… operations of API Gateway take them: a small JSON Patch whose
// paths name members of the document, or entries of its maps and lists.
// docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"

namespace dew::apigateway {

// What one path may do. A map or a list is addressed as /path/{key}, `key` with ~1 for / and ~0 for
// ~.
struct PatchRule {
  enum class Type { kString, kBool, kInteger, kMap, kBoolMap, kList };
  std::string_view path;  // with the leading slash
  Type type = Type::kString;
};

struct PatchOperation {
  std::string op;    // add, remove, replace
  std::string path;  // as given
  std::string value;
  bool has_value = false;
  std::vector<std::string> tokens;  // the path's parts, unescaped
};

// The operations of an Update… call; move, copy and test are refused, as is a missing path.
aws::ApiResult<std::vector<PatchOperation>> patch_operations(const json::Object& input);

aws::ApiResult<void> apply_patch(json::Object& document, const PatchOperation& operation,
                                 std::span<const PatchRule> rules);
aws::ApiResult<void> apply_patches(json::Object& document, const json::Object& input,
                                   std::span<const PatchRule> rules);

}  // namespace dew::apigateway
