// JSON bodies: from the wire's form to the model's and back, for the json and rest-json protocols.
//
// Reading changes the parsed document in place and costs one walk: members get the model's names,
// unknown members and nulls go, blobs are decoded, timestamps become seconds. Writing goes straight
// into text. Depth is bounded by the JSON parser's limit (limits::kJsonDepth).
#pragma once

#include <string>

#include "aws/api_error.h"
#include "aws/model.h"
#include "json/json.h"

namespace dew::aws {

// The error is a SerializationException in AWS's words: DynamoDB's deserializer has its own.
ApiResult<void> from_wire_json(const ServiceModel& service, const Member& member,
                               json::Value& value);

void to_wire_json(const Member& member, const json::Value& value, std::string& out);
// As above for a structure, with only the members that belong into the body.
void to_wire_json_body(const Shape& shape, const json::Object& value, std::string& out);

void append_json_string(std::string_view text, std::string& out);

}  // namespace dew::aws
