// AWS::Lambda::Function, Version, Alias, Permission
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
#include "services/cloudformation/resources/alias_release.h"
#include "services/cloudformation/resources/common.h"
#include "services/cloudformation/resources/inline_code.h"
#include "services/cloudformation/resources/provisioned.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kFunction =
    "FunctionName~ string  PackageType~ string  Runtime string  Role! string  Handler string  "
    "Description string  Timeout int  MemorySize int  ReservedConcurrentExecutions int  "
    "KmsKeyArn string  Code! { ZipFile string S3Bucket string S3Key string S3ObjectVersion string "
    "  ImageUri unsupported SourceKMSKeyArn unsupported } "
    "Environment { Variables < string > }  Architectures [ string ]  "
    "Tags [ { Key! string Value string } ]  TracingConfig { Mode string }  EphemeralStorage { "
    "Size! int }  Layers [ string ]  "
    "DeadLetterConfig unsupported  VpcConfig unsupported  SnapStart unsupported  "
    "ImageConfig unsupported  FileSystemConfigs unsupported  CodeSigningConfigArn unsupported  "
    "RuntimeManagementConfig unsupported  LoggingConfig { LogFormat string  ApplicationLogLevel "
    "string  SystemLogLevel string  "
    "LogGroup string }  RecursiveLoop unsupported  CapacityProviderConfig unsupported  "
    "DurableConfig unsupported  FunctionScalingConfig unsupported  PublishToLatestPublished "
    "unsupported  TenancyConfig unsupported";

// Properties that UpdateFunctionConfiguration changes.
constexpr std::initializer_list<const char*> kConfiguration = {
    "Runtime",   "Role",        "Handler",       "Description",      "Timeout", "MemorySize",
    "KmsKeyArn", "Environment", "TracingConfig", "EphemeralStorage", "Layers",  "LoggingConfig"};

ApiResult<json::Object> code(const json::Object& properties) {
  const auto& wanted = properties.at("Code").as_object();
  json::Object out;
  if (wanted.contains("ZipFile")) {
    TRY(out["ZipFile"], zip_inline_code(text(properties, "Runtime"), text(wanted, "ZipFile")));
    return out;
  }
  if (!wanted.contains("S3Bucket") || !wanted.contains("S3Key")) {
    return invalid("Code requires ZipFile, or S3Bucket and S3Key");
  }
  copy(out, wanted, {"S3Bucket", "S3Key", "S3ObjectVersion"});
  return out;
}

Instance function_instance(const json::Object& made, const std::string& name,
                           const json::Object& properties) {
  // The unqualified ARN, whatever version the answer was about.
  const auto* snap = json::object_at(made, "SnapStart");
  json::Object attributes{{"Arn", text(made, "FunctionArn")}};
  if (snap != nullptr) {
    for (const auto& [member, value] : *snap)
      attributes["SnapStartResponse." + std::string(member)] = value;
  }
  return {name, properties, std::move(attributes)};
}

ApiResult<void> apply_concurrency(const Session& session, const std::string& name,
                                  const json::Object& before, const json::Object& now) {
  if (!differs(before, now, "ReservedConcurrentExecutions")) return {};
  if (const auto* limit = json::find(now, "ReservedConcurrentExecutions")) {
    CHECK_OK(session.call("lambda", "PutFunctionConcurrency",
                          {{"FunctionName", name}, {"ReservedConcurrentExecutions", *limit}}));
  } else {
    CHECK_OK(session.call("lambda", "DeleteFunctionConcurrency", {{"FunctionName", name}}));
  }
  return {};
}

ApiResult<Instance> create_function(const Session& session, const Desired& desired) {
  const auto& properties = desired.properties;
  json::Object input{{"FunctionName", desired.name}};
  TRY(input["Code"], code(properties));
  copy(input, properties,
       {"Runtime",
        "Role",
        "Handler",
        "Description",
        "Timeout",
        "MemorySize",
        "Environment",
        "Architectures",
        "TracingConfig",
        "EphemeralStorage",
        "Layers",
        "LoggingConfig",
        "PackageType",
        {"KmsKeyArn", "KMSKeyArn"}});
  if (auto tags = tag_map(properties); !tags.empty()) input["Tags"] = std::move(tags);
  TRY(const auto made, session.call("lambda", "CreateFunction", std::move(input)));
  desired.note(desired.name);
  CHECK_OK(apply_concurrency(session, desired.name, {}, properties));
  return function_instance(made, desired.name, properties);
}

// What UpdateFunctionConfiguration must say for a property to be as if it had never been given.
json::Value unset(std::string_view property) {
  if (property == "Timeout") return 3;
  if (property == "MemorySize") return 128;
  if (property == "Environment") return json::Object{{"Variables", json::Object{}}};
  if (property == "TracingConfig") return json::Object{{"Mode", "PassThrough"}};
  if (property == "EphemeralStorage") return json::Object{{"Size", 512}};
  if (property == "Layers") return json::Array{};
  if (property == "LoggingConfig") return json::Object{{"LogFormat", "Text"}};
  return "";
}

ApiResult<Instance> update_function(const Session& session, const Instance& current,
                                    const Desired& desired) {
  const auto& before = current.properties;
  const auto& now = desired.properties;
  const auto& name = current.id;
  if (differs(before, now, kConfiguration)) {
    json::Object input{{"FunctionName", name}};
    for (const auto* property : kConfiguration) {
      if (!differs(before, now, property)) continue;
      const auto* value = json::find(now, property);
      const std::string_view member =
          std::string_view(property) == "KmsKeyArn" ? "KMSKeyArn" : property;
      input[member] = value != nullptr ? *value : unset(property);
    }
    CHECK_OK(session.call("lambda", "UpdateFunctionConfiguration", std::move(input)));
  }
  if (differs(before, now, {"Code", "Architectures"})) {
    TRY(auto input, code(now));
    input["FunctionName"] = name;
    copy(input, now, {"Architectures"});
    CHECK_OK(session.call("lambda", "UpdateFunctionCode", std::move(input)));
  }
  CHECK_OK(apply_concurrency(session, name, before, now));
  if (differs(before, now, "Tags")) {
    const auto arn = text(current.attributes, "Arn");
    auto tags = tag_map(now);
    if (auto gone = keys_gone(tag_map(before), tags); !gone.empty()) {
      CHECK_OK(session.call("lambda", "UntagResource",
                            {{"Resource", arn}, {"TagKeys", std::move(gone)}}));
    }
    if (!tags.empty())
      CHECK_OK(
          session.call("lambda", "TagResource", {{"Resource", arn}, {"Tags", std::move(tags)}}));
  }
  return Instance{name, now, current.attributes};
}

ApiResult<std::vector<std::string>> find_versions(
    const Session& session, const Desired& desired,
    const std::function<bool(const json::Object& version)>& ours) {
  std::vector<std::string> out;
  json::Object input{{"FunctionName", text(desired.properties, "FunctionName")}};
  while (true) {
    TRY(const auto page, session.call("lambda", "ListVersionsByFunction", input));
    if (const auto* versions = json::array_at(page, "Versions")) {
      for (const auto& version : *versions) {
        if (ours(version.as_object())) out.push_back(text(version.as_object(), "FunctionArn"));
      }
    }
    const auto next = text(page, "NextMarker");
    if (next.empty()) return out;
    input["Marker"] = next;
  }
}

ApiResult<std::vector<std::string>> all_versions(const Session& session, const Desired& desired) {
  return find_versions(session, desired, [](const json::Object& version) {
    return text(version, "Version") != "$LATEST";
  });
}

// Nothing on a version says who published it; one of another description is not ours. (Without one,
// it has the function's.)
ApiResult<std::vector<std::string>> list_versions(const Session& session, const Desired& desired) {
  const auto description = json::string_at(desired.properties, "Description");
  return find_versions(session, desired, [&](const json::Object& version) {
    return text(version, "Version") != "$LATEST" &&
           (!description || text(version, "Description") == *description);
  });
}

// A function that has not changed since its last version is not published again: two resources
// would own one version, and the removal of either would take it from the other.
ApiResult<Instance> create_version(const Session& session, const Desired& desired) {
  TRY(const auto before, all_versions(session, desired));
  json::Object input;
  copy(input, desired.properties, {"FunctionName", "CodeSha256", "Description"});
  TRY(const auto made, session.call("lambda", "PublishVersion", std::move(input)));
  const auto arn = text(made, "FunctionArn");
  if (std::ranges::find(before, arn) != before.end()) {
    return invalid(
        fmt::format("A version for this Lambda function exists ( {} ). Modify the function to "
                    "create a new version.",
                    text(made, "Version")));
  }
  desired.note(arn);
  if (wants_provisioned(desired.properties)) {
    CHECK_OK(apply_provisioned(session, arn, desired.properties));
  }
  return Instance{
      arn, desired.properties, {{"Version", text(made, "Version")}, {"FunctionArn", arn}}};
}

bool pending(Work work, const Instance& begun) {
  return work != Work::kRemove &&
         (wants_provisioned(begun.properties) || begun.attributes.contains("_Release"));
}

ApiResult<std::optional<Instance>> await_version(const Session& session, Work,
                                                 const Instance& begun,
                                                 const Interrupted& interrupted) {
  if (!wants_provisioned(begun.properties)) return begun;
  TRY(const bool ready, await_provisioned(session, begun.id, interrupted));
  if (!ready) return std::nullopt;
  return begun;
}

// arn:…:function:NAME:QUALIFIER -> FunctionName and Qualifier (or the alias's Name)
json::Object divide(const std::string& arn, const char* qualifier) {
  const auto colon = arn.rfind(':');
  return {{"FunctionName", arn.substr(0, colon)}, {qualifier, arn.substr(colon + 1)}};
}

// CloudFormation lists the weights, Lambda maps versions to them.
json::Object routing(const json::Object& properties) {
  json::Object weights;
  const auto* config = json::object_at(properties, "RoutingConfig");
  const auto* list =
      config == nullptr ? nullptr : json::array_at(*config, "AdditionalVersionWeights");
  if (list != nullptr) {
    for (const auto& each : *list) {
      const auto& weight = each.as_object();
      weights[text(weight, "FunctionVersion")] = weight.at("FunctionWeight");
    }
  }
  return {{"AdditionalVersionWeights", std::move(weights)}};
}

ApiResult<Instance> create_alias(const Session& session, const Desired& desired) {
  json::Object input{{"RoutingConfig", routing(desired.properties)}};
  copy(input, desired.properties, {"FunctionName", "Name", "FunctionVersion", "Description"});
  TRY(const auto made, session.call("lambda", "CreateAlias", std::move(input)));
  const auto arn = text(made, "AliasArn");
  desired.note(arn);
  if (wants_provisioned(desired.properties)) {
    CHECK_OK(apply_provisioned(session, arn, desired.properties));
  }
  return Instance{arn, desired.properties, {{"AliasArn", arn}}};
}

ApiResult<void> write_alias(const Session& session, const json::Object& properties) {
  json::Object input{{"Description", ""}, {"RoutingConfig", routing(properties)}};
  copy(input, properties, {"FunctionName", "Name", "FunctionVersion", "Description"});
  CHECK_OK(session.call("lambda", "UpdateAlias", std::move(input)));
  return {};
}

// An alias whose traffic still shifts takes no other number, so the number comes before the move;
// on the way back the alias is moved first, and the rest of the shift given up.
ApiResult<void> provision_alias(const Session& session, const std::string& arn,
                                const Desired& desired) {
  if (desired.back && wants_provisioned(desired.properties)) {
    json::Object input{{"RoutingConfig", routing(desired.properties)}};
    copy(input, desired.properties, {"FunctionName", "Name"});
    CHECK_OK(session.call("lambda", "UpdateAlias", std::move(input)));
  }
  return apply_provisioned(session, arn, desired.properties);
}

// With an UpdatePolicy it only begins a deployment, which await_alias waits for.
ApiResult<Instance> update_alias(const Session& session, const Instance& current,
                                 const Desired& desired) {
  Instance out{current.id, desired.properties, current.attributes};
  bool provision = differs(current.properties, desired.properties, "ProvisionedConcurrencyConfig");
  if (provision && (!wants_provisioned(desired.properties) ||
                    (wants_provisioned(current.properties) && !desired.back))) {
    // Before the alias moves: its new version may have its own, and then only that one.
    CHECK_OK(provision_alias(session, out.id, desired));
    provision = false;
  }
  if (desired.properties.contains("UpdatePolicy") &&
      differs(current.properties, desired.properties, "FunctionVersion")) {
    const auto direction = desired.back ? Direction::kBack : Direction::kForth;
    TRY(const auto release, begin_release(session, desired.properties, direction));
    if (!release.empty()) {
      out.attributes["_Release"] = release;
      out.attributes["_Back"] = desired.back;
      if (provision) out.attributes["_Provision"] = true;
      return out;
    }
  }
  CHECK_OK(write_alias(session, desired.properties));
  if (provision) CHECK_OK(provision_alias(session, out.id, desired));
  return out;
}

ApiResult<std::optional<Instance>> await_alias(const Session& session, Work work,
                                               const Instance& begun,
                                               const Interrupted& interrupted) {
  const auto release = text(begun.attributes, "_Release");
  if (release.empty()) return await_version(session, work, begun, interrupted);
  const bool back = json::bool_at(begun.attributes, "_Back").value_or(false);
  TRY(const bool ended,
      await_release(session, release, back ? Direction::kBack : Direction::kForth, interrupted));
  if (!ended) return std::nullopt;
  // What else the template says of the alias; its version it has by now, or gets back. Without a
  // RoutingConfig that of a shift that is still under way remains.
  json::Object input{{"Description", ""}};
  if (begun.properties.contains("RoutingConfig"))
    input["RoutingConfig"] = routing(begun.properties);
  copy(input, begun.properties, {"FunctionName", "Name", "Description"});
  CHECK_OK(session.call("lambda", "UpdateAlias", std::move(input)));
  if (begun.attributes.contains("_Provision")) {
    CHECK_OK(apply_provisioned(session, begun.id, begun.properties));
  }
  TRY(const auto ready, await_version(session, work, begun, interrupted));
  if (!ready) return std::nullopt;
  Instance out = begun;
  out.attributes.erase("_Provision");
  out.attributes.erase("_Release");
  out.attributes.erase("_Back");
  return out;
}

ApiResult<std::vector<std::string>> list_alias(const Session& session, const Desired& desired) {
  json::Object input;
  copy(input, desired.properties, {"FunctionName", "Name"});
  auto found = session.call("lambda", "GetAlias", std::move(input));
  if (found) return std::vector{text(*found, "AliasArn")};
  if (says_not_found(found.error())) return std::vector<std::string>{};
  return std::unexpected(std::move(found).error());
}

ApiResult<Instance> create_permission(const Session& session, const Desired& desired) {
  json::Object input{{"StatementId", desired.name}};
  copy(input, desired.properties,
       {"FunctionName", "Action", "Principal", "SourceArn", "SourceAccount"});
  CHECK_OK(session.call("lambda", "AddPermission", std::move(input)));
  return Instance{desired.name, desired.properties, {{"Id", desired.name}}};
}

}  // namespace

void add_lambda_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::Lambda::Function",
      .schema = kFunction,
      .attributes = {"Arn", "SnapStartResponse.ApplyOn", "SnapStartResponse.OptimizationStatus"},
      .naming = Naming{"FunctionName", 64, false},
      .create = create_function,
      .update = update_function,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("lambda", "DeleteFunction", {{"FunctionName", it.id}});
          },
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("lambda", "GetFunctionConfiguration",
                                  {{"FunctionName", desired.name}});
          },
  });
  types.push_back({
      .name = "AWS::Lambda::Version",
      .schema = "FunctionName!~ string  CodeSha256~ string  Description~ string  "
                "ProvisionedConcurrencyConfig~ " DEW_PROVISIONED
                "RuntimePolicy unsupported  FunctionScalingConfig unsupported",
      .attributes = {"Version", "FunctionArn"},
      .create = create_version,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("lambda", "DeleteFunction", divide(it.id, "Qualifier"));
          },
      .list = list_versions,
      .wait = await_version,
      .pending = pending,
      .takes_up_creations = false,
  });
  types.push_back({
      .name = "AWS::Lambda::Alias",
      .schema =
          "Name!~ string  FunctionName!~ string  FunctionVersion! string  Description string  "
          "RoutingConfig { AdditionalVersionWeights [ { FunctionVersion! string  FunctionWeight! "
          "number } ] }  ProvisionedConcurrencyConfig " DEW_PROVISIONED DEW_ALIAS_UPDATE_POLICY,
      .attributes = {"AliasArn"},
      .create = create_alias,
      .update = update_alias,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("lambda", "DeleteAlias", divide(it.id, "Name"));
          },
      .list = list_alias,
      .wait = await_alias,
      .pending = pending,
      .takes_up_creations = false,
  });
  types.push_back({
      .name = "AWS::Lambda::Permission",
      .schema = "FunctionName!~ string  Action!~ string  Principal!~ string  SourceArn~ string  "
                "SourceAccount~ string  "
                "EventSourceToken unsupported  PrincipalOrgID unsupported  FunctionUrlAuthType "
                "unsupported  InvokedViaFunctionUrl unsupported",
      .attributes = {"Id"},
      .naming = Naming{"", 100, false},
      .create = create_permission,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok(
                "lambda", "RemovePermission",
                {{"FunctionName", text(it.properties, "FunctionName")}, {"StatementId", it.id}});
          },
  });
}

}  // namespace dew::cloudformation
