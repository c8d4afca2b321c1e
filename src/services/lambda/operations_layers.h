// What the operations on layers, on their policies and on functions share of layers. Internal to
// this folder.
#pragma once

#include <string>
#include <vector>

#include "services/lambda/core.h"

namespace dew::lambda {

// The LayerName of a request: a name, or the ARN of a layer of this cloud.
aws::ApiResult<std::string> named_layer(Core& core, const json::Object& input);
// The VersionNumber of a request, 1 or more.
aws::ApiResult<uint64_t> numbered_version(const json::Object& input);

// The Layers of a function's configuration, in their order. Codes and messages are Lambda's own:
// InvalidParameterValueException for too many, absent ones, two versions of one layer.
aws::ApiResult<std::vector<LayerUse>> layers_of(Core& core, const json::Array& arns);
// InvalidParameterValueException when code and layers together are larger than Lambda unpacks.
aws::ApiResult<void> check_unpacked_size(Core& core, const VersionConfig& config);

}  // namespace dew::lambda
