#include "aws/wire_xml.h"

#include <fmt/format.h>
#include <pugixml.hpp>

#include "aws/protocol_rest.h"
#include "base/log.h"

namespace dew::aws {

namespace {

std::unexpected<ApiError> malformed() {
  return fail(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema");
}

std::string_view local_name(std::string_view name) {
  const size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool named(const pugi::xml_node& node, std::string_view wanted) {
  return node.type() == pugi::node_element &&
         (wanted == node.name() || local_name(node.name()) == wanted);
}

class Reader {
 public:
  ApiResult<json::Value> read(const Member& member, const pugi::xml_node& node, int depth) {
    if (depth > kMaxXmlDepth) return malformed();
    switch (member.shape->kind) {
      case Kind::kStructure:
        return structure(*member.shape, node, depth);
      case Kind::kList:
        return list(member, node, depth);
      case Kind::kMap:
        return map(*member.shape, node, depth);
      default:
        return scalar_from_text(member, text_of(node), TimestampFormat::kIso8601);
    }
  }

 private:
  static std::string text_of(const pugi::xml_node& node) {
    std::string out;
    for (const auto& child : node.children()) {
      if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
        out += child.value();
    }
    return out;
  }

  ApiResult<json::Value> structure(const Shape& shape, const pugi::xml_node& node, int depth) {
    json::Object out;
    for (const Member& member : shape.members) {
      if (member.location != Location::kBody) continue;
      if (member.xml_attribute) {
        if (const auto attribute = node.attribute(member.wire_name.c_str())) {
          TRY(auto value, scalar_from_text(member, attribute.value(), TimestampFormat::kIso8601));
          out[member.name] = std::move(value);
        }
        continue;
      }
      if (member.flattened &&
          (member.shape->kind == Kind::kList || member.shape->kind == Kind::kMap)) {
        CHECK_OK(flattened(member, node, depth, out));
        continue;
      }
      for (const auto& child : node.children()) {
        if (!named(child, member.wire_name)) continue;
        TRY(auto value, read(member, child, depth + 1));
        out[member.name] = std::move(value);
        break;
      }
    }
    return json::Value(std::move(out));
  }

  ApiResult<void> flattened(const Member& member, const pugi::xml_node& parent, int depth,
                            json::Object& out) {
    json::Array list;
    json::Object entries;
    bool any = false;
    for (const auto& child : parent.children()) {
      const bool renamed = member.shape->element.renamed && member.shape->kind == Kind::kList;
      if (!named(child, member.wire_name) &&
          !(renamed && named(child, member.shape->element.wire_name)))
        continue;
      any = true;
      if (member.shape->kind == Kind::kMap) {
        CHECK_OK(entry(*member.shape, child, depth, entries));
      } else {
        TRY(auto value, read(member.shape->element, child, depth + 1));
        list.push_back(std::move(value));
      }
    }
    if (!any) return {};
    if (member.shape->kind == Kind::kMap) {
      out[member.name] = std::move(entries);
    } else {
      out[member.name] = std::move(list);
    }
    return {};
  }

  ApiResult<json::Value> list(const Member& member, const pugi::xml_node& node, int depth) {
    json::Array out;
    const Member& element = member.shape->element;
    for (const auto& child : node.children()) {
      if (!named(child, element.renamed ? std::string_view(element.wire_name) : "member")) continue;
      TRY(auto value, read(element, child, depth + 1));
      out.push_back(std::move(value));
    }
    return json::Value(std::move(out));
  }

  ApiResult<json::Value> map(const Shape& shape, const pugi::xml_node& node, int depth) {
    json::Object out;
    for (const auto& child : node.children()) {
      if (named(child, "entry")) CHECK_OK(entry(shape, child, depth, out));
    }
    return json::Value(std::move(out));
  }

  ApiResult<void> entry(const Shape& shape, const pugi::xml_node& node, int depth,
                        json::Object& out) {
    std::string key;
    json::Value value;
    for (const auto& child : node.children()) {
      if (named(child, shape.key.renamed ? std::string_view(shape.key.wire_name) : "key")) {
        key = text_of(child);
      } else if (named(child, shape.element.renamed ? std::string_view(shape.element.wire_name)
                                                    : "value")) {
        TRY(value, read(shape.element, child, depth + 1));
      }
    }
    if (!value.is_null()) out[key] = std::move(value);
    return {};
  }
};

void append_attributes(const Member& member, const json::Value& value, XmlStyle style,
                       std::string_view fallback_namespace, std::string& out) {
  if (!member.xml_uri.empty()) {
    out += member.xml_prefix.empty() ? " xmlns=\"" : " xmlns:" + member.xml_prefix + "=\"";
    append_xml_text(member.xml_uri, out);
    out += '"';
  } else if (!fallback_namespace.empty()) {
    out += " xmlns=\"";
    append_xml_text(fallback_namespace, out);
    out += '"';
  }
  if (member.shape->kind != Kind::kStructure || !value.is_object()) return;
  for (const auto& entry : value.get_object()) {
    const Member* attribute = member.shape->find(entry.key());
    if (!attribute || !attribute->xml_attribute) continue;
    out += ' ';
    out += attribute->wire_name;
    out += "=\"";
    append_xml_text(scalar_to_text(*attribute, entry.value(), style.timestamps, style.always_ms),
                    out);
    out += '"';
  }
}

void append_entry(const Shape& shape, std::string_view key, const json::Value& value,
                  XmlStyle style, std::string& out) {
  to_wire_xml(shape.key, shape.key.renamed ? std::string_view(shape.key.wire_name) : "key",
              json::Value(key), style, "", out);
  to_wire_xml(shape.element,
              shape.element.renamed ? std::string_view(shape.element.wire_name) : "value", value,
              style, "", out);
}

void append_content(const Member& member, const json::Value& value, XmlStyle style,
                    std::string& out) {
  const Shape& shape = *member.shape;
  if (shape.kind == Kind::kStructure && value.is_object()) {
    to_wire_xml_members(shape, value.get_object(), style, out);
  } else if (shape.kind == Kind::kList && value.is_array()) {
    for (const auto& element : value.get_array()) {
      to_wire_xml(shape.element,
                  shape.element.renamed ? std::string_view(shape.element.wire_name) : "member",
                  element, style, "", out);
    }
  } else if (shape.kind == Kind::kMap && value.is_object()) {
    for (const auto& entry : value.get_object()) {
      out += "<entry>";
      append_entry(shape, entry.key(), entry.value(), style, out);
      out += "</entry>";
    }
  } else {
    append_xml_text(scalar_to_text(member, value, style.timestamps, style.always_ms), out);
  }
}

// A flattened list or map repeats the member's own element.
void append_flattened(const Member& member, const json::Value& value, XmlStyle style,
                      std::string& out) {
  const Shape& shape = *member.shape;
  if (shape.kind == Kind::kList && value.is_array()) {
    for (const auto& element : value.get_array()) {
      to_wire_xml(shape.element, member.wire_name, element, style, "", out);
    }
  } else if (shape.kind == Kind::kMap && value.is_object()) {
    for (const auto& entry : value.get_object()) {
      out += '<' + member.wire_name + '>';
      append_entry(shape, entry.key(), entry.value(), style, out);
      out += "</" + member.wire_name + '>';
    }
  }
}

}  // namespace

ApiResult<json::Value> from_wire_xml(const Member& root, std::string_view text) {
  pugi::xml_document document;
  const auto result =
      document.load_buffer(text.data(), text.size(),
                           pugi::parse_default | pugi::parse_ws_pcdata_single, pugi::encoding_utf8);
  if (!result || !document.document_element()) return malformed();
  return Reader().read(root, document.document_element(), 0);
}

void append_xml_text(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#xD;";
        break;
      default:
        // XML has no way to write the other control characters.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    }
  }
}

void to_wire_xml_members(const Shape& shape, const json::Object& value, XmlStyle style,
                         std::string& out) {
  for (const auto& entry : value) {
    if (entry.value().is_null()) continue;
    const Member* member = shape.find(entry.key());
    if (!member) {
      log::error("output member {} is not in the model of {}: left out",
                 std::string_view(entry.key()), shape.name);
      continue;
    }
    if (member->location != Location::kBody || member->xml_attribute) continue;
    const bool flat = member->flattened &&
                      (member->shape->kind == Kind::kList || member->shape->kind == Kind::kMap);
    if (flat) {
      append_flattened(*member, entry.value(), style, out);
    } else {
      to_wire_xml(*member, member->wire_name, entry.value(), style, "", out);
    }
  }
}

void to_wire_xml(const Member& member, std::string_view name, const json::Value& value,
                 XmlStyle style, std::string_view fallback_namespace, std::string& out) {
  out += '<';
  out += name;
  append_attributes(member, value, style, fallback_namespace, out);
  const size_t open = out.size();
  out += '>';
  append_content(member, value, style, out);
  if (out.size() == open + 1) {
    out.resize(open);
    out += "/>";
    return;
  }
  out += "</";
  out += name;
  out += '>';
}

}  // namespace dew::aws
