// What the files about a bucket's settings share.
#pragma once

#include <functional>

#include "services/s3/state.h"

namespace dew::s3 {

// Loads the bucket, lets `edit` change it, and keeps it.
ApiResult<json::Value> change_bucket(State& state, const json::Object& input,
                                     const std::function<ApiResult<void>(json::Object&)>& edit);

}  // namespace dew::s3
