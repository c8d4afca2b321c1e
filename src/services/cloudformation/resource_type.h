// ResourceType: all that the engine knows of a kind of resource: its properties, its attributes,
// and how to create, update and remove one through the public operations of the service that owns
// it.
//
// The rules that let the engine survive a crash in the middle of any call:
//  - create() of a type with a name is told the name beforehand (Desired::name), and remove() by
//    that name undoes whatever part of create() had happened;
//  - create() of a type whose ids are chosen by its service says the id as soon as it has it
//    (Desired::note), and so does every create() that makes more than one call: what failed before
//    it is known not to be ours;
//  - for a crash between the service's answer and that note, a type without names has list(): what
//    can only be what this very resource's create() makes (a tag, a natural key), now or before it;
//  - update() and remove() may be repeated; remove() of what is gone succeeds;
//  - of a type with wait(), create() may be repeated too, under the same name.
// Types are immutable and thread-safe; a Session belongs to one operation on one stack, whose calls
// share it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/caller.h"
#include "services/cloudformation/schema.h"

namespace dew::cloudformation {

class Engine;

// The stack whose operation makes the calls; empty while a template is only looked at.
struct OwnStack {
  Engine* engine = nullptr;
  std::string id;
  std::string name;
  std::string root_id;
  std::string operation;  // tells one operation on the stack from another
  std::vector<std::string> capabilities;
  bool keeps_failed = false;  // a failure is not rolled back
};

// The services, as whoever asked for the stack operation.
class Session {
 public:
  Session(aws::Caller& caller, aws::Identity identity, std::string account, std::string region,
          OwnStack own_stack = {})
      : account(std::move(account)),
        region(std::move(region)),
        stack(std::move(own_stack)),
        caller_(caller),
        identity_(std::move(identity)) {}

  ApiResult<json::Object> call(std::string_view service, std::string_view operation,
                               json::Object input) const;
  // As call(), where an error that says the thing is gone counts as done.
  ApiResult<void> call_gone_ok(std::string_view service, std::string_view operation,
                               json::Object input) const;
  // Whether a Get succeeds; an error that says the thing is not there is false, another one is
  // passed on.
  ApiResult<bool> exists(std::string_view service, std::string_view operation,
                         json::Object input) const;

  const std::string account;
  const std::string region;
  const OwnStack stack;

 private:
  aws::Caller& caller_;
  aws::Identity identity_;
};

bool says_not_found(const aws::ApiError& error);
bool says_already_exists(const aws::ApiError& error);
// A ValidationError of an update() that was refused before anything was done: there is nothing to
// take back.
std::unexpected<aws::ApiError> refused_update(std::string message);
bool says_refused(const aws::ApiError& error);

struct Desired {
  std::string logical_id;
  std::string name;  // the physical name decided beforehand; empty where the service chooses
  json::Object properties;
  std::string type = {};  // as the template has it: Custom::Thing
  bool back = false;      // an update that undoes another one
  std::function<void(std::string_view id)> made = {};

  // The service has made it, under this id; what follows is only settings.
  void note(std::string_view id) const {
    if (made) made(id);
  }
};

// What exists, or what a create() or update() made of it.
struct Instance {
  std::string id;  // PhysicalResourceId, which is what Ref gives
  json::Object properties;
  json::Object
      attributes;  // what Fn::GetAtt gives; names with a leading '_' are the type's own notes
};

// How a generated name looks: STACK-LOGICAL-RANDOM, cut to `max`.
struct Naming {
  std::string_view property;  // where a template gives its own name; empty: never
  size_t max = 64;
  bool lower_case = false;
};

enum class Work { kCreate, kUpdate, kRemove };
// Whether a wait is to end without what it waits for.
using Interrupted = std::function<bool()>;

struct ResourceType {
  std::string_view name;
  std::string_view schema;
  // What Fn::GetAtt may ask for; "Outputs." stands for all that begin so, "*" for all.
  std::vector<std::string_view> attributes;
  std::optional<Naming> naming;  // nullopt: the service chooses the id
  std::string_view capability;   // CAPABILITY_IAM, or empty
  bool always_updates = false;   // what it is made of may change while its properties do not

  std::function<ApiResult<Instance>(const Session&, const Desired&)> create;
  // nullptr: every change replaces. Gets what is there and what is wanted; keeps the id.
  std::function<ApiResult<Instance>(const Session&, const Instance& current, const Desired&)>
      update;
  std::function<ApiResult<void>(const Session&, const Instance&)> remove;
  // Whether a change needs another one where the schema cannot say it.
  std::function<bool(const json::Object& before, const json::Object& now)> replaces;
  // Whether something with this name is there already. nullptr where creating tells.
  std::function<ApiResult<bool>(const Session&, const Desired&)> exists;
  std::function<ApiResult<std::vector<std::string>>(const Session&, const Desired&)> list;
  // Of a type whose create(), update() and remove() only begin what others finish: waits for the
  // end of what made `begun`. nullopt: interrupted.
  std::function<ApiResult<std::optional<Instance>>(const Session&, Work, const Instance& begun,
                                                   const Interrupted&)>
      wait;
  // Whether there is anything to wait for. nullptr: always.
  std::function<bool(Work, const Instance& begun)> pending;
  // Of a type with a wait: create() may be called again for what an interrupted one has begun. Else
  // that is removed first.
  bool takes_up_creations = true;
  // What it makes has a life of its own by the time that another resource fails: it is waited for
  // even so, because only its end tells what there is to take back.
  bool waits_out_failures = false;

  std::shared_ptr<const Shape> shape;  // the parsed schema

  bool waits_for(Work work, const Instance& begun) const {
    return wait && (!pending || pending(work, begun));
  }
  bool has_attribute(std::string_view attribute) const;
  // Whether a change of that property needs another one: "Update requires: Replacement".
  bool replaced_by(std::string_view property, const json::Object& before,
                   const json::Object& now) const;
};

// Custom::ANYTHING is AWS::CloudFormation::CustomResource.
const ResourceType* find_type(std::string_view name);
std::vector<const ResourceType*> all_types();

// Each file of resources/ adds its types.
void add_s3_types(std::vector<ResourceType>& types);
void add_logs_types(std::vector<ResourceType>& types);
void add_iam_types(std::vector<ResourceType>& types);
void add_lambda_types(std::vector<ResourceType>& types);
void add_lambda_layer_types(std::vector<ResourceType>& types);
void add_apigateway_types(std::vector<ResourceType>& types);
void add_dynamodb_types(std::vector<ResourceType>& types);
void add_ssm_types(std::vector<ResourceType>& types);
void add_custom_types(std::vector<ResourceType>& types);
void add_wait_condition_types(std::vector<ResourceType>& types);
void add_nested_stack_types(std::vector<ResourceType>& types);
void add_codedeploy_types(std::vector<ResourceType>& types);
void add_cloudwatch_types(std::vector<ResourceType>& types);

}  // namespace dew::cloudformation
