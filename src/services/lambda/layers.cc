#include "services/lambda/layers.h"

#include <array>
#include <charconv>

#include "store/key.h"

namespace dew::lambda {
namespace {

store::Key layers_key() { return store::Key("lambda").add("layer"); }

json::Array strings_json(const std::vector<std::string>& strings) {
  json::Array out;
  for (const auto& each : strings) out.emplace_back(each);
  return out;
}

std::vector<std::string> strings_of(const json::Object& object, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* list = json::array_at(object, key)) {
    for (const auto& each : *list) {
      if (each.is_string()) out.push_back(json::str(each));
    }
  }
  return out;
}

json::Object version_json(const LayerVersion& v) {
  return {{"number", v.number},
          {"description", v.description},
          {"license", v.license},
          {"created", v.created},
          {"runtimes", strings_json(v.runtimes)},
          {"architectures", strings_json(v.architectures)},
          {"code_id", v.code_id},
          {"code_sha256", v.code_sha256},
          {"code_size", v.code_size},
          {"policy", policy_to_json(v.policy)}};
}

LayerVersion version_of(const json::Object& o) {
  LayerVersion v;
  v.number = static_cast<uint64_t>(json::int_at(o, "number").value_or(0));
  v.description = json::string_or(o, "description");
  v.license = json::string_or(o, "license");
  v.created = json::string_or(o, "created");
  v.runtimes = strings_of(o, "runtimes");
  v.architectures = strings_of(o, "architectures");
  v.code_id = json::string_or(o, "code_id");
  v.code_sha256 = json::string_or(o, "code_sha256");
  v.code_size = json::int_at(o, "code_size").value_or(0);
  if (const auto* policy = json::object_at(o, "policy")) v.policy = policy_from_json(*policy);
  return v;
}

}  // namespace

std::optional<LayerArn> parse_layer_arn(std::string_view text) {
  std::array<std::string_view, 8> parts;
  size_t count = 0;
  for (std::string_view rest = text;;) {
    if (count == parts.size()) return std::nullopt;
    const auto colon = rest.find(':');
    parts[count++] = rest.substr(0, colon);
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (count < 7 || parts[0] != "arn" || parts[2] != "lambda" || parts[5] != "layer" ||
      parts[6].empty()) {
    return std::nullopt;
  }
  LayerArn out{.region = parts[3], .account = parts[4], .name = parts[6], .version = std::nullopt};
  if (count == 8) {
    uint64_t number = 0;
    const char* end = parts[7].data() + parts[7].size();
    const auto read = std::from_chars(parts[7].data(), end, number);
    if (parts[7].empty() || read.ptr != end || read.ec != std::errc{}) return std::nullopt;
    out.version = number;
  }
  return out;
}

std::string layer_arn(const std::string& region, const std::string& account, std::string_view name,
                      std::optional<uint64_t> version) {
  std::string arn = fmt::format("arn:aws:lambda:{}:{}:layer:{}", region, account, name);
  if (version) arn += fmt::format(":{}", *version);
  return arn;
}

std::string to_json(const LayerRecord& record) {
  json::Array versions;
  for (const auto& [number, version] : record.versions)
    versions.emplace_back(version_json(version));
  return json::dump(json::Object{{"name", record.name},
                                 {"next_version", record.next_version},
                                 {"versions", std::move(versions)}});
}

Result<LayerRecord> layer_from_json(std::string_view text) {
  TRY(const json::Value value, json::parse(text));
  const auto* o = value.if_object();
  const auto* versions = o == nullptr ? nullptr : json::array_at(*o, "versions");
  if (versions == nullptr) return fail(ErrorKind::kInternal, "a stored layer has no versions");
  LayerRecord record;
  record.name = json::string_or(*o, "name");
  record.next_version = static_cast<uint64_t>(json::int_at(*o, "next_version").value_or(1));
  for (const auto& each : *versions) {
    if (!each.is_object()) continue;
    LayerVersion version = version_of(each.as_object());
    const uint64_t number = version.number;
    record.versions.emplace(number, std::move(version));
  }
  return record;
}

Result<void> Layers::load() {
  const auto prefix = layers_key();
  const auto cursor = context_.store.cursor(prefix.str(), prefix.prefix_end());
  for (; cursor->valid(); cursor->next()) {
    TRY(LayerRecord record, layer_from_json(cursor->value()));
    for (auto& [number, version] : record.versions) version.code = code_.open(version.code_id);
    layers_.with([&](Map& all) {
      const std::string name = record.name;
      all[name] = std::make_shared<const LayerRecord>(std::move(record));
    });
  }
  CHECK_OK(cursor->status());
  return {};
}

LayerPtr Layers::find(std::string_view name) const {
  return layers_.read([&](const Map& all) -> LayerPtr {
    const auto it = all.find(name);
    return it == all.end() ? nullptr : it->second;
  });
}

std::vector<LayerPtr> Layers::all() const {
  return layers_.read([](const Map& all) {
    std::vector<LayerPtr> out;
    out.reserve(all.size());
    for (const auto& [name, record] : all) out.push_back(record);
    return out;
  });
}

aws::ApiResult<void> Layers::change(std::string_view name, const Edit& edit) {
  const std::scoped_lock lock(changes_);
  const auto current = find(name);
  LayerRecord next = current ? *current : LayerRecord{.name = std::string(name)};
  CHECK_OK(edit(next));
  store::Batch batch;
  batch.put(layers_key().add(name).str(), to_json(next));
  CHECK_OK(context_.store.commit(batch));
  layers_.with([&](Map& all) {
    all[std::string(name)] = std::make_shared<const LayerRecord>(std::move(next));
  });
  return {};
}

}  // namespace dew::lambda
