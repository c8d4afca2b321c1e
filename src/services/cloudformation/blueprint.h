// Blueprint: a template made ready for one stack: parsed, validated, its parameters bound, its
// resources in order. Not thread-safe; the environment's `ref` and `get_att` are the owner's to
// set.
#pragma once

#include <memory>

#include "services/cloudformation/graph.h"
#include "services/cloudformation/parameters.h"
#include "services/cloudformation/resource_type.h"
#include "services/cloudformation/stack_store.h"
#include "services/cloudformation/transforms.h"

namespace dew::cloudformation {

struct Blueprint {
  Template tmpl;
  BoundParameters parameters;
  Environment environment;
  std::unique_ptr<Evaluator> evaluator;
  Order order;
  std::set<std::string> imported;  // exports that were read, filled while values are evaluated
  bool hides = false;              // set by the owner's `get_att` for a value that is not shown

  // A resource's properties as its type wants them; tags of the stack are merged in where the type
  // has tags.
  ApiResult<json::Object> properties(const std::string& name, const json::Array& stack_tags);
  // As DescribeStacks gives them, but for those that are marked with _Hidden: those it hides.
  ApiResult<json::Array> outputs();
};

// Everything that can be said about a template without evaluating it: types and properties that are
// unknown or unsupported, attributes that a type does not have. All findings are in one
// ValidationError.
ApiResult<void> validate(const Template& tmpl);

// The parameters with NoEcho.
std::set<std::string> hidden_parameters(const Template& tmpl);

// The capabilities that the template needs, and why.
struct Capabilities {
  std::string needed;  // empty, CAPABILITY_IAM or CAPABILITY_NAMED_IAM
  std::vector<std::string> types;
};
Capabilities capabilities(const Template& tmpl);
ApiResult<void> check_capabilities(const Template& tmpl, const std::vector<std::string>& given);

// Includes and parameters of the Parameter Store are read as the session's caller.
ApiResult<Processed> process_template(const Session& session, const Stack& stack,
                                      std::string_view text, const GivenParameters& given);

// `text` has its macros applied.
ApiResult<std::unique_ptr<Blueprint>> make_blueprint(
    const StackStore& stacks, const Session& session, const Stack& stack, std::string_view text,
    const GivenParameters& given, const std::vector<std::string>& notification_arns);

}  // namespace dew::cloudformation
