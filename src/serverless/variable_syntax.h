// The syntax of ${...} in a serverless.yml:
//
//   ${type:address}   ${type(param, param):address}   ${first:address, second:address, 'default'}
//
// Addresses and params may hold variables themselves. What does not look like a variable
// (${AWS::Region},
// ${TableName}: CloudFormation's Fn::Sub) is text. \${ is a literal ${.
// www.serverless.com/framework/docs/providers/aws/guide/variables
//
// Limits: kVariableDepth variables within each other, kSources sources in one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serverless/document.h"

namespace dew::serverless {

inline constexpr int kVariableDepth = 16;
inline constexpr size_t kSources = 32;

struct Variable;

// Literal text, or a variable.
struct Part {
  std::string text;
  std::shared_ptr<const Variable> variable;
};

// Text with variables in it: `parts` in order.
struct Template {
  std::vector<Part> parts;

  bool has_variables() const;
  bool is_one_variable() const { return parts.size() == 1 && parts[0].variable; }
};

struct Source {
  std::string type;  // empty: `literal`
  std::vector<Template> params;
  std::optional<Template> address;
  Node literal;
};

struct Variable {
  std::string text;  // as written, for errors
  std::vector<Source> sources;
};

// The message of an error says what is wrong with which variable; it carries no position.
Result<Template> parse_template(std::string_view text);

}  // namespace dew::serverless
