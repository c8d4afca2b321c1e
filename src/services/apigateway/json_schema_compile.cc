#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>

#include "base/encoding.h"
#include "services/apigateway/json_schema_node.h"

namespace dew::apigateway {

// Walks the schemas of a document, and those that references lead to.
struct SchemaCompiler {
  using Node = JsonSchema::Node;

  // A document and the name that its references are resolved under.
  struct Document {
    std::string name;
    json::Value value;
  };

  const JsonSchema::Resolver& resolver;
  std::shared_ptr<JsonSchema::Program> program = std::make_shared<JsonSchema::Program>();
  std::deque<Document> documents;
  std::map<const json::Value*, Node*> known;
  const Document* current = nullptr;
  int depth = 0;

  static std::unexpected<Error> wrong(const std::string& where, std::string_view what) {
    return fail(ErrorKind::kInvalid,
                fmt::format("{} {}", where.empty() ? std::string("the schema") : where, what));
  }

  Result<const Node*> schema(const json::Value& value, const std::string& where) {
    if (!value.is_object()) return wrong(where, "must be an object");
    if (const auto it = known.find(&value); it != known.end()) return it->second;
    if (program->nodes.size() >= JsonSchema::kMaxSchemas)
      return wrong(where, "has too many schemas");
    if (depth >= JsonSchema::kMaxDepth) return wrong(where, "is too deep");
    ++depth;
    Node& node = program->nodes.emplace_back();
    known[&value] = &node;
    auto done = fill(node, value.get_object(), where);
    --depth;
    if (!done) return std::unexpected(std::move(done.error()));
    return &node;
  }

  Result<void> fill(Node& node, const json::Object& from, const std::string& where) {
    if (const auto* reference = json::find(from, "$ref"); reference && reference->is_string()) {
      TRY(node.reference, follow(json::view(reference->get_string()), where));
      return {};
    }
    CHECK_OK(about_any(node, from, where));
    CHECK_OK(about_numbers(node, from, where));
    CHECK_OK(about_strings(node, from, where));
    CHECK_OK(about_arrays(node, from, where));
    return about_objects(node, from, where);
  }

  // json-schema.org/draft-04/json-schema-core.html, section 7
  Result<const Node*> follow(std::string_view reference, const std::string& where) {
    const size_t hash = reference.find('#');
    const auto name = reference.substr(0, hash);
    const auto* document = current;
    if (!name.empty() && name != current->name) {
      document = nullptr;
      for (const auto& one : documents) {
        if (one.name == name) document = &one;
      }
      if (!document) {
        if (!resolver)
          return wrong(where, fmt::format("refers to {}, which is not known", reference));
        auto value = resolver(name);
        if (!value) {
          return wrong(where, fmt::format("refers to {}, which is not known: {}", reference,
                                          value.error().message));
        }
        document = &documents.emplace_back(Document{std::string(name), *std::move(value)});
      }
    }
    const auto pointer = hash == std::string_view::npos
                             ? std::string()
                             : url_decode(reference.substr(hash + 1), Plus::kLiteral).value_or("?");
    const auto* target = at(document->value, pointer);
    if (!target) return wrong(where, fmt::format("refers to {}, which is not there", reference));
    const auto* outer = std::exchange(current, document);
    auto node = schema(*target, std::string(reference));
    current = outer;
    return node;
  }

  // RFC 6901; null: nothing there.
  static const json::Value* at(const json::Value& root, std::string_view pointer) {
    const auto* value = &root;
    while (!pointer.empty()) {
      if (pointer.front() != '/') return nullptr;
      pointer.remove_prefix(1);
      const auto raw = pointer.substr(0, pointer.find('/'));
      pointer.remove_prefix(raw.size());
      std::string token;
      for (size_t i = 0; i < raw.size(); ++i) {
        const bool escape = raw[i] == '~' && i + 1 < raw.size();
        token += !escape ? raw[i] : raw[++i] == '1' ? '/' : '~';
      }
      if (value->is_object()) {
        value = json::find(value->get_object(), token);
      } else if (value->is_array()) {
        size_t index = 0;
        const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
        if (error != std::errc() || end != token.data() + token.size() ||
            index >= value->get_array().size()) {
          return nullptr;
        }
        value = &value->get_array()[index];
      } else {
        return nullptr;
      }
      if (!value) return nullptr;
    }
    return value;
  }

  static Result<uint8_t> type_bit(const json::Value& value, const std::string& where) {
    static constexpr std::pair<std::string_view, uint8_t> kTypes[] = {
        {"null", Node::kNull},       {"boolean", Node::kBoolean},
        {"integer", Node::kInteger}, {"number", Node::kNumber | Node::kInteger},
        {"string", Node::kString},   {"array", Node::kArray},
        {"object", Node::kObject},
    };
    if (value.is_string()) {
      for (const auto& [name, bit] : kTypes) {
        if (name == json::view(value.get_string())) return bit;
      }
    }
    return wrong(where, fmt::format("has an unknown type: {}", json::dump(value)));
  }

  Result<void> about_any(Node& node, const json::Object& from, const std::string& where) {
    if (const auto* type = json::find(from, "type")) {
      if (type->is_array()) {
        for (const auto& one : type->get_array()) {
          TRY(const auto bit, type_bit(one, where));
          node.types |= bit;
        }
      } else {
        TRY(node.types, type_bit(*type, where));
      }
    }
    if (const auto* values = json::find(from, "enum")) {
      if (!values->is_array() || values->get_array().empty())
        return wrong(where, "enum must be a list of values");
      node.values = values->get_array();
    }
    CHECK_OK(list(node.all_of, from, "allOf", where));
    CHECK_OK(list(node.any_of, from, "anyOf", where));
    CHECK_OK(list(node.one_of, from, "oneOf", where));
    if (const auto* negated = json::find(from, "not")) {
      TRY(node.none_of, schema(*negated, where + "/not"));
    }
    // Schemas that only references reach are compiled by those; the others are checked here.
    if (const auto* definitions = json::find(from, "definitions")) {
      if (!definitions->is_object()) return wrong(where, "definitions must be an object");
      for (const auto& one : definitions->get_object())
        CHECK_OK(schema(one.value(), where + "/definitions/" + std::string(one.key())));
    }
    return {};
  }

  Result<void> list(std::vector<const Node*>& out, const json::Object& from, std::string_view name,
                    const std::string& where) {
    const auto* schemas = json::find(from, name);
    if (!schemas) return {};
    if (!schemas->is_array() || schemas->get_array().empty())
      return wrong(where, fmt::format("{} must be a list of schemas", name));
    for (const auto& one : schemas->get_array()) {
      TRY(const auto* node, schema(one, fmt::format("{}/{}/{}", where, name, out.size())));
      out.push_back(node);
    }
    return {};
  }

  static Result<std::optional<json::Value>> number(const json::Object& from, std::string_view name,
                                                   const std::string& where) {
    const auto* value = json::find(from, name);
    if (!value) return std::optional<json::Value>();
    if (!value->is_number()) return wrong(where, fmt::format("{} must be a number", name));
    return std::optional(*value);
  }
  static Result<std::optional<uint64_t>> count(const json::Object& from, std::string_view name,
                                               const std::string& where) {
    const auto* value = json::find(from, name);
    if (!value) return std::optional<uint64_t>();
    const auto whole =
        value->is_double() && std::floor(value->get_double()) == value->get_double()
            ? std::optional(static_cast<int64_t>(std::min(value->get_double(), 9e15)))
            : json::int_at(from, name);
    if (!whole || *whole < 0)
      return wrong(where, fmt::format("{} must be a whole number, not less than 0", name));
    return std::optional(static_cast<uint64_t>(*whole));
  }
  static Result<bool> flag(const json::Object& from, std::string_view name,
                           const std::string& where) {
    const auto* value = json::find(from, name);
    if (!value) return false;
    if (!value->is_bool()) return wrong(where, fmt::format("{} must be true or false", name));
    return value->get_bool();
  }
  static Result<std::vector<std::string>> names(const json::Value& value, std::string_view name,
                                                const std::string& where) {
    std::vector<std::string> out;
    if (value.is_array()) {
      for (const auto& one : value.get_array()) {
        if (one.is_string()) out.push_back(json::str(one));
      }
      if (out.size() == value.get_array().size() && !out.empty()) return out;
    }
    return wrong(where, fmt::format("{} must be a list of names", name));
  }
  static Result<std::unique_ptr<RE2>> expression(std::string_view text, const std::string& where) {
    auto out = std::make_unique<RE2>(text, RE2::Quiet);
    if (out->ok()) return out;
    return wrong(where, fmt::format("has a regular expression that Dewpoint does not take: {}: {}",
                                    text, out->error()));
  }

  static Result<void> about_numbers(Node& node, const json::Object& from,
                                    const std::string& where) {
    TRY(node.minimum, number(from, "minimum", where));
    TRY(node.maximum, number(from, "maximum", where));
    TRY(node.exclusive_minimum, flag(from, "exclusiveMinimum", where));
    TRY(node.exclusive_maximum, flag(from, "exclusiveMaximum", where));
    TRY(node.multiple_of, number(from, "multipleOf", where));
    if (node.multiple_of && compare_numbers(*node.multiple_of, json::Value(0)) <= 0)
      return wrong(where, "multipleOf must be greater than 0");
    return {};
  }

  static Result<void> about_strings(Node& node, const json::Object& from,
                                    const std::string& where) {
    TRY(node.min_length, count(from, "minLength", where));
    TRY(node.max_length, count(from, "maxLength", where));
    if (const auto* pattern = json::find(from, "pattern")) {
      if (!pattern->is_string()) return wrong(where, "pattern must be a string");
      TRY(node.pattern, expression(json::view(pattern->get_string()), where));
    }
    node.format_name = json::string_or(from, "format");
    node.format = schema_format(node.format_name);
    return {};
  }

  Result<Node::Rest> rest(const json::Object& from, std::string_view name,
                          const std::string& where) {
    Node::Rest out;
    const auto* value = json::find(from, name);
    if (!value) return out;
    if (value->is_bool()) {
      out.allowed = value->get_bool();
    } else {
      TRY(out.schema, schema(*value, fmt::format("{}/{}", where, name)));
    }
    return out;
  }

  Result<void> about_arrays(Node& node, const json::Object& from, const std::string& where) {
    if (const auto* items = json::find(from, "items")) {
      if (items->is_array()) {
        node.tuple.emplace();
        for (const auto& one : items->get_array()) {
          TRY(const auto* item, schema(one, fmt::format("{}/items/{}", where, node.tuple->size())));
          node.tuple->push_back(item);
        }
      } else {
        TRY(node.item, schema(*items, where + "/items"));
      }
    }
    TRY(node.more_items, rest(from, "additionalItems", where));
    TRY(node.min_items, count(from, "minItems", where));
    TRY(node.max_items, count(from, "maxItems", where));
    TRY(node.unique_items, flag(from, "uniqueItems", where));
    return {};
  }

  Result<void> about_objects(Node& node, const json::Object& from, const std::string& where) {
    if (const auto* properties = json::find(from, "properties")) {
      if (!properties->is_object()) return wrong(where, "properties must be an object");
      for (const auto& one : properties->get_object()) {
        const std::string name(one.key());
        TRY(const auto* property,
            schema(one.value(), fmt::format("{}/properties/{}", where, name)));
        node.properties.emplace(name, property);
      }
    }
    if (const auto* patterns = json::find(from, "patternProperties")) {
      if (!patterns->is_object()) return wrong(where, "patternProperties must be an object");
      for (const auto& one : patterns->get_object()) {
        TRY(auto pattern, expression({one.key().data(), one.key().size()}, where));
        TRY(const auto* property, schema(one.value(), fmt::format("{}/patternProperties/{}", where,
                                                                  std::string(one.key()))));
        node.pattern_properties.emplace_back(std::move(pattern), property);
      }
    }
    TRY(node.more_properties, rest(from, "additionalProperties", where));
    TRY(node.min_properties, count(from, "minProperties", where));
    TRY(node.max_properties, count(from, "maxProperties", where));
    if (const auto* required = json::find(from, "required")) {
      TRY(node.required, names(*required, "required", where));
    }
    return dependencies(node, from, where);
  }

  Result<void> dependencies(Node& node, const json::Object& from, const std::string& where) {
    const auto* dependencies = json::find(from, "dependencies");
    if (!dependencies) return {};
    if (!dependencies->is_object()) return wrong(where, "dependencies must be an object");
    for (const auto& one : dependencies->get_object()) {
      Node::Dependency out{std::string(one.key()), {}, nullptr};
      if (one.value().is_array()) {
        TRY(out.required, names(one.value(), "dependencies", where));
      } else {
        TRY(out.schema,
            schema(one.value(), fmt::format("{}/dependencies/{}", where, out.property)));
      }
      node.dependencies.push_back(std::move(out));
    }
    return {};
  }
};

Result<JsonSchema> JsonSchema::compile(const json::Value& schema, const Resolver& resolver) {
  SchemaCompiler compiler{resolver};
  compiler.documents.push_back(
      {json::string_or(schema.is_object() ? schema.get_object() : json::Object(), "id"), schema});
  compiler.current = &compiler.documents.front();
  TRY(compiler.program->root, compiler.schema(compiler.current->value, ""));
  // A reference that leads only to references never meets a value.
  for (const auto& node : compiler.program->nodes) {
    const auto* next = &node;
    for (size_t steps = 0; next->reference; next = next->reference) {
      if (++steps > compiler.program->nodes.size())
        return fail(ErrorKind::kInvalid, "the schema has a $ref that leads to itself");
    }
  }
  JsonSchema out;
  out.program_ = std::move(compiler.program);
  return out;
}

}  // namespace dew::apigateway
