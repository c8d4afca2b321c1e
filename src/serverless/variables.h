// Resolves the ${...} of a serverless.yml in place (syntax: variable_syntax.h).
//
// Sources: self, opt, env, file, sls (stage, instanceId), aws (accountId, region), ssm, cf, param,
// strToBool. A value that a source gave is resolved again where it is the user's own text (self,
// opt, env, file, param); what SSM and CloudFormation answered is taken as it is, so that a secret
// may contain "${". Everything that the outside world answers comes through callbacks: this folder
// does no network I/O.
//
// Invariants: a node is resolved once; one that needs itself is an error that shows the circle. The
// size of the result is bounded by kNodes and kResolvedBytes, nesting by kResolveDepth. Not
// thread-safe.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "serverless/document.h"
#include "serverless/dotenv.h"
#include "serverless/variable_syntax.h"

namespace dew::serverless {

inline constexpr size_t kResolvedBytes = 16 * 1024 * 1024;
inline constexpr int kResolveDepth = 100;
inline constexpr size_t kFiles = 256;

struct SsmParameter {
  std::string type;  // String, StringList or SecureString
  std::string value;
};

struct VariableSources {
  std::map<std::string, std::string, std::less<>>
      options;                                             // the command line's: stage, region, ...
  std::map<std::string, std::string, std::less<>> params;  // --param name=value
  std::string service_directory = ".";
  std::string instance_id;
  EnvLookup env = [](std::string_view) { return std::nullopt; };
  // nullopt: no such parameter. `region` is empty for the service's own.
  std::function<Result<std::optional<SsmParameter>>(const std::string& name, bool decrypt,
                                                    const std::string& region)>
      ssm;
  // An output of a stack; nullopt: no such stack or output.
  std::function<Result<std::optional<std::string>>(
      const std::string& stack, const std::string& output, const std::string& region)>
      cf;
  std::function<Result<std::string>()> account_id;
};

class Resolver {
 public:
  // `root` must outlive the resolver and not move.
  Resolver(Node& root, VariableSources sources);

  Result<void> resolve_all();
  // Resolves only what `dotted_path` needs; nullptr when there is no such node.
  Result<const Node*> resolve(std::string_view dotted_path);

  // The variables of a text that is no node's value, such as a key.
  Result<std::string> resolve_text(std::string_view text, const Mark& mark,
                                   const std::string& path);

  Result<std::string> stage();   // --stage, else provider.stage, else dev
  Result<std::string> region();  // --region, else provider.region, else us-east-1

  // Every file that ${file()} read, absolute: what a watcher must watch.
  const std::vector<std::string>& files_read() const { return files_read_; }
  // Environment variables for ${env:} below those of the process, from .env files.
  void add_env(EnvPairs pairs) { dotenv_ = std::move(pairs); }

 private:
  struct Place {
    Mark mark;
    std::string path;
  };
  using Value = std::optional<Node>;  // nullopt: the source has no value

  Result<void> resolve_deep(Node& node, const std::string& path, int depth);
  Result<void> resolve_string(Node& node, const std::string& path, int depth);
  Result<Node> evaluate(const Template& text, const Place& place, int depth);
  Result<Node> evaluate_variable(const Variable& variable, const Place& place, int depth);
  Result<std::string> evaluate_text(const Template& text, const Place& place, int depth);
  Result<Value> from_source(const Source& source, const Place& place, int depth);
  Result<Value> from_self(const std::string& address, int depth);
  Result<Value> from_file(const std::vector<std::string>& params, const std::string& address,
                          int depth);
  Result<Value> from_ssm(const std::vector<std::string>& params, const std::string& address,
                         const Place& place) const;
  Result<Value> from_cf(const std::vector<std::string>& params, const std::string& address) const;
  Result<Value> from_param(const std::string& address, int depth);
  Result<Value> from_scope(const Source& source, const std::string& address);
  Result<Node*> navigate(Node& start, std::string_view address, std::string path, int depth);
  Result<Node> resolve_again(Node node, const Place& place, int depth);
  Result<Node*> load_file(const std::string& path);
  std::string why_missing(const Variable& variable, const Place& place) const;
  Result<void> charge(const Node& node);

  Node& root_;
  VariableSources sources_;
  EnvPairs dotenv_;
  std::map<std::string, Node> files_;  // parsed, by absolute path; null kind with no mark: absent
  std::vector<std::string> files_read_;
  std::vector<std::pair<const Node*, std::string>> active_;  // being resolved, outermost first
  size_t bytes_ = 0;
  size_t nodes_ = 0;
};

}  // namespace dew::serverless
