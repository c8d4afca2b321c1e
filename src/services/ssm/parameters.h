// Parameter Store's records and the rules for names.
//
// Keys: ("ssm", "parameter", name) holds the newest version together with the tags, ("ssm",
// "version", name, number) every version that is kept (the newest kMaxVersions). A record is a JSON
// object: Name, Type, Value (sealed for SecureString), Version, LastModifiedDate, LastModifiedUser,
// Description, AllowedPattern, Tier, DataType, KeyId; Tags in the newest only, and Labels in the
// versions only. Thread-safe as the store is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "json/json.h"
#include "store/store.h"

namespace dew::ssm {

inline constexpr int64_t kMaxVersions =
    100;  // docs: "Parameter Store retains the 100 most recently created versions"

// What a caller names: a parameter, or one version of it by its number or label ("name:3",
// "name:prod"), also as an ARN.
struct Reference {
  std::string name;
  std::optional<int64_t> version;
  std::string label;     // empty: none
  std::string selector;  // ":3" as given, or empty
};
aws::ApiResult<Reference> parse_reference(std::string_view text);

// docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html
// `arn`: the parameter's, which the limit of a name's length counts.
aws::ApiResult<void> check_name(std::string_view name, std::string_view arn);
aws::ApiResult<void> check_path(std::string_view path);

aws::ApiError parameter_not_found(std::string_view name);
// `version`: a number or a label.
aws::ApiError version_not_found(std::string_view name, std::string_view version);

class Parameters {
 public:
  explicit Parameters(store::Store& store) : store_(store) {}

  // Of the first level, "/a" and "a" are one parameter, called as it was when it was made: the
  // record's Name, by which the functions below know it.
  aws::ApiResult<std::optional<json::Object>> newest(std::string_view name) const;
  aws::ApiResult<std::optional<json::Object>> version(std::string_view name, int64_t number) const;
  // The record that the reference names, or the AWS error that says which part does not exist.
  aws::ApiResult<json::Object> resolve(const Reference& reference) const;
  // Newest records whose names begin with `prefix`, in order, after `after`; until `visit` returns
  // false.
  aws::ApiResult<void> scan(std::string_view prefix, std::string_view after,
                            const std::function<bool(json::Object&&)>& visit) const;
  aws::ApiResult<std::vector<json::Object>> history(std::string_view name) const;

  // A new version; the oldest one goes, if there are as many as are kept. That one must not have a
  // label: ParameterMaxVersionLimitExceeded.
  aws::ApiResult<void> put(const json::Object& record);
  aws::ApiResult<void> put_versions(const std::vector<json::Object>& records);  // as they are now
  aws::ApiResult<void> put_tags(const json::Object& record);  // the newest again, with other tags
  aws::ApiResult<void> erase(const std::vector<std::string>& names);

 private:
  aws::ApiResult<std::optional<json::Object>> read(std::string_view key) const;

  store::Store& store_;
};

}  // namespace dew::ssm
