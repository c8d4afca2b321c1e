// A service: its serverless.yml read, its variables resolved, its keys checked.
//
// load_service is the one way to get one. It reads the .env files that the document asks for, hands
// custom.dew.parameters to `seed` before any ${ssm:} is resolved, and answers with the first error,
// placed at file, line and path. It changes nothing on disk.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "serverless/document.h"
#include "serverless/schema.h"
#include "serverless/variables.h"

namespace dew::serverless {

struct SeedParameter {
  std::string name;
  std::string type;  // String, StringList or SecureString (the default of custom.dew.parameters)
  std::string value;
};

struct BuildCommand {
  std::string function;  // empty: of the whole service
  std::string command;   // for /bin/sh -c, in the service's directory
};

struct Service {
  Node root;
  std::string directory;  // absolute
  std::string file;       // serverless.yml, serverless.yaml or serverless.json
  std::string name;
  std::string stage;
  std::string region;
  bool hides_dotenv = false;          // .env files stay out of the package
  std::vector<std::string> warnings;  // one line each
  std::vector<std::string> files;     // absolute paths the configuration was read from

  const Node* at(std::string_view dotted_path) const { return root.at(dotted_path); }
  std::string stack_name() const;
  std::string api_stage() const;  // provider.apiGateway.stage, else the stage
  std::string function_name(const std::string& key) const;  // service-stage-key unless named
  std::string log_group(const std::string& key) const;  // /aws/lambda/NAME unless `logs` names one
  std::vector<std::pair<std::string, const Node*>> functions() const;
  std::vector<std::pair<std::string, const Node*>> layers() const;
  std::vector<BuildCommand> build_commands() const;  // custom.dew.build
  std::vector<std::pair<std::string, std::string>> stack_tags() const;
  bool has_http_events() const;
  int http_port() const;  // custom.serverless-offline.httpPort, -1: not set
};

struct LoadOptions {
  std::string directory = ".";
  OtherPlugins other_plugins = OtherPlugins::kRefused;
  VariableSources sources;
  // Puts parameters that are absent into a local cloud's SSM; unset: there is none, and they are
  // left alone.
  std::function<Result<void>(const std::vector<SeedParameter>& parameters)> seed;
};

Result<Service> load_service(LoadOptions options);

// The same from text, without files: for tests and fuzzing.
Result<Service> load_service_text(std::string_view yaml, LoadOptions options);

// The configuration file of a directory, or an error that says which names were looked for.
Result<std::string> find_config(const std::string& directory);

}  // namespace dew::serverless
