// Layers: publish, read, list and delete their versions.
// docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
#include "services/lambda/operations_layers.h"

#include <ranges>

#include "services/lambda/core.h"
#include "services/lambda/zip.h"

namespace dew::lambda {
namespace {

std::vector<std::string> strings(const json::Object& input, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* list = json::array_at(input, key)) {
    for (const auto& each : *list) {
      if (each.is_string()) out.push_back(json::str(each));
    }
  }
  return out;
}

json::Array array_of(const std::vector<std::string>& strings) {
  json::Array out;
  for (const auto& each : strings) out.emplace_back(each);
  return out;
}

// The LayerVersionsListItem shape.
json::Object listed(Core& core, std::string_view name, const LayerVersion& version) {
  json::Object out{
      {"LayerVersionArn", layer_arn(core.region(), core.account(), name, version.number)},
      {"Version", version.number},
      {"Description", version.description},
      {"CreatedDate", version.created}};
  if (!version.runtimes.empty()) out["CompatibleRuntimes"] = array_of(version.runtimes);
  if (!version.architectures.empty())
    out["CompatibleArchitectures"] = array_of(version.architectures);
  if (!version.license.empty()) out["LicenseInfo"] = version.license;
  return out;
}

json::Object shown(Core& core, std::string_view name, const LayerVersion& version) {
  json::Object out = listed(core, name, version);
  out["LayerArn"] = layer_arn(core.region(), core.account(), name);
  out["Content"] =
      json::Object{{"CodeSha256", version.code_sha256}, {"CodeSize", version.code_size}};
  return out;
}

aws::ApiError no_such_version() {
  aws::ApiError error("ResourceNotFoundException", "The resource you requested does not exist.",
                      404);
  error.members["Type"] = "User";
  return error;
}

aws::ApiResult<json::Value> publish_layer_version(Core& core, aws::Call& call) {
  TRY(const std::string name, named_layer(core, call.input));
  const auto* content = json::object_at(call.input, "Content");
  TRY(const CodePtr code, code_of(core, call, content != nullptr ? *content : json::Object()));
  json::Object answer;
  CHECK_OK(core.layers.change(name, [&](LayerRecord& record) -> aws::ApiResult<void> {
    LayerVersion version;
    version.number = record.next_version++;
    version.description = json::string_or(call.input, "Description");
    version.license = json::string_or(call.input, "LicenseInfo");
    version.runtimes = strings(call.input, "CompatibleRuntimes");
    version.architectures = strings(call.input, "CompatibleArchitectures");
    version.created = core.timestamp();
    version.code_id = code->id;
    version.code_sha256 = code->sha256;
    version.code_size = code->size_bytes;
    version.code = code;
    answer = shown(core, record.name, version);
    record.versions.emplace(version.number, std::move(version));
    return {};
  }));
  return answer;
}

aws::ApiResult<json::Value> read_version(Core& core, std::string_view name, uint64_t number) {
  const auto record = core.layers.find(name);
  const auto it = record ? record->versions.find(number) : decltype(record->versions.end())();
  if (!record || it == record->versions.end()) return aws::fail(no_such_version());
  return shown(core, name, it->second);
}

aws::ApiResult<json::Value> get_layer_version(Core& core, aws::Call& call) {
  TRY(const std::string name, named_layer(core, call.input));
  TRY(const uint64_t number, numbered_version(call.input));
  return read_version(core, name, number);
}

aws::ApiResult<json::Value> get_layer_version_by_arn(Core& core, aws::Call& call) {
  const auto text = json::string_or(call.input, "Arn");
  const auto arn = parse_layer_arn(text);
  if (!arn || !arn->version) {
    return aws::fail(aws::ApiError::validation(fmt::format(
        "1 validation error detected: Value '{}' at 'arn' failed to satisfy constraint: Member "
        "must be the ARN of a layer version",
        text)));
  }
  if (arn->account != core.account() || arn->region != core.region())
    return aws::fail(no_such_version());
  return read_version(core, arn->name, *arn->version);
}

bool contains(const std::vector<std::string>& list, const std::string& wanted) {
  return wanted.empty() || std::ranges::find(list, wanted) != list.end();
}

// The versions of a layer that fit the request's filters, the newest first.
std::vector<const LayerVersion*> matching(const LayerRecord& record, const json::Object& input) {
  const auto runtime = json::string_or(input, "CompatibleRuntime");
  const auto architecture = json::string_or(input, "CompatibleArchitecture");
  std::vector<const LayerVersion*> out;
  for (const auto& [number, version] : std::views::reverse(record.versions)) {
    if (contains(version.runtimes, runtime) && contains(version.architectures, architecture))
      out.push_back(&version);
  }
  return out;
}

aws::ApiResult<json::Value> list_layer_versions(Core& core, aws::Call& call) {
  TRY(const std::string name, named_layer(core, call.input));
  json::Array items;
  if (const auto record = core.layers.find(name)) {
    for (const auto* version : matching(*record, call.input))
      items.push_back(listed(core, name, *version));
  }
  return page(call.input, "LayerVersions", std::move(items));
}

aws::ApiResult<json::Value> list_layers(Core& core, aws::Call& call) {
  json::Array items;
  for (const auto& record : core.layers.all()) {
    const auto versions = matching(*record, call.input);
    if (versions.empty()) continue;
    items.push_back(
        json::Object{{"LayerName", record->name},
                     {"LayerArn", layer_arn(core.region(), core.account(), record->name)},
                     {"LatestMatchingVersion", listed(core, record->name, *versions.front())}});
  }
  return page(call.input, "Layers", std::move(items));
}

aws::ApiResult<json::Value> delete_layer_version(Core& core, aws::Call& call) {
  TRY(const std::string name, named_layer(core, call.input));
  TRY(const uint64_t number, numbered_version(call.input));
  const auto record = core.layers.find(name);
  if (record == nullptr || !record->versions.contains(number)) return json::Object();
  CHECK_OK(core.layers.change(name, [&](LayerRecord& changed) -> aws::ApiResult<void> {
    changed.versions.erase(number);
    return {};
  }));
  core.catalog->collect();
  return json::Object();
}

}  // namespace

aws::ApiResult<std::string> named_layer(Core& core, const json::Object& input) {
  auto text = json::string_or(input, "LayerName");
  if (!text.starts_with("arn:")) return text;
  const auto arn = parse_layer_arn(text);
  if (!arn || arn->version || arn->region != core.region() || arn->account != core.account()) {
    return invalid(fmt::format(
        "{} is not the ARN of a layer of account {} in {}: layers of other accounts are not here.",
        text, core.account(), core.region()));
  }
  return std::string(arn->name);
}

aws::ApiResult<uint64_t> numbered_version(const json::Object& input) {
  const auto number = json::int_at(input, "VersionNumber").value_or(0);
  if (number < 1) return invalid("Layer Version Cannot be less than 1.");
  return static_cast<uint64_t>(number);
}

aws::ApiResult<std::vector<LayerUse>> layers_of(Core& core, const json::Array& arns) {
  if (arns.size() > kMaxLayersPerFunction) {
    return invalid(fmt::format("Cannot reference more than {} layers.", kMaxLayersPerFunction));
  }
  std::vector<LayerUse> out;
  std::map<std::string, std::string> seen;  // the layer's name -> the ARN that named it first
  for (const auto& each : arns) {
    const std::string text = each.is_string() ? json::str(each) : "";
    const auto arn = parse_layer_arn(text);
    if (!arn || !arn->version) {
      return aws::fail(aws::ApiError::validation(fmt::format(
          "1 validation error detected: Value '[{}]' at 'layers' failed to satisfy constraint: "
          "Member must satisfy constraint: [Member must be the ARN of a layer version]",
          text)));
    }
    if (arn->account != core.account()) {
      return invalid(fmt::format(
          "Layer version {} does not exist: this cloud has the layers of account {} alone.", text,
          core.account()));
    }
    if (arn->region != core.region()) {
      return invalid(fmt::format(
          "Layers are not in the same region as the function. Layers are expected to be in region "
          "{}.",
          core.region()));
    }
    const auto record = core.layers.find(arn->name);
    const auto it =
        record ? record->versions.find(*arn->version) : decltype(record->versions.end())();
    if (!record || it == record->versions.end())
      return invalid(fmt::format("Layer version {} does not exist.", text));
    const auto [first, fresh] = seen.emplace(record->name, text);
    if (!fresh) {
      return invalid(fmt::format(
          "Two different versions of the same layer are not allowed to be referenced in the same "
          "function. {} and {} are versions of the same layer.",
          first->second, text));
    }
    out.push_back({text, it->second.code_id, it->second.code_size});
  }
  return out;
}

aws::ApiResult<void> check_unpacked_size(Core& core, const VersionConfig& config) {
  if (config.layers.empty()) return {};
  uint64_t total = 0;
  const auto add = [&](const std::string& id) {
    if (const auto code = core.code.open(id)) total += unpacked_bytes(*code);
  };
  for (const auto& layer : config.layers) add(layer.code_id);
  if (total > kMaxUnzippedBytes) {
    return invalid(
        fmt::format("Layers consume more than the available size of {} bytes", kMaxUnzippedBytes));
  }
  add(config.code_id);
  if (total > kMaxUnzippedBytes) {
    return invalid(
        fmt::format("Function code combined with layers exceeds the maximum allowed size of {} "
                    "bytes. The actual size is {} bytes.",
                    kMaxUnzippedBytes, total));
  }
  return {};
}

void register_layers(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "PublishLayerVersion", publish_layer_version);
  add_operation(registry, core, "GetLayerVersion", get_layer_version);
  add_operation(registry, core, "GetLayerVersionByArn", get_layer_version_by_arn);
  add_operation(registry, core, "ListLayerVersions", list_layer_versions);
  add_operation(registry, core, "ListLayers", list_layers);
  add_operation(registry, core, "DeleteLayerVersion", delete_layer_version);
}

}  // namespace dew::lambda
