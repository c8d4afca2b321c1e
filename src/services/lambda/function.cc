#include "services/lambda/function.h"

#include <charconv>
#include <tuple>

namespace dew::lambda {
namespace {

json::Object version_to_json(const VersionConfig& c) {
  json::Object environment;
  for (const auto& [name, value] : c.environment) environment[name] = value;
  json::Array layers;
  for (const auto& layer : c.layers) {
    layers.emplace_back(json::Object{
        {"arn", layer.arn}, {"code_id", layer.code_id}, {"code_size", layer.code_size}});
  }
  return {{"version", c.version},
          {"runtime", c.runtime},
          {"role", c.role},
          {"handler", c.handler},
          {"description", c.description},
          {"timeout", c.timeout_seconds},
          {"memory", c.memory_mb},
          {"tmp", c.tmp_mb},
          {"architecture", c.architecture},
          {"tracing", c.tracing_mode},
          {"kms", c.kms_key_arn},
          {"environment", std::move(environment)},
          {"layers", std::move(layers)},
          {"logging", logging_json(c.logging, c.function_name)},
          {"code_id", c.code_id},
          {"code_sha256", c.code_sha256},
          {"code_size", c.code_size},
          {"last_modified", c.last_modified},
          {"revision_id", c.revision_id}};
}

std::map<std::string, std::string> string_map(const json::Object* object) {
  std::map<std::string, std::string> out;
  if (object == nullptr) return out;
  for (const auto& [key, value] : *object) {
    if (value.is_string()) out.emplace(std::string(key), json::str(value));
  }
  return out;
}

VersionConfig version_from_json(const std::string& name, const json::Object& o) {
  VersionConfig c;
  c.function_name = name;
  c.version = json::string_or(o, "version", kLatest);
  c.runtime = json::string_or(o, "runtime");
  c.role = json::string_or(o, "role");
  c.handler = json::string_or(o, "handler");
  c.description = json::string_or(o, "description");
  c.timeout_seconds = static_cast<int>(json::int_at(o, "timeout").value_or(3));
  c.memory_mb = static_cast<int>(json::int_at(o, "memory").value_or(128));
  c.tmp_mb = static_cast<int>(json::int_at(o, "tmp").value_or(512));
  c.architecture = json::string_or(o, "architecture", "x86_64");
  c.tracing_mode = json::string_or(o, "tracing", "PassThrough");
  c.kms_key_arn = json::string_or(o, "kms");
  c.environment = string_map(json::object_at(o, "environment"));
  if (const auto* logging = json::object_at(o, "logging"))
    c.logging = logging_of(*logging, name).value_or(Logging{});
  if (const auto* layers = json::array_at(o, "layers")) {
    for (const auto& layer : *layers) {
      if (const auto* use = layer.if_object()) {
        c.layers.push_back({json::string_or(*use, "arn"), json::string_or(*use, "code_id"),
                            json::int_at(*use, "code_size").value_or(0)});
      }
    }
  }
  c.code_id = json::string_or(o, "code_id");
  c.code_sha256 = json::string_or(o, "code_sha256");
  c.code_size = json::int_at(o, "code_size").value_or(0);
  c.last_modified = json::string_or(o, "last_modified");
  c.revision_id = json::string_or(o, "revision_id");
  return c;
}

// The one string of a condition operator's value for a key, compared without case in the key.
std::string condition_value(const json::Object& document, std::string_view op,
                            std::string_view key) {
  const auto* condition = json::object_at(document, "Condition");
  const auto* values = condition == nullptr ? nullptr : json::object_at(*condition, op);
  return values == nullptr ? "" : json::string_or(*values, key);
}

template <class T, class F>
json::Object map_to_json(const std::map<std::string, T>& map, F convert) {
  json::Object out;
  for (const auto& [key, value] : map) out[key] = convert(value);
  return out;
}

template <class F>
void each_object(const json::Object& o, std::string_view key, F visit) {
  const auto* members = json::object_at(o, key);
  if (members == nullptr) return;
  for (const auto& [name, value] : *members) {
    if (value.is_object()) visit(std::string(name), value.as_object());
  }
}

std::optional<int> small_int(const json::Object& o, std::string_view key) {
  const auto value = json::int_at(o, key);
  return value ? std::optional<int>(static_cast<int>(*value)) : std::nullopt;
}

}  // namespace

std::string VersionConfig::arn(const std::string& region, const std::string& account) const {
  return fmt::format("arn:aws:lambda:{}:{}:function:{}", region, account, function_name);
}

bool VersionConfig::behaves_as(const VersionConfig& other) const {
  const auto parts = [](const VersionConfig& c) {
    return std::tie(c.code_id, c.runtime, c.role, c.handler, c.timeout_seconds, c.memory_mb,
                    c.environment, c.tmp_mb, c.tracing_mode, c.architecture, c.kms_key_arn,
                    c.layers, c.logging.json, c.logging.application_level, c.logging.system_level,
                    c.logging.group);
  };
  return parts(*this) == parts(other);
}

const VersionConfig* FunctionRecord::find(std::string_view qualifier) const {
  if (qualifier.empty() || qualifier == kLatest) return &latest;
  uint64_t number = 0;
  const char* end = qualifier.data() + qualifier.size();
  if (std::from_chars(qualifier.data(), end, number).ptr == end) {
    const auto it = versions.find(number);
    return it == versions.end() ? nullptr : &it->second;
  }
  const auto alias = aliases.find(std::string(qualifier));
  return alias == aliases.end() ? nullptr : find(alias->second.version);
}

Statement statement_from_json(const json::Object& document) {
  Statement s;
  s.id = json::string_or(document, "Sid");
  s.action = json::string_or(document, "Action");
  if (const auto* principal = json::object_at(document, "Principal")) {
    s.principal = json::string_or(*principal, "Service");
    if (s.principal.empty()) s.principal = json::string_or(*principal, "AWS");
  } else {
    s.principal = json::string_or(document, "Principal");
  }
  s.source_arn = condition_value(document, "ArnLike", "AWS:SourceArn");
  s.source_account = condition_value(document, "StringEquals", "AWS:SourceAccount");
  s.document = document;
  return s;
}

int FunctionRecord::provisioned_total() const {
  int sum = 0;
  for (const auto& [qualifier, config] : provisioned) sum += config.executions;
  return sum;
}

std::string to_json(const FunctionRecord& r) {
  json::Array versions;
  for (const auto& [number, version] : r.versions) versions.emplace_back(version_to_json(version));
  json::Object tags;
  for (const auto& [key, value] : r.tags) tags[key] = value;
  json::Object o{{"name", r.name},
                 {"latest", version_to_json(r.latest)},
                 {"versions", std::move(versions)},
                 {"next_version", r.next_version},
                 {"tags", std::move(tags)}};
  o["aliases"] = map_to_json(r.aliases, [](const Alias& a) {
    json::Object weights;
    for (const auto& [version, weight] : a.weights) weights[version] = weight;
    json::Object out{{"version", a.version},
                     {"description", a.description},
                     {"revision_id", a.revision_id},
                     {"weights", std::move(weights)}};
    if (!a.shifting_from.empty()) out["shifting_from"] = a.shifting_from;
    return out;
  });
  o["policies"] = map_to_json(r.policies, policy_to_json);
  o["event_configs"] = map_to_json(r.event_configs, [](const EventInvokeConfig& c) {
    json::Object out{{"last_modified", c.last_modified}};
    if (c.retries) out["retries"] = *c.retries;
    if (c.max_age_seconds) out["max_age"] = *c.max_age_seconds;
    return out;
  });
  if (r.reserved_concurrency) o["reserved_concurrency"] = *r.reserved_concurrency;
  o["provisioned"] = map_to_json(r.provisioned, [](const ProvisionedConfig& c) {
    return json::Object{{"executions", c.executions}, {"last_modified", c.last_modified}};
  });
  return json::dump(o);
}

Result<FunctionRecord> record_from_json(std::string_view text) {
  TRY(const json::Value value, json::parse(text));
  const auto* o = value.if_object();
  const auto* latest = o == nullptr ? nullptr : json::object_at(*o, "latest");
  if (latest == nullptr) return fail(ErrorKind::kInternal, "a stored function has no $LATEST");
  FunctionRecord r;
  r.name = json::string_or(*o, "name");
  r.latest = version_from_json(r.name, *latest);
  if (const auto* versions = json::array_at(*o, "versions")) {
    for (const auto& version : *versions) {
      if (!version.is_object()) continue;
      VersionConfig c = version_from_json(r.name, version.as_object());
      uint64_t number = 0;
      std::from_chars(c.version.data(), c.version.data() + c.version.size(), number);
      r.versions.emplace(number, std::move(c));
    }
  }
  r.next_version = static_cast<uint64_t>(json::int_at(*o, "next_version").value_or(1));
  each_object(*o, "aliases", [&](const std::string& name, const json::Object& a) {
    Alias& alias = r.aliases[name];
    alias = {name,
             json::string_or(a, "version"),
             json::string_or(a, "description"),
             json::string_or(a, "revision_id"),
             {},
             json::string_or(a, "shifting_from")};
    if (const auto* weights = json::object_at(a, "weights")) {
      for (const auto& [version, weight] : *weights)
        alias.weights[std::string(version)] = json::number_at(*weights, version).value_or(0);
    }
  });
  each_object(*o, "policies", [&](const std::string& qualifier, const json::Object& p) {
    r.policies[qualifier] = policy_from_json(p);
  });
  each_object(*o, "event_configs", [&](const std::string& qualifier, const json::Object& c) {
    r.event_configs[qualifier] = {small_int(c, "retries"), small_int(c, "max_age"),
                                  json::number_at(c, "last_modified").value_or(0)};
  });
  r.tags = string_map(json::object_at(*o, "tags"));
  r.reserved_concurrency = small_int(*o, "reserved_concurrency");
  each_object(*o, "provisioned", [&](const std::string& qualifier, const json::Object& c) {
    r.provisioned[qualifier] = {small_int(c, "executions").value_or(0),
                                json::string_or(c, "last_modified")};
  });
  return r;
}

json::Object configuration_json(const VersionConfig& c, const std::string& region,
                                const std::string& account, std::string_view qualifier) {
  std::string arn = c.arn(region, account);
  if (!qualifier.empty()) arn += ":" + std::string(qualifier);
  json::Object o{{"FunctionName", c.function_name},
                 {"FunctionArn", std::move(arn)},
                 {"Runtime", c.runtime},
                 {"Role", c.role},
                 {"Handler", c.handler},
                 {"CodeSize", c.code_size},
                 {"Description", c.description},
                 {"Timeout", c.timeout_seconds},
                 {"MemorySize", c.memory_mb},
                 {"LastModified", c.last_modified},
                 {"CodeSha256", c.code_sha256},
                 {"Version", c.version},
                 {"TracingConfig", json::Object{{"Mode", c.tracing_mode}}},
                 {"RevisionId", c.revision_id},
                 {"State", "Active"},
                 {"LastUpdateStatus", "Successful"},
                 {"PackageType", "Zip"},
                 {"Architectures", json::Array{c.architecture}},
                 {"EphemeralStorage", json::Object{{"Size", c.tmp_mb}}},
                 {"LoggingConfig", logging_json(c.logging, c.function_name)},
                 {"SnapStart", json::Object{{"ApplyOn", "None"}, {"OptimizationStatus", "Off"}}}};
  if (!c.layers.empty()) {
    json::Array layers;
    for (const auto& layer : c.layers)
      layers.emplace_back(json::Object{{"Arn", layer.arn}, {"CodeSize", layer.code_size}});
    o["Layers"] = std::move(layers);
  }
  if (!c.kms_key_arn.empty()) o["KMSKeyArn"] = c.kms_key_arn;
  if (!c.environment.empty()) {
    json::Object variables;
    for (const auto& [name, value] : c.environment) variables[name] = value;
    o["Environment"] = json::Object{{"Variables", std::move(variables)}};
  }
  return o;
}

json::Object policy_to_json(const Policy& policy) {
  json::Array statements;
  for (const auto& statement : policy.statements) statements.emplace_back(statement.document);
  return {{"revision_id", policy.revision_id}, {"statements", std::move(statements)}};
}

Policy policy_from_json(const json::Object& o) {
  Policy policy;
  policy.revision_id = json::string_or(o, "revision_id");
  if (const auto* statements = json::array_at(o, "statements")) {
    for (const auto& statement : *statements) {
      if (statement.is_object()) {
        policy.statements.push_back(statement_from_json(statement.as_object()));
      }
    }
  }
  return policy;
}

json::Object policy_document(const Policy& policy) {
  json::Array statements;
  for (const auto& statement : policy.statements) statements.emplace_back(statement.document);
  return {{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", std::move(statements)}};
}

}  // namespace dew::lambda
