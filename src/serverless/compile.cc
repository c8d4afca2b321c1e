#include "serverless/compile.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "base/clock.h"
#include "serverless/compile_parts.h"
#include "serverless/naming.h"

namespace dew::serverless {

namespace {

// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
constexpr size_t kTemplateResources = 500;

json::Array bucket_arns() {
  return {
      join("", {"arn:", ref_to("AWS::Partition"), ":s3:::", ref_to("ServerlessDeploymentBucket"),
                "/*"}),
      join("", {"arn:", ref_to("AWS::Partition"), ":s3:::", ref_to("ServerlessDeploymentBucket")})};
}

const Node* bucket_option(const Service& service, std::string_view key) {
  const Node* bucket = service.at("provider.deploymentBucket");
  return bucket && bucket->is_map() ? bucket->find(key) : nullptr;
}

bool bucket_flag(const Service& service, std::string_view key) {
  const Node* node = bucket_option(service, key);
  return node && node->boolean;
}

// The deployment bucket, which every stack of the framework begins with.
void core(const Service& service, std::string_view bucket_name, json::Object& resources,
          json::Object& outputs) {
  if (!bucket_name.empty()) {
    outputs["ServerlessDeploymentBucketName"] = json::Object{{"Value", bucket_name}};
    return;
  }
  json::Object properties{
      {"BucketEncryption",
       json::Object{{"ServerSideEncryptionConfiguration",
                     json::Array{json::Object{{"ServerSideEncryptionByDefault",
                                               json::Object{{"SSEAlgorithm", "AES256"}}}}}}}}};
  if (const Node* tags = bucket_option(service, "tags")) properties["Tags"] = tags_of(tags);
  if (bucket_flag(service, "blockPublicAccess")) {
    properties["PublicAccessBlockConfiguration"] = json::Object{{"BlockPublicAcls", true},
                                                                {"BlockPublicPolicy", true},
                                                                {"IgnorePublicAcls", true},
                                                                {"RestrictPublicBuckets", true}};
  }
  if (bucket_flag(service, "versioning"))
    properties["VersioningConfiguration"] = json::Object{{"Status", "Enabled"}};
  resources["ServerlessDeploymentBucket"] =
      json::Object{{"Type", "AWS::S3::Bucket"}, {"Properties", std::move(properties)}};
  if (!bucket_flag(service, "skipPolicySetup")) {
    json::Object statement{
        {"Action", "s3:*"},
        {"Effect", "Deny"},
        {"Principal", "*"},
        {"Resource", bucket_arns()},
        {"Condition", json::Object{{"Bool", json::Object{{"aws:SecureTransport", false}}}}}};
    resources["ServerlessDeploymentBucketPolicy"] = json::Object{
        {"Type", "AWS::S3::BucketPolicy"},
        {"Properties",
         json::Object{
             {"Bucket", ref_to("ServerlessDeploymentBucket")},
             {"PolicyDocument", json::Object{{"Statement", json::Array{std::move(statement)}}}}}}};
  }
  outputs["ServerlessDeploymentBucketName"] =
      json::Object{{"Value", ref_to("ServerlessDeploymentBucket")}};
}

json::Object frame() {
  return {{"AWSTemplateFormatVersion", "2010-09-09"},
          {"Description", "The AWS CloudFormation template for this Serverless application"}};
}

void strip_nulls(json::Value& value) {
  if (auto* array = value.if_array()) {
    for (auto& element : *array) strip_nulls(element);
  } else if (auto* object = value.if_object()) {
    json::Object kept;
    for (auto& member : *object) {
      if (member.value().is_null()) continue;
      strip_nulls(member.value());
      kept.insert_or_assign(member.key(), std::move(member.value()));
    }
    *object = std::move(kept);
  }
}

}  // namespace

json::Object ref_to(std::string_view logical_id) { return {{"Ref", logical_id}}; }

json::Object get_att(std::string_view logical_id, std::string_view attribute) {
  return {{"Fn::GetAtt", json::Array{json::Value(logical_id), json::Value(attribute)}}};
}

json::Object join(std::string_view separator, json::Array parts) {
  return {{"Fn::Join", json::Array{json::Value(separator), std::move(parts)}}};
}

Result<std::string> read_artifact(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::kIo, fmt::format("{} cannot be read", path));
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

json::Array tags_of(const Node* tags, const Node* more) {
  json::Object merged;
  for (const Node* node : {tags, more}) {
    if (!node) continue;
    for (const auto& entry : node->entries) merged[entry.key] = entry.value.scalar_text();
  }
  json::Array out;
  for (const auto& member : merged)
    out.push_back(json::Object{{"Key", member.key()}, {"Value", member.value()}});
  return out;
}

void deep_merge(json::Value& into, const json::Value& from) {
  if (into.is_object() && from.is_object()) {
    for (const auto& member : from.get_object()) {
      if (auto* existing = into.get_object().if_contains(member.key())) {
        deep_merge(*existing, member.value());
      } else {
        into.get_object()[member.key()] = member.value();
      }
    }
  } else if (into.is_array() && from.is_array()) {
    auto& array = into.get_array();
    for (size_t i = 0; i < from.get_array().size(); ++i) {
      if (i < array.size()) {
        deep_merge(array[i], from.get_array()[i]);
      } else {
        array.push_back(from.get_array()[i]);
      }
    }
  } else {
    into = from;
  }
}

Result<Compiled> compile(const Service& service, const Artifacts& artifacts, int64_t now_ms) {
  Compiled compiled;
  if (const Node* bucket = service.at("provider.deploymentBucket")) {
    const Node* name = bucket->is_string() ? bucket : bucket->find("name");
    if (name) compiled.deployment_bucket = name->text;
  }
  const Node* prefix = service.at("provider.deploymentPrefix");
  compiled.artifact_directory =
      fmt::format("{}/{}/{}/{}-{}", prefix ? prefix->text : "serverless", service.name,
                  service.stage, now_ms, iso8601_ms(TimePoint(std::chrono::milliseconds(now_ms))));
  Compilation out{service, artifacts, std::to_string(now_ms), compiled.artifact_directory, {}, {}};
  core(service, compiled.deployment_bucket, out.resources, out.outputs);
  json::Object create = frame();
  create["Resources"] = out.resources;
  create["Outputs"] = out.outputs;
  compiled.create = std::move(create);

  CHECK_OK(compile_log_groups(out));
  CHECK_OK(compile_role(out));
  CHECK_OK(compile_layers(out));
  CHECK_OK(compile_functions(out));
  CHECK_OK(compile_api(out));
  CHECK_OK(compile_log_events(out));
  for (auto& output : out.outputs) {
    output.value().as_object()["Export"] =
        json::Object{{"Name", fmt::format("sls-{}-{}-{}", service.name, service.stage,
                                          std::string_view(output.key()))}};
  }
  json::Object whole = frame();
  whole["Resources"] = std::move(out.resources);
  whole["Outputs"] = std::move(out.outputs);
  CHECK_OK(merge_resources(out, whole));
  auto& resources = whole["Resources"].as_object();
  CHECK_OK(compile_releases(service, resources));
  for (auto& resource : resources) {
    if (auto* object = resource.value().if_object()) {
      if (auto* properties = object->if_contains("Properties")) strip_nulls(*properties);
    }
  }
  if (resources.size() > kTemplateResources) {
    return fail(
        ErrorKind::kInvalid,
        fmt::format("the service makes {} resources; a CloudFormation stack takes at most {}",
                    resources.size(), kTemplateResources));
  }
  compiled.update = std::move(whole);
  return compiled;
}

json::Value sorted(const json::Value& value, KeyOrder order) {
  if (const auto* array = value.if_array()) {
    json::Array out;
    for (const auto& element : *array) out.push_back(sorted(element, order));
    return out;
  }
  const auto* object = value.if_object();
  if (!object) return value;
  std::vector<std::string_view> keys;
  for (const auto& member : *object) keys.emplace_back(member.key());
  if (order == KeyOrder::kBytes) {
    std::sort(keys.begin(), keys.end());
  } else {
    std::sort(keys.begin(), keys.end(), locale_less);
  }
  json::Object out;
  for (const auto key : keys) out[key] = sorted(*json::find(*object, key), order);
  return out;
}

json::Value normalized_template(const json::Value& value) {
  json::Value copy = value;
  auto* whole = copy.if_object();
  auto* resources = whole ? whole->if_contains("Resources") : nullptr;
  if (!resources || !resources->is_object()) return sorted(copy);
  json::Object out;
  for (auto& member : resources->get_object()) {
    std::string_view key = member.key();
    if (key.starts_with("ApiGatewayDeployment")) key = "ApiGatewayDeployment";
    json::Value resource = std::move(member.value());
    if (auto* object = resource.if_object()) {
      const std::string type = json::string_or(*object, "Type");
      const std::string_view place = type == "AWS::Lambda::Function"       ? "Code"
                                     : type == "AWS::Lambda::LayerVersion" ? "Content"
                                                                           : "";
      auto* properties = place.empty() ? nullptr : object->if_contains("Properties");
      auto* code = properties && properties->is_object()
                       ? properties->get_object().if_contains(place)
                       : nullptr;
      if (code && code->is_object()) code->get_object()["S3Key"] = "";
    }
    out[key] = std::move(resource);
  }
  *resources = std::move(out);
  if (auto* outputs = whole->if_contains("Outputs"); outputs && outputs->is_object()) {
    for (auto& output : outputs->get_object()) {
      if (std::string_view(output.key()).ends_with("LambdaLayerS3Key"))
        output.value() = json::Object{};
    }
  }
  return sorted(copy);
}

}  // namespace dew::serverless
