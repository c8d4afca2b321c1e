// One schema, compiled, and all of a document's. Internal to json_schema*.cc.
#pragma once

#include <re2/re2.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/apigateway/json_schema.h"

namespace dew::apigateway {

struct JsonSchema::Node {
  enum Type : uint8_t {
    kNull = 1,
    kBoolean = 2,
    kInteger = 4,
    kNumber = 8,
    kString = 16,
    kArray = 32,
    kObject = 64
  };
  // additionalItems, additionalProperties: anything, nothing, or what matches a schema.
  struct Rest {
    bool allowed = true;
    const Node* schema = nullptr;
  };
  struct Dependency {
    std::string property;
    std::vector<std::string> required;
    const Node* schema = nullptr;
  };
  using Check = bool (*)(std::string_view);

  const Node* reference = nullptr;    // set: nothing else counts
  uint8_t types = 0;                  // 0: any
  std::optional<json::Array> values;  // enum

  std::optional<json::Value> minimum;
  std::optional<json::Value> maximum;
  bool exclusive_minimum = false;
  bool exclusive_maximum = false;
  std::optional<json::Value> multiple_of;

  std::optional<uint64_t> min_length;
  std::optional<uint64_t> max_length;
  std::unique_ptr<RE2> pattern;
  Check format = nullptr;
  std::string format_name;

  const Node* item = nullptr;  // of every element
  std::optional<std::vector<const Node*>> tuple;
  Rest more_items;
  std::optional<uint64_t> min_items;
  std::optional<uint64_t> max_items;
  bool unique_items = false;

  std::map<std::string, const Node*, std::less<>> properties;
  std::vector<std::pair<std::unique_ptr<RE2>, const Node*>> pattern_properties;
  Rest more_properties;
  std::optional<uint64_t> min_properties;
  std::optional<uint64_t> max_properties;
  std::vector<std::string> required;
  std::vector<Dependency> dependencies;

  std::vector<const Node*> all_of;
  std::vector<const Node*> any_of;
  std::vector<const Node*> one_of;
  const Node* none_of = nullptr;  // not
};

struct JsonSchema::Program {
  std::deque<Node> nodes;
  const Node* root = nullptr;
};

// Null: a format that is not checked.
JsonSchema::Node::Check schema_format(std::string_view name);

// -1, 0, 1: a is less than, equal to, greater than b; exact among whole numbers.
int compare_numbers(const json::Value& a, const json::Value& b);

}  // namespace dew::apigateway
