// What the files of API Gateway's types share.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "services/cloudformation/intrinsics.h"
#include "services/cloudformation/resource_type.h"

namespace dew::cloudformation {

json::Object patch(std::string_view op, std::string path, std::optional<std::string> value);
std::string pointer(std::string_view name);  // one step of a JSON pointer (RFC 6901)

// Adds a "replace" where the property differs; `unset` is the value of a property that is gone.
void patch_scalar(json::Array& patches, const json::Object& before, const json::Object& now,
                  std::string_view property, std::string path, std::string_view unset);

// All items of a list operation.
ApiResult<json::Array> list_items(const Session& session, std::string_view operation,
                                  json::Object input);
// The ids of those items of a list operation that are `ours`.
ApiResult<std::vector<std::string>> list_ids(
    const Session& session, std::string_view operation, json::Object input,
    const std::function<bool(const json::Object& item)>& ours);

// Adds what makes one list of binary media types of the other.
void patch_media_types(json::Array& patches, const std::set<std::string>& before,
                       const std::set<std::string>& now);
// Of an API as GetRestApi answers; EDGE where it does not say.
std::string endpoint_type(const json::Object& api);

// What CloudFormation writes on all that it makes and that has tags, in this form:
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
json::Object own_tags(const Session& session, const Desired& desired);
// A new thing's tags: those of the template, and CloudFormation's own.
json::Object tags_of_new(const Session& session, const Desired& desired);
// The ids of those items of a list operation that have this very resource's own tags.
ApiResult<std::vector<std::string>> list_own(const Session& session, std::string_view operation,
                                             const Desired& desired);

// `path` as in arn:aws:apigateway:REGION::PATH
ApiResult<void> change_tags(const Session& session, const std::string& path,
                            const json::Object& before, const json::Object& now);
// Of the property Tags.
ApiResult<void> apply_tags(const Session& session, const std::string& path,
                           const json::Object& before, const json::Object& now);

void add_rest_api_type(std::vector<ResourceType>& types);
void add_deployment_types(std::vector<ResourceType>& types);
void add_access_types(std::vector<ResourceType>& types);

}  // namespace dew::cloudformation
