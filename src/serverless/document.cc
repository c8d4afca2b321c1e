#include "serverless/document.h"

#include <fmt/format.h>

#include <charconv>

namespace dew::serverless {

std::string Mark::text() const {
  if (!file) return "serverless.yml";
  return line > 0 ? fmt::format("{}:{}", *file, line) : *file;
}

Node Node::null(Mark mark) {
  Node node;
  node.mark = std::move(mark);
  return node;
}

Node Node::of(bool value, Mark mark) {
  Node node = null(std::move(mark));
  node.kind = Kind::kBool;
  node.boolean = value;
  return node;
}

Node Node::of(int64_t value, Mark mark) {
  Node node = null(std::move(mark));
  node.kind = Kind::kInt;
  node.integer = value;
  node.number = static_cast<double>(value);
  node.text = std::to_string(value);
  return node;
}

Node Node::of(double value, Mark mark) {
  Node node = null(std::move(mark));
  node.kind = Kind::kDouble;
  node.number = value;
  node.text = fmt::format("{}", value);
  return node;
}

Node Node::of(std::string value, Mark mark) {
  Node node = null(std::move(mark));
  node.kind = Kind::kString;
  node.text = std::move(value);
  return node;
}

Node Node::list(Mark mark) {
  Node node = null(std::move(mark));
  node.kind = Kind::kList;
  return node;
}

Node Node::map(Mark mark) {
  Node node = null(std::move(mark));
  node.kind = Kind::kMap;
  return node;
}

std::string_view Node::kind_name() const {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "a boolean";
    case Kind::kInt:
      return "an integer";
    case Kind::kDouble:
      return "a number";
    case Kind::kString:
      return "a string";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
  }
  return "nothing";
}

const Node* Node::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(key));
}

const Node* Node::at(std::string_view dotted_path) const {
  const Node* node = this;
  while (!dotted_path.empty()) {
    const size_t dot = dotted_path.find('.');
    const std::string_view key = dotted_path.substr(0, dot);
    dotted_path = dot == std::string_view::npos ? std::string_view{} : dotted_path.substr(dot + 1);
    if (node->is_list()) {
      size_t index = 0;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (error != std::errc{} || end != key.data() + key.size() || index >= node->items.size())
        return nullptr;
      node = &node->items[index];
    } else {
      node = node->find(key);
      if (!node) return nullptr;
    }
  }
  return node;
}

void Node::set(std::string key, Node value) {
  if (Node* existing = find(key)) {
    *existing = std::move(value);
    return;
  }
  Mark where = value.mark;
  entries.push_back({std::move(key), std::move(where), std::move(value)});
}

void Node::erase(std::string_view key) {
  std::erase_if(entries, [&](const Entry& entry) { return entry.key == key; });
}

std::string Node::scalar_text() const {
  switch (kind) {
    case Kind::kBool:
      return boolean ? "true" : "false";
    case Kind::kInt:
      return std::to_string(integer);
    case Kind::kDouble:
      return text;
    case Kind::kString:
      return text;
    default:
      return {};
  }
}

size_t Node::count() const {
  size_t total = 1;
  for (const auto& item : items) total += item.count();
  for (const auto& entry : entries) total += entry.value.count();
  return total;
}

json::Value to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return nullptr;
    case Node::Kind::kBool:
      return node.boolean;
    case Node::Kind::kInt:
      return node.integer;
    case Node::Kind::kDouble:
      return node.number;
    case Node::Kind::kString:
      return json::Value(node.text);
    case Node::Kind::kList: {
      json::Array out;
      out.reserve(node.items.size());
      for (const auto& item : node.items) out.push_back(to_json(item));
      return out;
    }
    case Node::Kind::kMap: {
      json::Object out;
      out.reserve(node.entries.size());
      for (const auto& entry : node.entries) out.insert_or_assign(entry.key, to_json(entry.value));
      return out;
    }
  }
  return nullptr;
}

Node from_json(const json::Value& value, const Mark& mark) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return Node::null(mark);
    case boost::json::kind::bool_:
      return Node::of(value.get_bool(), mark);
    case boost::json::kind::int64:
      return Node::of(value.get_int64(), mark);
    case boost::json::kind::uint64:
      return Node::of(static_cast<double>(value.get_uint64()), mark);
    case boost::json::kind::double_:
      return Node::of(value.get_double(), mark);
    case boost::json::kind::string:
      return Node::of(json::str(value), mark);
    case boost::json::kind::array: {
      Node out = Node::list(mark);
      for (const auto& element : value.get_array()) out.items.push_back(from_json(element, mark));
      return out;
    }
    case boost::json::kind::object: {
      Node out = Node::map(mark);
      for (const auto& member : value.get_object()) {
        out.entries.push_back({std::string(member.key()), mark, from_json(member.value(), mark)});
      }
      return out;
    }
  }
  return Node::null(mark);
}

std::unexpected<Error> fail_at(const Mark& mark, std::string_view path, std::string_view message) {
  return fail(ErrorKind::kInvalid, path.empty()
                                       ? fmt::format("{}: {}", mark.text(), message)
                                       : fmt::format("{}: {}: {}", mark.text(), path, message));
}

std::string join_path(std::string_view parent, std::string_view key) {
  return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

}  // namespace dew::serverless
