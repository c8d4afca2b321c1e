// Schema: which properties a resource type has, of which types, and which of them cannot change
// without replacing the resource. Written as text beside each type, so that it reads like the
// documentation:
//
//   FunctionName~ string                        ~ changing it replaces the resource
//   Role! string                                ! required
//   Environment { Variables <string> }          { } an object with members, < > a map, [ ] a list
//   Tags [ { Key! string  Value! string } ]
//   VpcConfig unsupported                       a documented property that is refused
//   *                                           and any others, of any type
//
// Types: string, int, number, bool, json (any object or a string that holds one), any.
// Immutable after construction, thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/cloudformation/template.h"

namespace dew::cloudformation {

struct Shape;

enum class Kind {
  kString,
  kInteger,
  kNumber,
  kBoolean,
  kJson,
  kAny,
  kList,
  kMap,
  kObject,
  kUnsupported
};

struct Property {
  std::string name;
  bool required = false;
  bool replaces = false;
  std::shared_ptr<const Shape> shape;
};

struct Shape {
  Kind kind = Kind::kString;
  std::shared_ptr<const Shape> item;  // of a list or a map
  std::vector<Property> members;      // of an object
  bool open = false;                  // an object that may have any others, too

  const Property* member(std::string_view name) const;
};

// Aborts on a malformed schema: it is a constant of this program.
std::shared_ptr<const Shape> parse_schema(std::string_view text);

// Before anything is evaluated: unknown and unsupported properties, missing ones, wrong structure.
// Every finding is appended as "path: what".
void check_properties(const Shape& shape, const json::Object& properties, const std::string& path,
                      std::vector<std::string>& findings);

// After evaluation: scalars are converted to the declared types as CloudFormation does ("512" to
// 512, true to "true"); the error names the property.
ApiResult<json::Value> coerce(const Shape& shape, json::Value value, const std::string& path);

}  // namespace dew::cloudformation
