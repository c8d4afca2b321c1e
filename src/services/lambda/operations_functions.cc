// Create, update, read and delete functions.
#include "base/ids.h"
#include "services/lambda/operations_layers.h"

namespace dew::lambda {
namespace {

// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
constexpr size_t kMaxEnvironmentBytes = 4096;
constexpr int kMaxTimeoutSeconds = 900;

std::unexpected<aws::ApiError> too_large(std::string_view value, std::string_view member,
                                         int most) {
  return aws::fail(aws::ApiError::validation(fmt::format(
      "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must "
      "have value less than or equal to {}",
      value, member, most)));
}

aws::ApiResult<void> refuse_unsupported(const json::Object& input) {
  const auto given = [&](std::string_view key) {
    const auto* value = json::find(input, key);
    if (value == nullptr || value->is_null()) return false;
    if (value->is_array()) return !value->as_array().empty();
    if (value->is_object()) {
      for (const auto& [name, member] : value->as_object()) {
        if (!(member.is_array() && member.as_array().empty()) &&
            !(member.is_string() && member.as_string().empty())) {
          return true;
        }
      }
      return false;
    }
    return !(value->is_string() && value->as_string().empty());
  };
  for (const char* key : {"VpcConfig", "DeadLetterConfig", "FileSystemConfigs", "ImageConfig",
                          "CodeSigningConfigArn"}) {
    if (given(key))
      return aws::fail(aws::ApiError::unsupported(std::string(key) + " of a function"));
  }
  if (const auto* snap = json::object_at(input, "SnapStart");
      snap != nullptr && json::string_or(*snap, "ApplyOn", "None") != "None") {
    return aws::fail(aws::ApiError::unsupported("SnapStart"));
  }
  if (json::string_or(input, "PackageType", "Zip") != "Zip") {
    return aws::fail(aws::ApiError::unsupported("container images"));
  }
  return {};
}

aws::ApiResult<void> read_environment(const json::Object& input, VersionConfig& config) {
  const auto* environment = json::object_at(input, "Environment");
  if (environment == nullptr) return {};
  std::map<std::string, std::string> variables;
  std::string reserved;
  size_t bytes = 2;
  if (const auto* given = json::object_at(*environment, "Variables")) {
    for (const auto& [key, value] : *given) {
      const std::string name(key);
      if (!value.is_string()) continue;
      if (is_reserved_variable(name)) reserved += (reserved.empty() ? "" : ", ") + name;
      variables[name] = json::str(value);
      bytes += name.size() + value.as_string().size() + 6;  // as JSON: "name":"value",
    }
  }
  if (!reserved.empty()) {
    return invalid(
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided contains reserved keys that are currently not supported for "
        "modification. Reserved keys used in this request: " +
        reserved);
  }
  if (bytes > kMaxEnvironmentBytes) {
    return invalid(fmt::format(
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided exceeded the 4KB limit. String measured: {} bytes",
        bytes));
  }
  config.environment = std::move(variables);
  return {};
}

aws::ApiResult<void> check_runtime(Core& core, const VersionConfig& config) {
  if (is_unsupported_runtime(config.runtime)) {
    return invalid(fmt::format(
        "Dewpoint does not run the runtime {}. It runs provided, provided.al2, provided.al2023, "
        "nodejs* and python3*.",
        config.runtime));
  }
  const auto family = runtime_family(config.runtime);
  if (!family) {
    return invalid(fmt::format(
        "Value {} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
        "[nodejs18.x, nodejs20.x, nodejs22.x, python3.9, python3.10, python3.11, python3.12, "
        "python3.13, provided, provided.al2, provided.al2023] or be a valid ARN",
        config.runtime));
  }
  if (family != RuntimeFamily::kProvided) CHECK_OK(core.runtimes->interpreter(config.runtime));
  return {};
}

aws::ApiResult<void> check_role(Core& core, const VersionConfig& config) {
  const auto credentials = core.credentials.renew(config.role, config.function_name);
  if (credentials || credentials.error().status >= 500) return {};
  return invalid("The role defined for the function cannot be assumed by Lambda.");
}

// The members that CreateFunction and UpdateFunctionConfiguration share.
aws::ApiResult<void> read_configuration(Core& core, const json::Object& input,
                                        VersionConfig& config) {
  CHECK_OK(refuse_unsupported(input));
  if (const auto role = json::string_at(input, "Role")) config.role = *role;
  if (const auto handler = json::string_at(input, "Handler")) config.handler = *handler;
  if (const auto runtime = json::string_at(input, "Runtime")) config.runtime = *runtime;
  if (const auto text = json::string_at(input, "Description")) config.description = *text;
  if (const auto key = json::string_at(input, "KMSKeyArn")) config.kms_key_arn = *key;
  if (const auto timeout = json::int_at(input, "Timeout")) {
    if (*timeout > kMaxTimeoutSeconds) {
      return too_large(std::to_string(*timeout), "timeout", kMaxTimeoutSeconds);
    }
    config.timeout_seconds = static_cast<int>(*timeout);
  }
  if (const auto memory = json::int_at(input, "MemorySize")) {
    config.memory_mb = static_cast<int>(*memory);
  }
  if (const auto* tmp = json::object_at(input, "EphemeralStorage")) {
    config.tmp_mb = static_cast<int>(json::int_at(*tmp, "Size").value_or(512));
  }
  if (const auto* tracing = json::object_at(input, "TracingConfig")) {
    config.tracing_mode = json::string_or(*tracing, "Mode", "PassThrough");
  }
  if (const auto* logging = json::object_at(input, "LoggingConfig")) {
    TRY(config.logging, logging_of(*logging, config.function_name));
  }
  if (const auto* layers = json::array_at(input, "Layers")) {
    TRY(config.layers, layers_of(core, *layers));
  }
  if (const auto* architectures = json::array_at(input, "Architectures");
      architectures != nullptr && !architectures->empty() && architectures->front().is_string()) {
    config.architecture = json::str(architectures->front());
  }
  return read_environment(input, config);
}

void set_code(VersionConfig& config, const Code& code) {
  config.code_id = code.id;
  config.code_sha256 = code.sha256;
  config.code_size = code.size_bytes;
}

void touch(Core& core, VersionConfig& config) {
  config.revision_id = uuid_v4();
  config.last_modified = core.timestamp();
}

json::Value shown(Core& core, const VersionConfig& config, std::string_view qualifier = {}) {
  return configuration_json(config, core.region(), core.account(), qualifier);
}

aws::ApiResult<json::Value> create_function(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  FunctionRecord record;
  record.name = name.name;
  VersionConfig& config = record.latest;
  config.function_name = record.name;
#if defined(__aarch64__)
  config.architecture = "arm64";
#endif
  CHECK_OK(read_configuration(core, call.input, config));
  if (config.runtime.empty() || config.handler.empty()) {
    return invalid(
        "Runtime and Handler are mandatory parameters for functions created with deployment "
        "packages.");
  }
  CHECK_OK(check_runtime(core, config));
  if (core.catalog->find(record.name)) {
    aws::ApiError taken("ResourceConflictException", "Function already exist: " + record.name, 409);
    taken.members["Type"] = "User";
    return aws::fail(std::move(taken));
  }
  CHECK_OK(check_role(core, config));
  const auto* source = json::object_at(call.input, "Code");
  TRY(const CodePtr code, code_of(core, call, source != nullptr ? *source : json::Object()));
  set_code(config, *code);
  CHECK_OK(check_unpacked_size(core, config));
  touch(core, config);
  if (const auto* tags = json::object_at(call.input, "Tags")) {
    for (const auto& [key, value] : *tags) {
      if (value.is_string()) record.tags[std::string(key)] = json::str(value);
    }
  }
  const bool publish_now = json::bool_at(call.input, "Publish").value_or(false);
  VersionConfig answer = config;
  if (publish_now) answer = publish(core, record, "");
  CHECK_OK(core.catalog->create(std::move(record)));
  return shown(core, answer, publish_now ? answer.version : "");
}

aws::ApiResult<json::Value> update_function_code(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto current = core.catalog->find(name.name);
  if (current == nullptr) return aws::fail(core.catalog->not_found(name.name));
  TRY(const CodePtr code, code_of(core, call, call.input));
  const bool publish_now = json::bool_at(call.input, "Publish").value_or(false);
  VersionConfig preview = current->latest;
  set_code(preview, *code);
  CHECK_OK(check_unpacked_size(core, preview));
  if (json::bool_at(call.input, "DryRun").value_or(false)) return shown(core, preview);
  VersionConfig answer;
  CHECK_OK(core.catalog->change(name.name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    CHECK_OK(check_revision(call.input, record.latest.revision_id));
    set_code(record.latest, *code);
    touch(core, record.latest);
    answer = publish_now ? publish(core, record, "") : record.latest;
    return {};
  }));
  return shown(core, answer, publish_now ? answer.version : "");
}

aws::ApiResult<json::Value> update_function_configuration(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto current = core.catalog->find(name.name);
  if (current == nullptr) return aws::fail(core.catalog->not_found(name.name));
  VersionConfig preview = current->latest;
  CHECK_OK(read_configuration(core, call.input, preview));
  CHECK_OK(check_runtime(core, preview));
  if (preview.layers != current->latest.layers) CHECK_OK(check_unpacked_size(core, preview));
  if (preview.role != current->latest.role) CHECK_OK(check_role(core, preview));
  VersionConfig answer;
  CHECK_OK(core.catalog->change(name.name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    CHECK_OK(check_revision(call.input, record.latest.revision_id));
    CHECK_OK(read_configuration(core, call.input, record.latest));
    touch(core, record.latest);
    answer = record.latest;
    return {};
  }));
  return shown(core, answer);
}

struct Found {
  RecordPtr record;
  const VersionConfig* config;
};

aws::ApiResult<Found> find(Core& core, const json::Object& input, FunctionName& name) {
  TRY(name, named_function(input));
  const auto record = core.catalog->find(name.name);
  const auto* config = record ? record->find(name.qualifier) : nullptr;
  if (config == nullptr) return aws::fail(core.catalog->not_found(name.name, name.qualifier));
  return Found{record, config};
}

aws::ApiResult<json::Value> get_function(Core& core, aws::Call& call) {
  FunctionName name;
  TRY(const Found found, find(core, call.input, name));
  json::Object output{{"Configuration", shown(core, *found.config, name.qualifier)},
                      {"Code", json::Object{{"RepositoryType", "S3"}}}};
  if (!found.record->tags.empty()) {
    json::Object tags;
    for (const auto& [key, value] : found.record->tags) tags[key] = value;
    output["Tags"] = std::move(tags);
  }
  if (found.record->reserved_concurrency) {
    output["Concurrency"] =
        json::Object{{"ReservedConcurrentExecutions", *found.record->reserved_concurrency}};
  }
  return output;
}

aws::ApiResult<json::Value> get_function_configuration(Core& core, aws::Call& call) {
  FunctionName name;
  TRY(const Found found, find(core, call.input, name));
  return shown(core, *found.config, name.qualifier);
}

aws::ApiResult<json::Value> list_functions(Core& core, aws::Call& call) {
  const bool versions = json::string_or(call.input, "FunctionVersion") == "ALL";
  json::Array items;
  for (const auto& record : core.catalog->all()) {
    items.push_back(shown(core, record->latest, versions ? kLatest : std::string_view()));
    if (!versions) continue;
    for (const auto& [number, version] : record->versions) {
      items.push_back(shown(core, version, version.version));
    }
  }
  return page(call.input, "Functions", std::move(items));
}

aws::ApiResult<json::Value> delete_function(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  if (name.qualifier.empty()) {
    CHECK_OK(core.catalog->remove(name.name));
    return json::Object();
  }
  if (name.qualifier == kLatest) {
    return invalid("$LATEST version cannot be deleted without deleting the function.");
  }
  CHECK_OK(core.catalog->change(
      name.name, name.qualifier, [&](FunctionRecord& record) -> aws::ApiResult<void> {
        const auto* config = record.find(name.qualifier);
        if (config == nullptr || config->version != name.qualifier) {
          return aws::fail(core.catalog->not_found(name.name, name.qualifier));
        }
        for (const auto& [alias, target] : record.aliases) {
          if (target.version == name.qualifier ||
              target.weights.contains(std::string(name.qualifier))) {
            return aws::fail("ResourceConflictException",
                             fmt::format("Unable to delete version because the following aliases "
                                         "reference it: [{}]",
                                         alias),
                             409);
          }
        }
        const auto version = config->version;
        std::erase_if(record.versions,
                      [&](const auto& each) { return each.second.version == version; });
        record.policies.erase(version);
        record.event_configs.erase(version);
        record.provisioned.erase(version);
        return {};
      }));
  return json::Object();
}

}  // namespace

void register_functions(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "CreateFunction", create_function);
  add_operation(registry, core, "UpdateFunctionCode", update_function_code);
  add_operation(registry, core, "UpdateFunctionConfiguration", update_function_configuration);
  add_operation(registry, core, "GetFunction", get_function);
  add_operation(registry, core, "GetFunctionConfiguration", get_function_configuration);
  add_operation(registry, core, "ListFunctions", list_functions);
  add_operation(registry, core, "DeleteFunction", delete_function);
}

}  // namespace dew::lambda
