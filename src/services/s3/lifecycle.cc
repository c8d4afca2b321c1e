// The sweep: what is due, ends.
#include "services/s3/lifecycle.h"

#include <algorithm>

#include "base/log.h"
#include "services/s3/lifecycle_filter.h"
#include "services/s3/multipart.h"
#include "services/s3/versions.h"

namespace dew::s3 {

namespace {

struct Rule {
  LifecycleFilter filter;
  json::Object actions;

  const json::Object* action(std::string_view name) const { return json::object_at(actions, name); }
};

std::vector<Rule> enabled_rules(const json::Object& bucket) {
  std::vector<Rule> out;
  const auto* rules = json::array_at(bucket, "Lifecycle");
  if (rules == nullptr) return out;
  for (const auto& one : *rules) {
    const auto& rule = one.as_object();
    auto filter = read_filter(rule);
    if (filter && json::string_or(rule, "Status") == "Enabled")
      out.push_back({*std::move(filter), rule});
  }
  return out;
}

class Sweep {
 public:
  Sweep(State& state, std::string bucket, std::vector<Rule> rules,
        const std::function<bool()>& stopped)
      : state_(state),
        bucket_(std::move(bucket)),
        rules_(std::move(rules)),
        stopped_(stopped),
        now_s_(state.context.clock.now_ms() / 1000) {}

  ApiResult<void> run() {
    CHECK_OK(objects());
    CHECK_OK(versions());
    return uploads();
  }

 private:
  // The newest versions: expired, moved to another class, or delete markers that hide nothing.
  ApiResult<void> objects() {
    return services::scan(state_.context.store, store::Key("s3").add("object").add(bucket_), {},
                          [&](std::string_view, const json::Object& record) {
                            for (const auto& rule : rules_) {
                              if (newest_is_due(rule, record)) break;
                            }
                            return !stopped_();
                          });
  }

  // Whether the record is gone by this rule.
  bool newest_is_due(const Rule& rule, const json::Object& record) {
    const auto* expiration = rule.action("Expiration");
    if (is_delete_marker(record)) {
      if (expiration == nullptr || !rule.filter.tags.empty()) return false;
      if (!json::string_or(record, "Key").starts_with(rule.filter.prefix)) return false;
      // "Days" cleans such markers up as well, once they are as old.
      const bool wanted = json::bool_at(*expiration, "ExpiredObjectDeleteMarker").value_or(false) ||
                          is_due(*expiration, "Days", modified_s(record));
      return wanted && !has_older(record) && remove(record, version_id(record));
    }
    if (!rule.filter.takes(record)) return false;
    if (expiration != nullptr && is_due(*expiration, "Days", modified_s(record)))
      return remove(record, std::nullopt);
    if (const auto* transitions = json::array_at(rule.actions, "Transitions"))
      move_to_class(*transitions, "Days", record, modified_s(record));
    return false;
  }

  // The versions before the newest; each is noncurrent since its successor came.
  ApiResult<void> versions() {
    std::string key;
    int64_t since_s = 0;
    int64_t newer = 0;
    return services::scan(state_.context.store, store::Key("s3").add("version").add(bucket_), {},
                          [&](std::string_view, const json::Object& record) {
                            if (json::string_or(record, "Key") != key) {
                              key = json::string_or(record, "Key");
                              newer = 0;
                              const auto newest =
                                  services::load(state_.context.store, object_key(bucket_, key));
                              since_s = newest && *newest ? modified_s(**newest) : now_s_;
                            }
                            older_version(record, since_s, newer);
                            ++newer;
                            since_s = modified_s(record);
                            return !stopped_();
                          });
  }

  void older_version(const json::Object& record, int64_t since_s, int64_t newer) {
    for (const auto& rule : rules_) {
      if (!rule.filter.takes(record)) continue;
      if (const auto* expiration = rule.action("NoncurrentVersionExpiration")) {
        const auto kept = json::int_at(*expiration, "NewerNoncurrentVersions").value_or(0);
        if (newer >= kept && is_due(*expiration, "NoncurrentDays", since_s)) {
          remove(record, version_id(record));
          return;
        }
      }
      const auto* transitions = json::array_at(rule.actions, "NoncurrentVersionTransitions");
      if (transitions != nullptr && !is_delete_marker(record))
        move_to_class(*transitions, "NoncurrentDays", record, since_s);
    }
  }

  ApiResult<void> uploads() {
    std::vector<json::Object> due;
    CHECK_OK(services::scan(
        state_.context.store, store::Key("s3").add("upload").add(bucket_), {},
        [&](std::string_view, json::Object upload) {
          const auto begun = static_cast<int64_t>(json::number_at(upload, "Initiated").value_or(0));
          const bool ends = std::ranges::any_of(rules_, [&](const Rule& rule) {
            const auto* abort = rule.action("AbortIncompleteMultipartUpload");
            return abort != nullptr && is_due(*abort, "DaysAfterInitiation", begun) &&
                   json::string_or(upload, "Key").starts_with(rule.filter.prefix);
          });
          if (ends) due.push_back(std::move(upload));
          return true;
        }));
    for (const auto& upload : due) {
      CHECK_OK(abort_upload(
          state_,
          {{"Bucket", bucket_}, {"Key", upload.at("Key")}, {"UploadId", upload.at("UploadId")}}));
    }
    return {};
  }

  bool is_due(const json::Object& action, std::string_view days, int64_t from_s) const {
    const auto due = due_of(action, days, from_s);
    return due && *due <= now_s_;
  }

  bool has_older(const json::Object& record) const {
    bool found = false;
    const auto scanned = services::scan(state_.context.store,
                                        version_prefix(bucket_, json::string_or(record, "Key")), {},
                                        [&](std::string_view, const json::Object&) {
                                          found = true;
                                          return false;
                                        });
    return found || !scanned;
  }

  // As DeleteObject does, of this very record: one that was replaced since stays.
  bool remove(const json::Object& record, const std::optional<std::string>& version) {
    return change(record, [&](const json::Object& bucket, Change& change) -> ApiResult<void> {
      json::Object input;
      if (version) input["VersionId"] = *version;
      TRY(const auto deleted,
          delete_version(state_, bucket, json::string_or(record, "Key"), input, change));
      log::debug("s3: a lifecycle rule of {} ends {} {}", bucket_, json::string_or(record, "Key"),
                 deleted.version.value_or(""));
      return {};
    });
  }

  void move_to_class(const json::Array& transitions, std::string_view days,
                     const json::Object& record, int64_t from_s) {
    // The one that was due last.
    std::string target;
    int64_t best = 0;
    for (const auto& one : transitions) {
      const auto due = due_of(one.as_object(), days, from_s);
      if (!due || *due > now_s_ || *due < best) continue;
      best = *due;
      target = json::string_or(one.as_object(), "StorageClass");
    }
    if (target.empty() || json::string_or(record, "StorageClass", "STANDARD") == target) return;
    change(record, [&](const json::Object&, Change& change) -> ApiResult<void> {
      auto moved = record;
      moved["StorageClass"] = target;
      services::save(change.batch,
                     version_place(state_, bucket_, json::string_or(record, "Key"), record), moved);
      return {};
    });
  }

  template <class Edit>
  bool change(const json::Object& record, Edit&& edit) {
    std::lock_guard lock(state_.mutex);
    const auto key = json::string_or(record, "Key");
    const auto bucket = load_bucket(state_, {{"Bucket", bucket_}});
    const auto place = version_place(state_, bucket_, key, record);
    const auto now = services::load(state_.context.store, place);
    if (!bucket || !now || !*now || json::dump(**now) != json::dump(record)) return false;
    Change changed;
    auto done = edit(*bucket, changed);
    if (done) done = commit(state_, changed.batch, std::move(changed.bodies));
    if (!done) log::error("s3: lifecycle of {}: {}", bucket_, done.error().message);
    return done.has_value();
  }

  State& state_;
  const std::string bucket_;
  const std::vector<Rule> rules_;
  const std::function<bool()>& stopped_;
  const int64_t now_s_;
};

}  // namespace

void apply_lifecycle(State& state, const std::function<bool()>& stopped) {
  std::vector<std::pair<std::string, std::vector<Rule>>> buckets;
  auto done =
      services::scan(state.context.store, store::Key("s3").add("bucket"), {},
                     [&](std::string_view, const json::Object& bucket) {
                       auto rules = enabled_rules(bucket);
                       if (!rules.empty())
                         buckets.emplace_back(json::string_or(bucket, "Name"), std::move(rules));
                       return true;
                     });
  for (auto& [name, rules] : buckets) {
    if (!done || stopped()) break;
    done = Sweep(state, name, std::move(rules), stopped).run();
  }
  if (!done) log::error("s3: the lifecycle sweep failed: {}", done.error().message);
}

}  // namespace dew::s3
