// Functions as they are configured and stored: plain data and its JSON form.
//
// A FunctionRecord is everything about one function: $LATEST, published versions, aliases, resource
// policies, tags, concurrency. It is stored as one JSON document (docs/formats/lambda.md), and
// shared in memory as an immutable snapshot that every change replaces.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "services/lambda/logging.h"

namespace dew::lambda {

inline constexpr std::string_view kLatest = "$LATEST";

// How an execution environment came to be: for an invocation, or ahead of any. The names are those
// of AWS_LAMBDA_INITIALIZATION_TYPE.
// docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
enum class Initialization { kOnDemand, kProvisioned };
constexpr std::string_view initialization_name(Initialization initialization) {
  return initialization == Initialization::kProvisioned ? "provisioned-concurrency" : "on-demand";
}

// A layer version as a function uses it: it keeps working after the version is deleted.
struct LayerUse {
  std::string arn;
  std::string code_id;
  int64_t code_size = 0;  // bytes of the archive
  bool operator==(const LayerUse&) const = default;
};

struct VersionConfig {
  std::string function_name;
  std::string version{kLatest};
  std::string runtime;
  std::string role;
  std::string handler;
  std::string description;
  int timeout_seconds = 3;
  int memory_mb = 128;
  int tmp_mb = 512;
  std::string architecture = "x86_64";
  std::string tracing_mode = "PassThrough";
  std::string kms_key_arn;
  std::map<std::string, std::string> environment;
  Logging logging;
  std::vector<LayerUse> layers;  // merged into /opt in this order, the later over the earlier
  std::string code_id;           // hex SHA-256 of the archive: its directory in the code store
  std::string code_sha256;       // the same in base64, as the API shows it
  int64_t code_size = 0;         // bytes of the archive
  std::string last_modified;
  std::string revision_id;

  std::string arn(const std::string& region, const std::string& account) const;
  // Whether a version published of the one would do what the other does. Not names, times and
  // revisions.
  bool behaves_as(const VersionConfig& other) const;
};

struct Alias {
  std::string name;
  std::string version;
  std::string description;
  std::string revision_id;
  std::map<std::string, double> weights;  // AdditionalVersionWeights: the shares of other versions
  std::string shifting_from;              // the version in `weights`, of a shift (alias_shift.h)
};

struct Statement {
  std::string id;
  json::Object document;  // as GetPolicy shows it
  // What the check on the invocation path needs.
  std::string principal;       // a service, an account's ARN, or *
  std::string action;          // lambda:InvokeFunction, lambda:*, *
  std::string source_arn;      // ArnLike pattern; empty: any
  std::string source_account;  // empty: any
};

struct Policy {
  std::string revision_id;
  std::vector<Statement> statements;
};
// As GetPolicy shows it.
json::Object policy_document(const Policy& policy);
// As it is stored.
json::Object policy_to_json(const Policy& policy);
Policy policy_from_json(const json::Object& stored);

struct EventInvokeConfig {
  std::optional<int> retries;          // MaximumRetryAttempts
  std::optional<int> max_age_seconds;  // MaximumEventAgeInSeconds
  double last_modified = 0;
};

// PutProvisionedConcurrencyConfig
struct ProvisionedConfig {
  int executions = 0;         // environments that are kept ready
  std::string last_modified;  // as the API writes it
};

struct FunctionRecord {
  std::string name;
  VersionConfig latest;
  std::map<uint64_t, VersionConfig> versions;
  uint64_t next_version = 1;
  std::map<std::string, Alias> aliases;
  std::map<std::string, Policy> policies;  // by qualifier; "" is the unqualified function
  std::map<std::string, EventInvokeConfig> event_configs;  // by qualifier
  std::map<std::string, std::string> tags;
  std::optional<int> reserved_concurrency;
  std::map<std::string, ProvisionedConfig> provisioned;  // by alias, or by a version's number

  int provisioned_total() const;
  // $LATEST, a version number, or an alias's target. nullptr: no such qualifier.
  const VersionConfig* find(std::string_view qualifier) const;
};

std::string to_json(const FunctionRecord& record);
Result<FunctionRecord> record_from_json(std::string_view text);

// The FunctionConfiguration shape of the API. With `qualifier`, the ARN ends in it.
json::Object configuration_json(const VersionConfig& config, const std::string& region,
                                const std::string& account, std::string_view qualifier = {});

Statement statement_from_json(const json::Object& document);

}  // namespace dew::lambda
