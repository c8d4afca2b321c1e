// XML bodies, for rest-xml requests and for the responses of query and rest-xml. Reading goes
// through pugixml, which neither resolves entities of a DTD nor fetches anything; writing goes
// straight into text. Documents nest at most kMaxXmlDepth deep.
#pragma once

#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "aws/model.h"
#include "json/json.h"

namespace dew::aws {

inline constexpr int kMaxXmlDepth = 64;

// The document's root element as a value of `root`'s shape. MalformedXML when it is not XML.
ApiResult<json::Value> from_wire_xml(const Member& root, std::string_view text);

struct XmlStyle {
  bool always_ms = false;  // S3 writes .000Z
  TimestampFormat timestamps = TimestampFormat::kIso8601;
};

// The members of a structure that live in the body, without an element around them.
void to_wire_xml_members(const Shape& shape, const json::Object& value, XmlStyle style,
                         std::string& out);
// <name xmlns="...">...</name>; the namespace is the member's, else `fallback_namespace` if not
// empty.
void to_wire_xml(const Member& member, std::string_view name, const json::Value& value,
                 XmlStyle style, std::string_view fallback_namespace, std::string& out);

void append_xml_text(std::string_view text, std::string& out);

}  // namespace dew::aws
