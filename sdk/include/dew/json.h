// dew::json is Boost.JSON: values, parsing, serialization.
#pragma once

#include <boost/json.hpp>
#include <dew/result.h>

#include <string_view>

namespace dew {

namespace json = boost::json;

// Parses one whole JSON document from an untrusted client. Refuses what nests deeper than 64 and
// invalid UTF-8.
Result<json::value> parse_json(std::string_view text, json::storage_ptr storage = {});

}  // namespace dew
