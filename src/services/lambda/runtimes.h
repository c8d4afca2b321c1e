// The runtimes: which identifiers exist here, what program serves each, and the environment
// variables that a function finds. docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html,
// docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
//
//   provided, provided.al2, provided.al2023   the code's own executable `bootstrap`
//   nodejs*                                   the host's node with our bootstrap
//   python3*                                  the host's python3 with our bootstrap
//
// An interpreter is looked for once and remembered: DEW_NODE or DEW_PYTHON, else python3.X as the
// runtime names it, else what PATH has. Of several Pythons the first with boto3 is taken, which
// AWS's runtimes bring. Thread-safe; resolve() may block for some tens of milliseconds the first
// time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "sandbox/spec.h"
#include "services/lambda/function.h"

namespace dew::lambda {

enum class RuntimeFamily { kProvided, kNode, kPython };

// nullopt: unknown, or known and not supported (is_unsupported_runtime tells).
std::optional<RuntimeFamily> runtime_family(std::string_view runtime);
// A runtime of AWS's that Dewpoint does not run: java21, ruby3.3, dotnet8, go1.x.
bool is_unsupported_runtime(std::string_view runtime);

struct Interpreter {
  std::string program;                // absolute, links resolved
  std::vector<std::string> prefixes;  // directories it needs that a sandbox would hide
  std::string version;
};

// How to start an environment of a function.
struct Launch {
  std::vector<std::string> argv;
  std::vector<sandbox::Bind> binds;
  std::string working_directory;
  std::string task_root;     // where the code is, as the function sees it
  std::string runtime_root;  // where the bootstraps are
  std::string opt_root;      // where the layers are: /opt
};

class Runtimes {
 public:
  // Writes the embedded bootstraps below `directory` (under a name made of their content).
  static Result<std::unique_ptr<Runtimes>> open(const std::string& directory);

  // Clear about what is missing and what to install.
  aws::ApiResult<Interpreter> interpreter(std::string_view runtime);
  // `mounts`: the sandbox can show directories elsewhere (/var/task), else they are used in place.
  // `opt_path`: the layers, empty without.
  aws::ApiResult<Launch> launch(const VersionConfig& config, const std::string& code_path,
                                const std::string& opt_path, bool mounts);

 private:
  Runtimes() = default;
  std::string directory_;  // of the bootstraps
  std::mutex mutex_;
  std::map<std::string, Interpreter, std::less<>> found_;
};

struct RoleCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  int64_t expires_ms = 0;
};

struct EnvironmentFacts {
  std::string region;
  std::string endpoint;     // AWS_ENDPOINT_URL
  std::string api_url;      // DEW_API_URL
  std::string xray_daemon;  // AWS_XRAY_DAEMON_ADDRESS
  std::string runtime_api;  // 127.0.0.1:port
  std::string log_stream;
  Initialization initialization = Initialization::kOnDemand;
};

// NAME=value, the function's own last. The function's own never include a reserved name.
std::vector<std::string> environment_variables(const VersionConfig& config, const Launch& launch,
                                               const RoleCredentials& credentials,
                                               const EnvironmentFacts& facts);

// Names that a function's configuration may not set.
bool is_reserved_variable(std::string_view name);

}  // namespace dew::lambda
