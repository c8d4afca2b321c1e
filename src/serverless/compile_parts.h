// What the files of the compiler share. Internal to this folder.
#pragma once

#include <map>
#include <string>

#include "serverless/compile.h"

namespace dew::serverless {

struct Compilation {
  const Service& service;
  const Artifacts& artifacts;
  std::string instance_id;
  std::string artifact_directory;
  json::Object resources;
  json::Object outputs;
  std::map<std::string, std::string> layer_names;  // logical id to the layer's key
};

Result<void> compile_log_groups(Compilation& out);
Result<void> compile_role(Compilation& out);
Result<void> compile_layers(Compilation& out);
Result<void> compile_functions(Compilation& out);
Result<void> compile_api(Compilation& out);
Result<void> compile_log_events(Compilation& out);
Result<void> merge_resources(Compilation& out, json::Object& whole);
// deploymentSettings; changes the whole template's resources, the service's own among them.
Result<void> compile_releases(const Service& service, json::Object& resources);

// A function with provisionedConcurrency has an alias of this name, and whatever invokes the
// function invokes that.
inline constexpr const char* kProvisionedAlias = "provisioned";
// Its logical id; empty: the function has none.
std::string provisioned_alias_id(const Service& service, const std::string& function);
// The function's ARN, or that of its alias.
json::Value function_target(const Service& service, const std::string& function);

// An artifact's bytes, off the disk.
Result<std::string> read_artifact(const std::string& path);

// lodash's merge: maps key by key, lists element by element, anything else replaced.
void deep_merge(json::Value& into, const json::Value& from);

json::Object ref_to(std::string_view logical_id);
json::Object get_att(std::string_view logical_id, std::string_view attribute);
json::Object join(std::string_view separator, json::Array parts);
json::Array tags_of(const Node* tags, const Node* more = nullptr);

}  // namespace dew::serverless
