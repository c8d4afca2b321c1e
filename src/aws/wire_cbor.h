// CBOR bodies (RFC 8949), for the protocol rpc-v2-cbor: from the wire's form to the model's and
// back. smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
//
// Read are all of CBOR's major types, definite and indefinite lengths, and floats of 16, 32 and 64
// bits; of the tags only 1 (a time); members that the model does not know, and nulls, go. Refused
// with SerializationException: keys that are no text, big numbers, what is cut short or goes on,
// and what is nested deeper than limits::kJsonDepth. Lengths are never trusted: nothing is
// allocated before its bytes are there. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "aws/model.h"
#include "json/json.h"

namespace dew::aws {

// A document as JSON: byte strings as raw bytes, times as seconds, undefined as null.
ApiResult<json::Value> parse_cbor(std::string_view bytes);

ApiResult<void> from_wire_cbor(const Member& member, json::Value& value);
void to_wire_cbor(const Member& member, const json::Value& value, std::string& out);

void append_cbor_text(std::string_view text, std::string& out);
void append_cbor_map(size_t entries, std::string& out);

}  // namespace dew::aws
