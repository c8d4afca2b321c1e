// What the files about multipart uploads share.
#pragma once

#include <map>

#include "services/s3/state.h"

namespace dew::s3 {

ApiResult<json::Object> load_upload(const State& state, const json::Object& input);
// By number.
ApiResult<std::map<int64_t, json::Object>> load_parts(const State& state,
                                                      std::string_view upload_id);

// AbortMultipartUpload: the upload that the input names, and its parts. Takes State::mutex.
ApiResult<json::Value> abort_upload(State& state, const json::Object& input);

}  // namespace dew::s3
