// What the files of operations share. Not for other folders.
#pragma once

#include "services/cloudformation/blueprint.h"
#include "services/cloudformation/engine.h"
#include "services/cloudformation/plan.h"

namespace dew::cloudformation {

using aws::Call;
using Operate = std::function<ApiResult<json::Value>(Engine&, Call&)>;
using Add = std::function<void(std::string, aws::Run, Operate)>;

void add_stack_operations(const Add& add);     // create, update, delete
void add_steering_operations(const Add& add);  // cancel, continue, roll back, signal, protect
void add_change_set_operations(const Add& add);
void add_describe_operations(const Add& add);
void add_template_operations(const Add& add);

Session session_of(Engine& engine, const Call& call);

// A template on its way into a stack.
struct Proposed {
  std::string original;  // as it was given
  std::string text;      // with its macros applied
  std::vector<std::string> transforms;
  std::unique_ptr<Blueprint> blueprint;
};
// Applies its macros, checks it, and its rules against the parameters. The session outlives it.
ApiResult<Proposed> prepare(Engine& engine, const Session& session, const Stack& stack,
                            std::string original, const GivenParameters& given);
// That who would have a template's macros applied without a change set has said so.
ApiResult<void> check_expansion(const Proposed& proposed, const std::vector<std::string>& allowed);

// TemplateBody, or TemplateURL of our own S3. nullopt: neither is given.
ApiResult<std::optional<std::string>> template_input(Engine& engine, const Call& call);
// kInvalid where the URL names no bucket and key.
struct S3Location {
  std::string bucket;
  std::string key;
};
Result<S3Location> parse_s3_url(std::string_view url);

// The text at a URL of our own S3.
ApiResult<std::string> read_url(Engine& engine, const Call& call, std::string_view url);
// NAMEBody or NAMEURL, a stack policy that was read and understood. nullopt: neither is given.
ApiResult<std::optional<std::string>> policy_input(Engine& engine, const Call& call,
                                                   std::string_view name);
// That CloudFormation may assume the role; empty: none.
ApiResult<void> check_role(Engine& engine, const std::string& role);

ApiResult<void> check_stack_name(std::string_view name);
ApiResult<void> refuse_unsupported(const json::Object& input);
std::vector<std::string> text_list(const json::Object& input, std::string_view name);
// The Tags of the input, checked; nullopt: not given.
ApiResult<std::optional<json::Array>> tags_input(const json::Object& input);

std::string new_stack_id(Engine& engine, std::string_view name);
std::unexpected<aws::ApiError> not_updatable(const Stack& stack);
bool is_updatable(const Stack& stack);

// The stack's Parameters, with what NoEcho hides.
json::Array shown_parameters(const GivenParameters& given,
                             const std::map<std::string, std::string>& resolved,
                             const std::set<std::string>& hidden);

}  // namespace dew::cloudformation
