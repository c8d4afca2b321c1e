// What the files about multipart uploads share.
#pragma once

#include <map>

#include "services/s3/state.h"

namespace dew::s3 {

ApiResult<json::Object> load_upload(const State& state, const json::Object& input);
// By number.
ApiResult<std::map<int64_t, json::Object>> load_parts(const State& state,
                                                      std::string_view upload_id);

}  // namespace dew::s3
