#include "services/lambda/catalog.h"

#include <cmath>

#include "base/log.h"
#include "services/lambda/alias_shift.h"
#include "store/key.h"

namespace dew::lambda {
namespace {

store::Key functions_key() { return store::Key("lambda").add("function"); }

std::vector<std::string> layer_ids(const VersionConfig& version) {
  std::vector<std::string> out;
  for (const auto& layer : version.layers) out.push_back(layer.code_id);
  return out;
}

std::string record_key(std::string_view name) { return functions_key().add(name).str(); }

}  // namespace

aws::ApiError Catalog::not_found(std::string_view name, std::string_view qualifier) const {
  aws::ApiError error(
      "ResourceNotFoundException",
      "Function not found: " +
          function_arn(context_.config.region, context_.config.account, name, qualifier),
      404);
  error.members["Type"] = "User";
  return error;
}

Result<void> Catalog::load() {
  const auto prefix = functions_key();
  const auto cursor = context_.store.cursor(prefix.str(), prefix.prefix_end());
  for (; cursor->valid(); cursor->next()) {
    TRY(FunctionRecord record, record_from_json(cursor->value()));
    const std::scoped_lock lock(changes_);
    install(std::make_shared<const FunctionRecord>(std::move(record)));
  }
  CHECK_OK(cursor->status());
  collect_code();
  return {};
}

std::shared_ptr<const Catalog::Function> Catalog::function(std::string_view name) const {
  return functions_.read([&](const Functions& all) -> std::shared_ptr<const Function> {
    const auto it = all.find(name);
    return it == all.end() ? nullptr : it->second;
  });
}

RecordPtr Catalog::find(std::string_view name) const {
  const auto found = function(name);
  return found ? found->record : nullptr;
}

TargetPtr Catalog::resolve(std::string_view name, std::string_view qualifier) const {
  return functions_.read([&](const Functions& all) -> TargetPtr {
    const auto it = all.find(name);
    if (it == all.end()) return nullptr;
    const auto target = it->second->targets.find(qualifier);
    return target == it->second->targets.end() ? nullptr : target->second;
  });
}

std::vector<RecordPtr> Catalog::all() const {
  auto out = functions_.read([](const Functions& all) {
    std::vector<RecordPtr> records;
    records.reserve(all.size());
    for (const auto& [name, each] : all) records.push_back(each->record);
    return records;
  });
  std::ranges::sort(out, {}, [](const RecordPtr& record) { return record->name; });
  return out;
}

aws::ApiResult<void> Catalog::save(const FunctionRecord& record) {
  store::Batch batch;
  batch.put(record_key(record.name), to_json(record));
  CHECK_OK(context_.store.commit(batch));
  return {};
}

aws::ApiResult<RecordPtr> Catalog::create(FunctionRecord record) {
  const std::scoped_lock lock(changes_);
  if (function(record.name)) {
    aws::ApiError error("ResourceConflictException", "Function already exist: " + record.name, 409);
    error.members["Type"] = "User";
    return aws::fail(std::move(error));
  }
  CHECK_OK(save(record));
  auto shared = std::make_shared<const FunctionRecord>(std::move(record));
  install(shared);
  return shared;
}

aws::ApiResult<RecordPtr> Catalog::change(std::string_view name, std::string_view qualifier,
                                          const Edit& edit) {
  const std::scoped_lock lock(changes_);
  const auto current = find(name);
  if (current == nullptr) return aws::fail(not_found(name, qualifier));
  FunctionRecord next = *current;
  CHECK_OK(edit(next));
  CHECK_OK(save(next));
  auto shared = std::make_shared<const FunctionRecord>(std::move(next));
  install(shared);
  collect_code();
  return shared;
}

aws::ApiResult<void> Catalog::remove(std::string_view name) {
  const std::scoped_lock lock(changes_);
  const auto current = function(name);
  if (current == nullptr) return aws::fail(not_found(name));
  store::Batch batch;
  batch.erase(record_key(name));
  CHECK_OK(context_.store.commit(batch));
  functions_.with([&](Functions& all) { all.erase(std::string(name)); });
  pool_.set_limits(current->count, -1, 0);
  for (const auto& [version, fleet] : current->fleets) pool_.remove(fleet);
  for (const auto& [key, fleet] : current->provisioned) pool_.remove(fleet);
  collect_code();
  return {};
}

std::vector<FleetPtr> Catalog::provisioned_fleets() const {
  return functions_.read([](const Functions& all) {
    std::vector<FleetPtr> out;
    for (const auto& [name, each] : all) {
      for (const auto& [key, fleet] : each->provisioned) out.push_back(fleet);
    }
    return out;
  });
}

std::shared_ptr<const Revision> Catalog::revision(const FunctionRecord& record,
                                                  const VersionConfig& version,
                                                  Initialization initialization) const {
  return std::make_shared<const Revision>(
      Revision{version, code_.open(version.code_id), code_.merged(layer_ids(version)),
               log_group(version.logging, record.name), initialization});
}

void Catalog::advance_shifts(std::string_view name) {
  const auto shifts = [](const auto& entry) { return !entry.second.shifting_from.empty(); };
  const auto before = find(name);
  if (!before || std::ranges::none_of(before->aliases, shifts)) return;
  const auto changed = change(name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    const auto current = function(name);
    for (auto& [key, alias] : record.aliases) {
      const auto config = record.provisioned.find(key);
      const auto fleet = current->provisioned.find({key, alias.version});
      if (alias.shifting_from.empty() || config == record.provisioned.end() ||
          fleet == current->provisioned.end())
        continue;
      advance_shift(alias, config->second.executions, pool_.provisioned(fleet->second).ready);
    }
    return {};
  });
  if (!changed) log::error("lambda: an alias of {} stays: {}", name, changed.error().message);
}

// Between the versions of an alias with weights its number is divided as they are. While it shifts
// from one to the other, the new one's are started, and each that is ready replaces an old one.
void Catalog::provision(Function& after, const Function* before) {
  const auto& record = *after.record;
  const auto keep = [&](const std::string& qualifier, const std::string& version, int wanted) {
    const auto* config = record.find(version);
    if (wanted <= 0 || config == nullptr) return;
    const std::pair key{qualifier, version};
    FleetPtr fleet;
    if (before != nullptr) {
      const auto it = before->provisioned.find(key);
      if (it != before->provisioned.end()) fleet = it->second;
    }
    if (!fleet) {
      fleet =
          pool_.make_fleet(revision(record, *config, Initialization::kProvisioned), after.count);
    }
    pool_.provision(fleet, wanted);
    after.provisioned.emplace(key, std::move(fleet));
  };
  for (const auto& [qualifier, config] : record.provisioned) {
    const auto alias = record.aliases.find(qualifier);
    if (alias == record.aliases.end()) {
      keep(qualifier, qualifier, config.executions);
      continue;
    }
    if (const auto& from = alias->second.shifting_from; !from.empty()) {
      keep(qualifier, alias->second.version, config.executions);
      const auto fleet = after.provisioned.find({qualifier, alias->second.version});
      const int ready =
          fleet == after.provisioned.end() ? 0 : pool_.provisioned(fleet->second).ready;
      keep(qualifier, from, config.executions - ready);
      continue;
    }
    int others = 0;
    for (const auto& [version, weight] : alias->second.weights) {
      others = static_cast<int>(std::lround(config.executions * weight));
      keep(qualifier, version, others);
    }
    keep(qualifier, alias->second.version, config.executions - others);
  }
  if (before == nullptr) return;
  for (const auto& [key, fleet] : before->provisioned) {
    if (!after.provisioned.contains(key)) pool_.remove(fleet);
  }
}

void Catalog::install(RecordPtr record) {
  const auto before = function(record->name);
  auto after = std::make_shared<Function>();
  after->record = record;
  if (before) after->count = before->count;
  const auto& config = context_.config;

  const auto add_version = [&](const VersionConfig& version) {
    FleetPtr fleet;
    const VersionConfig* old = nullptr;
    if (before) {
      if (const auto it = before->fleets.find(version.version); it != before->fleets.end()) {
        fleet = it->second;
        old = before->record->find(version.version);
      }
    }
    if (fleet == nullptr || old == nullptr || old->revision_id != version.revision_id) {
      auto now = revision(*record, version, Initialization::kOnDemand);
      if (fleet) {
        pool_.update(fleet, std::move(now));
      } else {
        fleet = pool_.make_fleet(std::move(now), after->count);
      }
    }
    after->fleets.emplace(version.version, std::move(fleet));
  };
  add_version(record->latest);
  for (const auto& [number, version] : record->versions) add_version(version);
  if (before) {
    for (const auto& [version, fleet] : before->fleets) {
      if (!after->fleets.contains(version)) pool_.remove(fleet);
    }
  }

  pool_.set_limits(after->count, record->reserved_concurrency.value_or(-1),
                   record->provisioned_total());
  provision(*after, before.get());
  // Of the qualifier itself, or of the version that it is.
  const auto provisioned = [&](const std::string& qualifier,
                               const std::string& version) -> FleetPtr {
    for (const auto& owner : {qualifier, version}) {
      const auto it = after->provisioned.find({owner, version});
      if (it != after->provisioned.end()) return it->second;
    }
    return nullptr;
  };

  const auto add_target = [&](const std::string& qualifier, const std::string& version) {
    const auto fleet = after->fleets.find(version);
    if (fleet == after->fleets.end()) return;
    Target target{
        .fleet = fleet->second,
        .provisioned = provisioned(qualifier, version),
        .version = version,
        .invoked_arn = function_arn(config.region, config.account, record->name, qualifier)};
    if (const auto alias = record->aliases.find(qualifier);
        alias != record->aliases.end() && !alias->second.weights.empty()) {
      const auto& [other, weight] = *alias->second.weights.begin();
      if (const auto found = after->fleets.find(other); found != after->fleets.end()) {
        target.other_fleet = found->second;
        target.other_provisioned = provisioned(qualifier, other);
        target.other_version = other;
        target.other_weight = weight;
        target.shifting = !alias->second.shifting_from.empty();
      }
    }
    const auto actively = [&](const std::string& executed_version) {
      const auto* executed = record->find(executed_version);
      return executed != nullptr && executed->tracing_mode == "Active";
    };
    target.traces_actively = actively(version);
    target.other_traces_actively = target.other_fleet && actively(target.other_version);
    if (const auto it = record->policies.find(qualifier); it != record->policies.end()) {
      auto compiled =
          policy::Policy::parse(json::dump(policy_document(it->second)), policy::Kind::kResource);
      if (compiled) {
        target.policy = *std::move(compiled);
      } else {
        log::error("lambda: the resource policy of {} cannot be read, it allows nobody: {}",
                   target.invoked_arn, compiled.error().message);
      }
    }
    after->targets[qualifier] = std::make_shared<const Target>(std::move(target));
  };
  add_target("", std::string(kLatest));
  add_target(std::string(kLatest), std::string(kLatest));
  for (const auto& [version, fleet] : after->fleets) add_target(version, version);
  for (const auto& [name, alias] : record->aliases) add_target(name, alias.version);
  functions_.with([&](Functions& all) { all[record->name] = std::move(after); });
}

void Catalog::collect() {
  const std::scoped_lock lock(changes_);
  collect_code();
}

// What the layers' versions need is held by them.
void Catalog::collect_code() {
  std::set<std::string> live;
  const auto keep = [&](const VersionConfig& version) {
    live.insert(version.code_id);
    auto layers = layer_ids(version);
    live.insert(CodeStore::merged_id(layers));
    live.insert(std::make_move_iterator(layers.begin()), std::make_move_iterator(layers.end()));
  };
  for (const auto& record : all()) {
    keep(record->latest);
    for (const auto& [number, version] : record->versions) keep(version);
  }
  code_.collect(live);
}

}  // namespace dew::lambda
