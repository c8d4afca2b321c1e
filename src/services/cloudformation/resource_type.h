// ResourceType: all that the engine knows of a kind of resource: its properties, its attributes,
// and how to create, update and remove one through the public operations of the service that owns
// it.
//
// The rules that let the engine survive a crash in the middle of any call:
//  - create() of a type with a name is told the name beforehand (Desired::name), and remove() by
//  that name
//    undoes whatever part of create() had happened;
//  - a type whose ids are chosen by its service has list(): what it lists after a crash and did not
//  list
//    before was made by the interrupted create();
//  - update() and remove() may be repeated; remove() of what is gone succeeds.
// Types are immutable and thread-safe; a Session belongs to one operation on one stack.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/caller.h"
#include "services/cloudformation/schema.h"

namespace dew::cloudformation {

// The services, as whoever asked for the stack operation.
class Session {
 public:
  Session(aws::Caller& caller, aws::Identity identity, std::string account, std::string region)
      : account(std::move(account)),
        region(std::move(region)),
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

 private:
  aws::Caller& caller_;
  aws::Identity identity_;
};

bool says_not_found(const aws::ApiError& error);
bool says_already_exists(const aws::ApiError& error);

struct Desired {
  std::string logical_id;
  std::string name;  // the physical name decided beforehand; empty where the service chooses
  json::Object properties;
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

struct ResourceType {
  std::string_view name;
  std::string_view schema;
  std::vector<std::string_view> attributes;
  std::optional<Naming> naming;  // nullopt: the service chooses the id
  std::string_view capability;   // CAPABILITY_IAM, or empty

  std::function<ApiResult<Instance>(const Session&, const Desired&)> create;
  // nullptr: every change replaces. Gets what is there and what is wanted; keeps the id.
  std::function<ApiResult<Instance>(const Session&, const Instance& current, const Desired&)>
      update;
  std::function<ApiResult<void>(const Session&, const Instance&)> remove;
  // Whether something with this name is there already. nullptr where creating tells.
  std::function<ApiResult<bool>(const Session&, const Desired&)> exists;
  std::function<ApiResult<std::vector<std::string>>(const Session&, const Desired&)> list;

  std::shared_ptr<const Shape> shape;  // the parsed schema
};

const ResourceType* find_type(std::string_view name);
std::vector<const ResourceType*> all_types();

// Each file of resources/ adds its types.
void add_s3_types(std::vector<ResourceType>& types);
void add_logs_types(std::vector<ResourceType>& types);
void add_iam_types(std::vector<ResourceType>& types);
void add_lambda_types(std::vector<ResourceType>& types);
void add_apigateway_types(std::vector<ResourceType>& types);
void add_dynamodb_types(std::vector<ResourceType>& types);
void add_ssm_types(std::vector<ResourceType>& types);

}  // namespace dew::cloudformation
