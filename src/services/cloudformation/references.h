// References: which names a template's values speak of. Used to check that every name exists, and
// to order the resources.
//
// Pure functions, thread-safe.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "services/cloudformation/template.h"

namespace dew::cloudformation {

// The single member of {"Ref": …}, {"Fn::…": …} or {"Condition": …}; nullptr where `value` is no
// function.
struct FunctionCall {
  std::string_view name;
  const json::Value* argument = nullptr;
};
FunctionCall as_function(const json::Value& value);

// The ${…} of a Fn::Sub string in turn. `literal` gets the text between, ${!x} unescaped to ${x}.
ApiResult<void> walk_sub(std::string_view text,
                         const std::function<ApiResult<void>(std::string_view)>& literal,
                         const std::function<ApiResult<void>(std::string_view)>& variable);

// What a value refers to, at any depth: names of Ref and ${Name}; resources of GetAtt and
// ${Name.Attr}; conditions of Fn::If and Condition.
struct References {
  std::set<std::string> refs;
  std::set<std::pair<std::string, std::string>> attributes;
  std::set<std::string> conditions;
  std::set<std::string> mappings;
  std::set<std::string> extensions;  // functions, or forms, of AWS::LanguageExtensions
};
ApiResult<void> collect(const json::Value& value, References& out);

bool is_pseudo_parameter(std::string_view name);

// Every name that the template uses is declared in it.
ApiResult<void> check_references(const Template& tmpl);

}  // namespace dew::cloudformation
