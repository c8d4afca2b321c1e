// The pieces a schema is made of. A Rule checks one node, coerces what a variable can only give as
// text (memorySize: ${env:MEMORY} is the string "512"), and answers with the first error, placed at
// file, line and path.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "serverless/document.h"

namespace dew::serverless {

using Rule = std::function<Result<void>(Node& node, const std::string& path)>;

struct Field {
  std::string name;
  Rule rule;
  bool required = false;
};

Rule anything();
Rule boolean();
Rule integer(int64_t least, int64_t most);
Rule one_of(std::vector<std::string> values);           // exact
Rule one_of_any_case(std::vector<std::string> values);  // made the listed spelling
Rule one_integer_of(std::vector<int64_t> values);
Rule text(size_t least = 1, size_t most = SIZE_MAX);
// `shape` is said in the error: "must be letters, digits and -".
Rule text_like(std::function<bool(std::string_view)> matches, std::string shape);
Rule list_of(Rule item, size_t most = SIZE_MAX);
Rule map_of(Rule value);       // any keys
Rule intrinsic_or(Rule rule);  // { Ref: X }, { Fn::Sub: ... } as they are
Rule first_of(std::vector<std::pair<std::function<bool(const Node&)>, Rule>> choices,
              std::string shape);
// Exactly these keys. `unsupported` are known to the Serverless Framework but not done here: an
// error that says so.
Rule record(std::vector<Field> fields, std::vector<std::string> unsupported = {});

bool is_alpha(char c);
bool is_digit(char c);
bool all_digits(std::string_view text);
// Not empty, and of ASCII letters, digits and the characters in `extra`.
bool letters_digits_or(std::string_view text, std::string_view extra);

// A map of one key that is a CloudFormation function.
bool is_intrinsic(const Node& node);

}  // namespace dew::serverless
