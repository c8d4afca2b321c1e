// AWS::Lambda::LayerVersion and its permissions, from the top-level `layers`.
// www.serverless.com/framework/docs/providers/aws/guide/layers
#include <fmt/format.h>

#include "base/encoding.h"
#include "serverless/compile_parts.h"
#include "serverless/naming.h"

namespace dew::serverless {

namespace {

json::Object layer_version(const Compilation& out, const std::string& key, const Node& layer,
                           const Artifact& artifact) {
  const Node* bucket = out.service.at("provider.deploymentBucket");
  const Node* bucket_name = bucket && bucket->is_map() ? bucket->find("name") : bucket;
  const Node* name = layer.find("name");
  json::Object properties;
  properties["Content"] =
      json::Object{{"S3Bucket", bucket_name ? json::Value(bucket_name->text)
                                            : json::Value(ref_to("ServerlessDeploymentBucket"))},
                   {"S3Key", fmt::format("{}/{}", out.artifact_directory, artifact.file_name)}};
  properties["LayerName"] = name ? name->text : key;
  for (const auto& [own, property] : {std::pair{"description", "Description"},
                                      {"licenseInfo", "LicenseInfo"},
                                      {"compatibleRuntimes", "CompatibleRuntimes"},
                                      {"compatibleArchitectures", "CompatibleArchitectures"}}) {
    if (const Node* value = layer.find(own)) properties[property] = to_json(*value);
  }
  return {{"Type", "AWS::Lambda::LayerVersion"}, {"Properties", std::move(properties)}};
}

// A digest of the layer's description, but for where its code lies, and of the code.
Result<std::string> digest_of(const json::Object& resource, const Artifact& artifact) {
  json::Object hashed = resource;
  hashed["Properties"].as_object()["Content"].as_object().erase("S3Key");
  TRY(const auto bytes, read_artifact(artifact.path));
  return hex_encode(sha1(json::dump(hashed) + bytes));
}

std::string permission_id(const std::string& normalized, std::string account) {
  if (const size_t star = account.find('*'); star != std::string::npos)
    account.replace(star, 1, "Wild");
  return normalized + account + "LambdaLayerPermission";
}

}  // namespace

Result<void> compile_layers(Compilation& out) {
  for (const auto& [key, layer] : out.service.layers()) {
    const auto index = out.artifacts.of_layer.find(key);
    if (index == out.artifacts.of_layer.end())
      return fail_at(layer->mark, "layers." + key, "has no artifact");
    const Artifact& artifact = out.artifacts.list[index->second];
    json::Object resource = layer_version(out, key, *layer, artifact);
    TRY(const auto digest, digest_of(resource, artifact));
    const json::Value s3_key = resource["Properties"].as_object()["Content"].as_object()["S3Key"];
    const Node* retain = layer->find("retain");
    const std::string suffix = retain && retain->boolean ? digest : "";
    const std::string normalized = normalized_function(key);
    const std::string logical_id = normalized + "LambdaLayer" + suffix;
    if (out.resources.contains(logical_id)) {
      return fail_at(layer->mark, "layers." + key,
                     "another layer's name makes the same logical id " + logical_id);
    }
    if (!suffix.empty()) resource["DeletionPolicy"] = "Retain";
    out.resources[logical_id] = std::move(resource);
    out.layer_names[logical_id] = key;
    if (const Node* accounts = layer->find("allowedAccounts")) {
      for (const auto& account : accounts->items) {
        json::Object permission{{"Type", "AWS::Lambda::LayerVersionPermission"},
                                {"Properties", json::Object{{"Action", "lambda:GetLayerVersion"},
                                                            {"LayerVersionArn", ref_to(logical_id)},
                                                            {"Principal", account.text}}}};
        if (!suffix.empty()) permission["DeletionPolicy"] = "Retain";
        out.resources[permission_id(normalized, account.text) + suffix] = std::move(permission);
      }
    }
    const std::string output = normalized + "LambdaLayer";
    out.outputs[output + "QualifiedArn"] = json::Object{
        {"Description", "Current Lambda layer version"}, {"Value", ref_to(logical_id)}};
    out.outputs[output + "Hash"] =
        json::Object{{"Description", "Current Lambda layer hash"}, {"Value", digest}};
    out.outputs[output + "S3Key"] =
        json::Object{{"Description", "Current Lambda layer S3Key"}, {"Value", s3_key}};
  }
  return {};
}

}  // namespace dew::serverless
