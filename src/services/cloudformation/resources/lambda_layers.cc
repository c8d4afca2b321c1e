// AWS::Lambda::LayerVersion, LayerVersionPermission
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-layerversion.html
#include "base/encoding.h"
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

// arn:…:layer:NAME:NUMBER -> LayerName and VersionNumber
json::Object divide(const std::string& arn) {
  const auto colon = arn.rfind(':');
  const auto name = arn.rfind(':', colon - 1);
  return {{"LayerName", arn.substr(name + 1, colon - name - 1)},
          {"VersionNumber", std::strtoll(arn.c_str() + colon + 1, nullptr, 10)}};
}

// Without a name of its own, a layer has one that no other resource makes; a replacement has
// another.
std::string layer_name(const Desired& desired) {
  auto own = text(desired.properties, "LayerName");
  if (!own.empty()) return own;
  constexpr size_t kDigits = 12;
  return desired.logical_id + hex_encode(sha256(json::dump(desired.properties))).substr(0, kDigits);
}

ApiResult<Instance> create_layer_version(const Session& session, const Desired& desired) {
  json::Object input{{"LayerName", layer_name(desired)}};
  copy(input, desired.properties,
       {"Content", "Description", "LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures"});
  TRY(const auto made, session.call("lambda", "PublishLayerVersion", std::move(input)));
  const auto arn = text(made, "LayerVersionArn");
  return Instance{arn, desired.properties, {{"LayerVersionArn", arn}}};
}

ApiResult<std::vector<std::string>> list_layer_versions(const Session& session,
                                                        const Desired& desired) {
  std::vector<std::string> out;
  json::Object input{{"LayerName", layer_name(desired)}};
  while (true) {
    TRY(const auto page, session.call("lambda", "ListLayerVersions", input));
    if (const auto* versions = json::array_at(page, "LayerVersions")) {
      for (const auto& version : *versions)
        out.push_back(text(version.as_object(), "LayerVersionArn"));
    }
    const auto next = text(page, "NextMarker");
    if (next.empty()) return out;
    input["Marker"] = next;
  }
}

ApiResult<Instance> create_permission(const Session& session, const Desired& desired) {
  json::Object input = divide(text(desired.properties, "LayerVersionArn"));
  input["StatementId"] = desired.name;
  copy(input, desired.properties, {"Action", "Principal", "OrganizationId"});
  CHECK_OK(session.call("lambda", "AddLayerVersionPermission", std::move(input)));
  return Instance{desired.name, desired.properties, {{"Id", desired.name}}};
}

}  // namespace

void add_lambda_layer_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::Lambda::LayerVersion",
      // Every change publishes another version.
      .schema = "LayerName~ string  Description~ string  LicenseInfo~ string  "
                "Content!~ { S3Bucket! string  S3Key! string  S3ObjectVersion string }  "
                "CompatibleRuntimes~ [ string ]  CompatibleArchitectures~ [ string ]",
      .attributes = {"LayerVersionArn"},
      .create = create_layer_version,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("lambda", "DeleteLayerVersion", divide(it.id));
          },
      .list = list_layer_versions,
  });
  types.push_back({
      .name = "AWS::Lambda::LayerVersionPermission",
      .schema = "LayerVersionArn!~ string  Action!~ string  Principal!~ string  OrganizationId~ "
                "string",
      .attributes = {"Id"},
      .naming = Naming{"", 100, false},
      .create = create_permission,
      .remove =
          [](const Session& session, const Instance& it) {
            json::Object input = divide(text(it.properties, "LayerVersionArn"));
            input["StatementId"] = it.id;
            return session.call_gone_ok("lambda", "RemoveLayerVersionPermission", std::move(input));
          },
  });
}

}  // namespace dew::cloudformation
