// The on-disk form of an item: compact, self-describing, and readable straight into a response.
//
// Byte by byte in docs/formats/dynamodb-items.md; pinned by golden-bytes tests. Reading checks
// every length and the nesting depth, so that a damaged store gives an error and not a crash. Pure
// functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"
#include "services/dynamodb/value.h"

namespace dew::dynamodb {

// `size` is item_size(item); it is stored so that capacity and pages need no recomputation.
std::string encode_item(const Item& item, size_t size);

Result<Item> decode_item(std::string_view bytes);
// The item in the wire's form, without a Value in between.
Result<json::Object> decode_item_to_wire(std::string_view bytes);
// Appends that form as JSON text; false for damaged bytes, when `out` has part of it.
Result<void> append_item_json(std::string_view bytes, std::string& out);
// Only the stored size.
Result<size_t> decode_item_size(std::string_view bytes);

}  // namespace dew::dynamodb
