// A service as CloudFormation templates, as the package step of the Serverless Framework (v3) makes
// them: the same logical ids, names, policies and outputs, so that either tool can take over a
// stack of the other, and the same template goes to AWS unchanged.
//
//   compile_functions.cc   AWS::Lambda::Function, AWS::Lambda::Version, AWS::Logs::LogGroup
//   compile_layers.cc      AWS::Lambda::LayerVersion, AWS::Lambda::LayerVersionPermission
//   compile_iam.cc         the role IamRoleLambdaExecution
//   compile_apigateway.cc  RestApi, Resource, Method, Deployment, Permission
//   compile_log_events.cc  AWS::Logs::SubscriptionFilter, Permission
//   compile_cors.cc        the CORS preflight
//   compile_resources.cc   what `resources` adds and overrides
#pragma once

#include <map>
#include <string>
#include <vector>

#include "json/json.h"
#include "serverless/service.h"

namespace dew::serverless {

struct Artifact {
  std::string file_name;      // users-api.zip
  std::string path;           // on this machine
  std::string sha256_base64;  // of its bytes: CodeSha256
  std::string order;  // its path as the framework writes it: layers are digested in this order
};

struct Artifacts {
  std::vector<Artifact> list;
  std::map<std::string, size_t> of_function;  // function key to index in `list`
  std::map<std::string, size_t> of_layer;     // layer key, likewise
};

struct Compiled {
  json::Value create;  // the first deployment's template: the deployment bucket alone
  json::Value update;  // the whole
  std::string
      artifact_directory;         // S3 key prefix:
                                  // serverless/users-api/dev/1700000000000-2023-11-14T22:13:20.000Z
  std::string deployment_bucket;  // provider.deploymentBucket; empty: the stack makes one
};

// `now_ms` becomes the instance id in ApiGatewayDeployment<id> and in the artifact directory.
Result<Compiled> compile(const Service& service, const Artifacts& artifacts, int64_t now_ms);

// The same template with what changes with every packaging (the deployment's id, S3 keys) taken out
// and its keys sorted: equal for two deployments that do not differ.
json::Value normalized_template(const json::Value& value);

// Keys in order, at every level: of their bytes, or as JavaScript's localeCompare has it (the
// Unicode Collation Algorithm's root order, for what is in ASCII).
enum class KeyOrder { kBytes, kLocale };
json::Value sorted(const json::Value& value, KeyOrder order = KeyOrder::kBytes);

}  // namespace dew::serverless
