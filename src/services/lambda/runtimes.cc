#include "services/lambda/runtimes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "base/log.h"

extern "C" const char dew_embed_node_bootstrap_begin[];
extern "C" const char dew_embed_node_bootstrap_end[];
extern "C" const char dew_embed_node_redirect_begin[];
extern "C" const char dew_embed_node_redirect_end[];
extern "C" const char dew_embed_python_bootstrap_begin[];
extern "C" const char dew_embed_python_bootstrap_end[];
extern "C" const char dew_embed_python_redirect_begin[];
extern "C" const char dew_embed_python_redirect_end[];

namespace dew::lambda {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnsupported[] = {"java",  "dotnet",         "ruby",
                                             "go1.x", "nodejs4.3-edge", "python2.7"};

// docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, "Reserved environment variables"
constexpr std::string_view kReserved[] = {"_HANDLER",
                                          "_X_AMZN_TRACE_ID",
                                          "AWS_DEFAULT_REGION",
                                          "AWS_REGION",
                                          "AWS_EXECUTION_ENV",
                                          "AWS_LAMBDA_FUNCTION_NAME",
                                          "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                          "AWS_LAMBDA_FUNCTION_VERSION",
                                          "AWS_LAMBDA_INITIALIZATION_TYPE",
                                          "AWS_LAMBDA_LOG_GROUP_NAME",
                                          "AWS_LAMBDA_LOG_STREAM_NAME",
                                          "AWS_ACCESS_KEY",
                                          "AWS_ACCESS_KEY_ID",
                                          "AWS_SECRET_ACCESS_KEY",
                                          "AWS_SESSION_TOKEN",
                                          "AWS_LAMBDA_RUNTIME_API",
                                          "LAMBDA_TASK_ROOT",
                                          "LAMBDA_RUNTIME_DIR"};

struct Embedded {
  const char* path;
  const char* begin;
  const char* end;
};
const Embedded kFiles[] = {
    {"nodejs/bootstrap.mjs", dew_embed_node_bootstrap_begin, dew_embed_node_bootstrap_end},
    {"nodejs/redirect.cjs", dew_embed_node_redirect_begin, dew_embed_node_redirect_end},
    {"python/bootstrap.py", dew_embed_python_bootstrap_begin, dew_embed_python_bootstrap_end},
    {"python/dew_redirect.py", dew_embed_python_redirect_begin, dew_embed_python_redirect_end},
};

std::string_view content(const Embedded& file) {
  return {file.begin, static_cast<size_t>(file.end - file.begin)};
}

// Programs of that name in PATH's order, then in the usual places.
std::vector<std::string> on_path(const std::string& name) {
  const char* variable = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  std::string path = variable != nullptr ? variable : "";
  path += ":/usr/local/bin:/usr/bin:/bin";
  std::vector<std::string> out;
  std::istringstream parts(path);
  for (std::string part; std::getline(parts, part, ':');) {
    std::string candidate = part + "/" + name;
    if (!part.empty() && ::access(candidate.c_str(), X_OK) == 0 &&
        std::ranges::find(out, candidate) == out.end()) {
      out.push_back(std::move(candidate));
    }
  }
  return out;
}

// Runs `program -c script` style probes; nullopt unless it succeeds. Fixed arguments of our own, so
// a shell's quoting rules are met by single quotes around the program.
std::optional<std::string> ask(const std::string& program, const std::string& arguments) {
  if (program.find('\'') != std::string::npos) return std::nullopt;
  const std::string command = "'" + program + "' " + arguments + " 2>/dev/null </dev/null";
  std::FILE* pipe =
      ::popen(command.c_str(), "re");  // NOLINT(cert-env33-c,bugprone-command-processor)
  if (pipe == nullptr) return std::nullopt;
  std::string out;
  std::array<char, 4096> buffer{};
  for (size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    out.append(buffer.data(), n);
    if (out.size() > 65'536) break;
  }
  return ::pclose(pipe) == 0 ? std::optional(out) : std::nullopt;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// What a sandbox shows of the host anyway.
bool shown(const std::string& path) {
  for (const char* root : {"/usr/", "/opt/", "/bin/", "/lib", "/etc/", "/nix/", "/gnu/"}) {
    if (path.starts_with(root)) return true;
  }
  return false;
}

void need_prefix(Interpreter& found, const std::string& prefix) {
  std::error_code error;
  const auto real = fs::canonical(prefix, error);
  if (error || real == "/") return;
  for (const std::string& path : {real.string(), prefix}) {
    if (!shown(path + "/") && std::ranges::find(found.prefixes, path) == found.prefixes.end()) {
      found.prefixes.push_back(path);
    }
  }
}

std::optional<Interpreter> probe_node(const std::string& candidate) {
  const auto answer = ask(candidate, "-p 'process.execPath+\"\\n\"+process.versions.node'");
  const auto lines = answer ? lines_of(*answer) : std::vector<std::string>();
  if (lines.size() < 2) return std::nullopt;
  Interpreter found{.program = lines[0], .prefixes = {}, .version = lines[1]};
  need_prefix(found, fs::path(lines[0]).parent_path().parent_path().string());
  return found;
}

struct Python {
  Interpreter interpreter;
  bool boto3 = false;
};

std::optional<Python> probe_python(const std::string& candidate) {
  const auto answer =
      ask(candidate,
          "-c 'import sys, importlib.util as u; print(sys.executable, sys.prefix, sys.base_prefix, "
          "\".\".join(map(str, sys.version_info[:3])), u.find_spec(\"boto3\") is not None, "
          "sep=\"\\n\")'");
  const auto lines = answer ? lines_of(*answer) : std::vector<std::string>();
  if (lines.size() < 5) return std::nullopt;
  Python found{.interpreter = {.program = lines[0], .prefixes = {}, .version = lines[3]},
               .boto3 = lines[4] == "True"};
  need_prefix(found.interpreter, lines[1]);
  need_prefix(found.interpreter, lines[2]);
  return found;
}

std::optional<std::string> override_of(const char* variable) {
  const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

aws::ApiResult<Interpreter> find_node(std::string_view runtime) {
  if (const auto chosen = override_of("DEW_NODE")) {
    if (auto found = probe_node(*chosen)) return *found;
    return aws::fail("InvalidParameterValueException",
                     fmt::format("DEW_NODE names {}, which does not run as Node.js", *chosen));
  }
  for (const auto& candidate : on_path("node")) {
    if (auto found = probe_node(candidate)) return *found;
  }
  return aws::fail(
      "InvalidParameterValueException",
      fmt::format("The runtime {} needs Node.js on this machine, and no `node` is on the "
                  "PATH. Install it (apt install nodejs), or name it in DEW_NODE.",
                  runtime));
}

aws::ApiResult<Interpreter> find_python(std::string_view runtime) {
  if (const auto chosen = override_of("DEW_PYTHON")) {
    if (auto found = probe_python(*chosen)) return found->interpreter;
    return aws::fail("InvalidParameterValueException",
                     fmt::format("DEW_PYTHON names {}, which does not run as Python 3", *chosen));
  }
  for (const std::string& name : {std::string(runtime), std::string("python3")}) {
    std::optional<Python> first;
    for (const auto& candidate : on_path(name)) {
      auto found = probe_python(candidate);
      if (found && found->boto3) return found->interpreter;
      if (found && !first) first = std::move(found);
    }
    if (first) return first->interpreter;
  }
  return aws::fail(
      "InvalidParameterValueException",
      fmt::format("The runtime {} needs Python 3 on this machine, and no `python3` is on "
                  "the PATH. Install it (apt install python3 python3-boto3), or name it "
                  "in DEW_PYTHON.",
                  runtime));
}

// nodejs20.x -> 20
std::string_view node_release(std::string_view runtime) {
  runtime.remove_prefix(std::min(runtime.size(), std::string_view("nodejs").size()));
  return runtime.substr(0, runtime.find('.'));
}

// Of what is embedded, to tell another dew's files from ours: FNV-1a,
// datatracker.ietf.org/doc/html/draft-eastlake-fnv. Not a digest of OpenSSL's, whose first costs
// milliseconds.
uint64_t fingerprint() {
  uint64_t hash = 0xcbf29ce484222325;
  for (const auto& file : kFiles) {
    for (const char c : content(file)) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  return hash;
}

bool write_file(const fs::path& path, std::string_view text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream out(path, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  return static_cast<bool>(out);
}

}  // namespace

std::optional<RuntimeFamily> runtime_family(std::string_view runtime) {
  if (runtime == "provided" || runtime.starts_with("provided.")) return RuntimeFamily::kProvided;
  if (is_unsupported_runtime(runtime)) return std::nullopt;
  if (runtime.starts_with("nodejs")) return RuntimeFamily::kNode;
  if (runtime.starts_with("python3")) return RuntimeFamily::kPython;
  return std::nullopt;
}

bool is_unsupported_runtime(std::string_view runtime) {
  return std::ranges::any_of(kUnsupported, [&](auto name) { return runtime.starts_with(name); });
}

bool is_reserved_variable(std::string_view name) {
  return std::ranges::find(kReserved, name) != std::end(kReserved);
}

Result<std::unique_ptr<Runtimes>> Runtimes::open(const std::string& directory) {
  std::unique_ptr<Runtimes> self(new Runtimes());
  self->directory_ = fmt::format("{}/{:016x}", directory, fingerprint());
  std::error_code error;
  if (fs::is_directory(self->directory_, error)) return self;
  // Aside and renamed, so that a crash leaves no half of it under the final name.
  const std::string aside = self->directory_ + ".partial";
  fs::remove_all(aside, error);
  for (const auto& file : kFiles) {
    if (!write_file(fs::path(aside) / file.path, content(file))) {
      return fail(ErrorKind::kIo, "cannot write the runtimes below " + directory);
    }
  }
  fs::rename(aside, self->directory_, error);
  if (error && !fs::is_directory(self->directory_)) {
    return fail(ErrorKind::kIo,
                fmt::format("cannot make {}: {}", self->directory_, error.message()));
  }
  return self;
}

aws::ApiResult<Interpreter> Runtimes::interpreter(std::string_view runtime) {
  const std::scoped_lock lock(mutex_);  // one probe at a time; later calls find the answer
  const std::string key(runtime_family(runtime) == RuntimeFamily::kNode ? "nodejs" : runtime);
  if (const auto it = found_.find(key); it != found_.end()) return it->second;
  auto found = key == "nodejs" ? find_node(runtime) : find_python(runtime);
  if (!found) return found;
  log::debug("runtime {}: {} (version {})", runtime, found->program, found->version);
  found_.emplace(key, *found);
  return found;
}

aws::ApiResult<Launch> Runtimes::launch(const VersionConfig& config, const std::string& code_path,
                                        const std::string& opt_path, bool mounts) {
  Launch out;
  out.task_root = mounts ? "/var/task" : code_path;
  out.runtime_root = mounts ? "/var/runtime" : directory_;
  out.opt_root = mounts || opt_path.empty() ? "/opt" : opt_path;
  out.working_directory = out.task_root;
  if (mounts) {
    out.binds.push_back({code_path, out.task_root});
    out.binds.push_back({directory_, out.runtime_root});
    if (!opt_path.empty()) out.binds.push_back({opt_path, out.opt_root});
  }
  const auto family = runtime_family(config.runtime);
  if (family == RuntimeFamily::kProvided) {
    // docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html: the code's own, else a layer's
    std::error_code error;
    const bool layers = !opt_path.empty() && !fs::exists(code_path + "/bootstrap", error) &&
                        fs::exists(opt_path + "/bootstrap", error);
    out.argv = {(layers ? out.opt_root : out.task_root) + "/bootstrap"};
    return out;
  }
  TRY(const Interpreter interpreter, this->interpreter(config.runtime));
  if (mounts && !opt_path.empty() && interpreter.program.starts_with("/opt/")) {
    return aws::fail(
        "InvalidParameterValueException",
        fmt::format("The interpreter {} lies in /opt, where the function's layers are. Name "
                    "another one in {}.",
                    interpreter.program,
                    family == RuntimeFamily::kNode ? "DEW_NODE" : "DEW_PYTHON"));
  }
  if (mounts) {
    for (const auto& prefix : interpreter.prefixes) out.binds.push_back({prefix, prefix});
  }
  out.argv = {interpreter.program};
  if (family == RuntimeFamily::kNode) {
    // Node takes its heap's limit from the machine's memory: tell it the function's.
    out.argv.push_back(
        fmt::format("--max-old-space-size={}", std::max(64, config.memory_mb * 9 / 10)));
    out.argv.push_back(out.runtime_root + "/nodejs/bootstrap.mjs");
  } else {
    out.argv.push_back(out.runtime_root + "/python/bootstrap.py");
  }
  return out;
}

std::vector<std::string> environment_variables(const VersionConfig& config, const Launch& launch,
                                               const RoleCredentials& credentials,
                                               const EnvironmentFacts& facts) {
  std::vector<std::string> out;
  const auto set = [&](std::string_view name, std::string_view value) {
    if (!config.environment.contains(std::string(name)))
      out.push_back(fmt::format("{}={}", name, value));
  };
  set("AWS_LAMBDA_FUNCTION_NAME", config.function_name);
  set("AWS_LAMBDA_FUNCTION_VERSION", config.version);
  set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(config.memory_mb));
  set("AWS_LAMBDA_LOG_GROUP_NAME", log_group(config.logging, config.function_name));
  set("AWS_LAMBDA_LOG_STREAM_NAME", facts.log_stream);
  set("AWS_LAMBDA_LOG_FORMAT", config.logging.json ? "JSON" : "Text");
  if (config.logging.json)
    set("AWS_LAMBDA_LOG_LEVEL", log_level_name(config.logging.application_level));
  set("AWS_LAMBDA_INITIALIZATION_TYPE", initialization_name(facts.initialization));
  set("AWS_LAMBDA_RUNTIME_API", facts.runtime_api);
  set("AWS_REGION", facts.region);
  set("AWS_DEFAULT_REGION", facts.region);
  set("AWS_ACCESS_KEY_ID", credentials.access_key);
  set("AWS_SECRET_ACCESS_KEY", credentials.secret_key);
  set("AWS_SESSION_TOKEN", credentials.session_token);
  set("AWS_ENDPOINT_URL", facts.endpoint);
  set("LAMBDA_TASK_ROOT", launch.task_root);
  set("LAMBDA_RUNTIME_DIR", launch.runtime_root);
  set("_HANDLER", config.handler);
  set("TZ", ":UTC");
  set("LANG", "C.UTF-8");
  // The function's user has no entry in the host's /etc/passwd, as it has on AWS: without HOME,
  // what looks for a home directory (the AWS SDK for JavaScript, for its configuration) fails.
  set("HOME", "/tmp");
  const std::string& opt = launch.opt_root;
  set("PATH", fmt::format("/usr/local/bin:/usr/bin:/bin:{}/bin", opt));
  if (!facts.xray_daemon.empty()) {
    const size_t colon = facts.xray_daemon.rfind(':');
    set("AWS_XRAY_DAEMON_ADDRESS", facts.xray_daemon);
    set("_AWS_XRAY_DAEMON_ADDRESS", facts.xray_daemon.substr(0, colon));
    set("_AWS_XRAY_DAEMON_PORT", facts.xray_daemon.substr(colon + 1));
    // A library that is asked for a segment outside an invocation says so and goes on.
    set("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR");
  }
  if (!facts.api_url.empty()) set("DEW_API_URL", facts.api_url);
  const std::string& root = launch.task_root;
  set("LD_LIBRARY_PATH", fmt::format("{}:{}/lib:{}/lib", root, root, opt));
  switch (runtime_family(config.runtime).value_or(RuntimeFamily::kProvided)) {
    case RuntimeFamily::kProvided:
      // Our SDK then sends an answer and asks for the next event in one write; others do not look.
      set("DEW_RUNTIME_PIPELINE", "1");
      break;
    case RuntimeFamily::kNode:
      set("AWS_EXECUTION_ENV", "AWS_Lambda_" + config.runtime);
      set("NODE_PATH",
          fmt::format("{}/nodejs/node{}/node_modules:{}/nodejs/node_modules:{}/node_modules:{}",
                      opt, node_release(config.runtime), opt, launch.runtime_root, root));
      break;
    case RuntimeFamily::kPython:
      set("AWS_EXECUTION_ENV", "AWS_Lambda_" + config.runtime);
      set("PYTHONPATH", fmt::format("{}/python/lib/{}/site-packages:{}/python:{}/python", opt,
                                    config.runtime, opt, launch.runtime_root));
      set("PYTHONDONTWRITEBYTECODE", "1");
      break;
  }
  for (const auto& [name, value] : config.environment) out.push_back(name + "=" + value);
  return out;
}

}  // namespace dew::lambda
