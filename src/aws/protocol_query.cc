#include "aws/protocol_query.h"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "aws/protocol.h"
#include "aws/protocol_rest.h"
#include "aws/uri.h"
#include "aws/wire_xml.h"
#include "base/encoding.h"

namespace dew::aws {

namespace {

// The form's dotted names as a tree: Tags -> member -> 1 -> Key.
struct Node {
  std::string value;
  bool present = false;  // a field of exactly this name was sent
  std::map<std::string, Node, std::less<>> children;

  const Node* child(std::string_view name) const {
    const auto it = children.find(name);
    return it == children.end() ? nullptr : &it->second;
  }
  // A locationName may contain dots of its own.
  const Node* path(std::string_view name) const {
    const Node* node = this;
    while (node) {
      const size_t dot = name.find('.');
      node = node->child(name.substr(0, dot));
      if (dot == std::string_view::npos) break;
      name.remove_prefix(dot + 1);
    }
    return node;
  }
};

std::string decode(std::string_view text) {
  auto out = url_decode(text, Plus::kSpace);
  return out ? *std::move(out) : std::string(text);
}

ApiResult<Node> parse_tree(std::string_view form) {
  Node root;
  size_t fields = 0;
  while (!form.empty()) {
    const size_t amp = form.find('&');
    const std::string_view field = form.substr(0, amp);
    form = amp == std::string_view::npos ? std::string_view{} : form.substr(amp + 1);
    if (field.empty()) continue;
    if (++fields > kMaxFormFields)
      return fail("MalformedInput", "The request has too many parameters", 400);
    const size_t equals = field.find('=');
    const std::string name = decode(field.substr(0, equals));
    Node* node = &root;
    std::string_view rest = name;
    for (size_t depth = 0;; ++depth) {
      if (depth > kMaxFormDepth)
        return fail("MalformedInput", "A parameter's name is nested too deeply", 400);
      const size_t dot = rest.find('.');
      node = &node->children[std::string(rest.substr(0, dot))];
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    node->value =
        equals == std::string_view::npos ? std::string() : decode(field.substr(equals + 1));
    node->present = true;
  }
  return root;
}

// The children named by numbers, in the numbers' order.
std::vector<const Node*> numbered(const Node& node) {
  std::map<uint32_t, const Node*> order;
  for (const auto& [name, child] : node.children) {
    uint32_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (error == std::errc() && end == name.data() + name.size()) order.emplace(index, &child);
  }
  std::vector<const Node*> out;
  for (const auto& [index, child] : order) out.push_back(child);
  return out;
}

std::string field_name(const Member& member) {
  return member.query_name.empty() ? member.wire_name : member.query_name;
}

ApiResult<json::Value> read(const Member& member, const Node& node);

ApiResult<json::Value> read_structure(const Shape& shape, const Node& node) {
  json::Object out;
  for (const Member& member : shape.members) {
    const Node* found = node.path(field_name(member));
    // A flattened list whose elements have a name goes by that name.
    if (!found && member.flattened && member.shape->kind == Kind::kList &&
        member.shape->element.renamed) {
      found = node.path(member.shape->element.wire_name);
    }
    if (!found) continue;
    TRY(auto value, read(member, *found));
    if (!value.is_null()) out[member.name] = std::move(value);
  }
  return json::Value(std::move(out));
}

ApiResult<json::Value> read_list(const Member& member, const Node& node) {
  const Member& element = member.shape->element;
  const Node* items = &node;
  if (!member.flattened) {
    items = node.child(element.renamed ? std::string_view(element.wire_name) : "member");
    if (!items) items = node.child("member");
  }
  json::Array out;
  if (items) {
    for (const Node* item : numbered(*items)) {
      TRY(auto value, read(element, *item));
      if (!value.is_null()) out.push_back(std::move(value));
    }
  }
  if (out.empty() && !node.present) return json::Value();  // Name= alone is the empty list
  return json::Value(std::move(out));
}

ApiResult<json::Value> read_map(const Member& member, const Node& node) {
  const Shape& shape = *member.shape;
  const Node* entries = member.flattened ? &node : node.child("entry");
  json::Object out;
  if (entries) {
    for (const Node* entry : numbered(*entries)) {
      const Node* key =
          entry->child(shape.key.renamed ? std::string_view(shape.key.wire_name) : "key");
      const Node* mapped =
          entry->child(shape.element.renamed ? std::string_view(shape.element.wire_name) : "value");
      if (!key || !mapped) continue;
      TRY(auto value, read(shape.element, *mapped));
      if (!value.is_null()) out[key->value] = std::move(value);
    }
  }
  if (out.empty() && !node.present) return json::Value();
  return json::Value(std::move(out));
}

ApiResult<json::Value> read(const Member& member, const Node& node) {
  switch (member.shape->kind) {
    case Kind::kStructure:
      return read_structure(*member.shape, node);
    case Kind::kList:
      return read_list(member, node);
    case Kind::kMap:
      return read_map(member, node);
    default:
      break;
  }
  if (!node.present) return json::Value();
  auto value = scalar_from_text(member, node.value, TimestampFormat::kIso8601);
  if (!value) return fail("MalformedInput", value.error().message);
  return value;
}

class QueryProtocol final : public Protocol {
 public:
  ApiResult<json::Object> parse(const ServiceModel&, const Operation& operation,
                                http::Request& request, json::Arena& /*arena*/) const override {
    if (!operation.input) return json::Object();
    return parse_form_input(
        operation.input, request.body.empty() ? request.query() : std::string_view(request.body));
  }

  http::Response render(const ReplyTo& to, const json::Value& output) const override {
    http::Response out;
    out.headers.add("Content-Type", "text/xml");
    const std::string root = to.operation->name + "Response";
    out.body = "<" + root;
    if (!to.service.xml_namespace.empty())
      out.body += " xmlns=\"" + to.service.xml_namespace + "\"";
    out.body += ">";
    if (const Member& result = to.operation->output) {
      const std::string& wrapper = to.operation->result_wrapper;
      if (!wrapper.empty()) out.body += "<" + wrapper + ">";
      if (output.is_object()) to_wire_xml_members(*result.shape, output.get_object(), {}, out.body);
      if (!wrapper.empty()) out.body += "</" + wrapper + ">";
    }
    out.body += "<ResponseMetadata><RequestId>";
    append_xml_text(to.request_id, out.body);
    out.body += "</RequestId></ResponseMetadata></" + root + ">";
    return out;
  }

  http::Response render_error(const ReplyTo& to, const ApiError& error) const override {
    http::Response out;
    out.headers.add("Content-Type", "text/xml");
    const Shape* shape = to.service.error_shape(error.code);
    out.status = error_status(to.service, error);
    out.body = "<ErrorResponse";
    if (!to.service.xml_namespace.empty())
      out.body += " xmlns=\"" + to.service.xml_namespace + "\"";
    out.body += "><Error><Type>";
    out.body += (shape ? shape->sender_fault : out.status < 500) ? "Sender" : "Receiver";
    out.body += "</Type><Code>";
    append_xml_text(shape ? shape->error_code : error.code, out.body);
    out.body += "</Code>";
    if (!error.message.empty()) {
      out.body += "<Message>";
      append_xml_text(error.message, out.body);
      out.body += "</Message>";
    }
    if (shape) to_wire_xml_members(*shape, error.members, {}, out.body);
    out.body += "</Error><RequestId>";
    append_xml_text(to.request_id, out.body);
    out.body += "</RequestId></ErrorResponse>";
    return out;
  }
};

}  // namespace

ApiResult<json::Object> parse_form_input(const Member& input, std::string_view form) {
  TRY(auto tree, parse_tree(form));
  TRY(auto value, read_structure(*input.shape, tree));
  return std::move(value.get_object());
}

std::string form_field(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const size_t amp = form.find('&');
    const std::string_view field = form.substr(0, amp);
    const size_t equals = field.find('=');
    if (field.substr(0, equals) == name) {
      return equals == std::string_view::npos ? std::string() : decode(field.substr(equals + 1));
    }
    form = amp == std::string_view::npos ? std::string_view{} : form.substr(amp + 1);
  }
  return {};
}

const Protocol& query_protocol() {
  static const QueryProtocol protocol;
  return protocol;
}

}  // namespace dew::aws
