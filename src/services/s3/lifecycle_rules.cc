// What lifecycle rules may say, and when an object expires by them.
#include <algorithm>
#include <set>

#include "base/clock.h"
#include "services/s3/lifecycle.h"
#include "services/s3/lifecycle_filter.h"
#include "services/s3/settings.h"

namespace dew::s3 {

namespace {

constexpr size_t kMaxLifecycleRules = 1000;  // API_PutBucketLifecycleConfiguration.html
constexpr size_t kMaxRuleId = 255;
constexpr int64_t kMaxNewerVersions = 100;

std::unexpected<aws::ApiError> malformed() {
  return aws::fail("MalformedXML",
                   "The XML you provided was not well-formed or did not validate against our "
                   "published schema");
}
std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail("InvalidArgument", std::move(message));
}

ApiResult<void> check_days(const json::Object& action, std::string_view member,
                           std::string_view name, int64_t least = 1) {
  const auto days = json::int_at(action, member);
  if (days && *days < least)
    return invalid(fmt::format("'{}' for {} action must be a {} integer", member, name,
                               least == 0 ? "nonnegative" : "positive"));
  return {};
}

ApiResult<void> check_date(const json::Object& action) {
  const auto date = json::number_at(action, "Date");
  if (date && static_cast<int64_t>(*date) % kDay_s != 0)
    return invalid("'Date' must be at midnight GMT");
  return {};
}

ApiResult<void> check_expiration(const json::Object& rule, const LifecycleFilter& filter) {
  const auto* expiration = json::object_at(rule, "Expiration");
  if (expiration == nullptr) return {};
  CHECK_OK(check_days(*expiration, "Days", "Expiration"));
  CHECK_OK(check_date(*expiration));
  const int given = (expiration->contains("Days") ? 1 : 0) +
                    (expiration->contains("Date") ? 1 : 0) +
                    (expiration->contains("ExpiredObjectDeleteMarker") ? 1 : 0);
  if (given != 1) return malformed();
  if (expiration->contains("ExpiredObjectDeleteMarker") && !filter.tags.empty()) {
    return aws::fail("InvalidRequest",
                     "ExpiredObjectDeleteMarker cannot be specified with Object Tags.");
  }
  return {};
}

// To a class whose objects can be read at once; others would have to be restored first.
ApiResult<void> check_transition(const json::Object& transition, std::string_view days,
                                 std::string_view name) {
  CHECK_OK(check_days(transition, days, name, 0));
  CHECK_OK(check_date(transition));
  const auto to = json::string_or(transition, "StorageClass");
  if (to == "GLACIER" || to == "DEEP_ARCHIVE") {
    return aws::fail(aws::ApiError::unsupported(
        fmt::format("transitions to {}, whose objects have to be restored", to)));
  }
  static constexpr std::string_view kClasses[] = {"STANDARD_IA", "ONEZONE_IA",
                                                  "INTELLIGENT_TIERING", "GLACIER_IR"};
  if (std::ranges::find(kClasses, to) == std::end(kClasses)) return malformed();
  const bool infrequent = to == "STANDARD_IA" || to == "ONEZONE_IA";
  if (infrequent && json::int_at(transition, days).value_or(30) < 30) {
    return invalid(
        fmt::format("'{}' in {} action must be greater than or equal to 30 for storageClass '{}'",
                    days, name, to));
  }
  return {};
}

ApiResult<void> check_noncurrent(const json::Object& rule) {
  if (const auto* action = json::object_at(rule, "NoncurrentVersionExpiration")) {
    if (!action->contains("NoncurrentDays")) return malformed();
    CHECK_OK(check_days(*action, "NoncurrentDays", "NoncurrentVersionExpiration"));
    const auto newer = json::int_at(*action, "NewerNoncurrentVersions");
    if (newer && (*newer < 1 || *newer > kMaxNewerVersions)) {
      return invalid(
          "'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be "
          "between 1 and 100");
    }
  }
  const auto each = [&](std::string_view list, std::string_view days,
                        std::string_view name) -> ApiResult<void> {
    const auto* transitions = json::array_at(rule, list);
    if (transitions == nullptr) return {};
    for (const auto& one : *transitions) CHECK_OK(check_transition(one.as_object(), days, name));
    return {};
  };
  CHECK_OK(each("Transitions", "Days", "Transition"));
  return each("NoncurrentVersionTransitions", "NoncurrentDays", "NoncurrentVersionTransition");
}

ApiResult<void> check_abort(const json::Object& rule, const LifecycleFilter& filter) {
  const auto* abort = json::object_at(rule, "AbortIncompleteMultipartUpload");
  if (abort == nullptr) return {};
  if (json::int_at(*abort, "DaysAfterInitiation").value_or(0) <= 0) {
    return invalid(
        "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive "
        "integer");
  }
  if (!filter.tags.empty() || filter.larger_than || filter.smaller_than) {
    return aws::fail("InvalidRequest",
                     filter.tags.empty()
                         ? "AbortIncompleteMultipartUpload cannot be specified with Object Size."
                         : "AbortIncompleteMultipartUpload cannot be specified with Tags.");
  }
  return {};
}

ApiResult<void> check_rule(const json::Object& rule, std::set<std::string>& ids) {
  const auto id = json::string_or(rule, "ID");
  if (id.size() > kMaxRuleId) return invalid("ID length should not exceed allowed limit of 255");
  if (!id.empty() && !ids.insert(id).second)
    return invalid("Rule ID must be unique. Found same ID for more than one rule");
  const auto status = json::string_or(rule, "Status");
  if (status != "Enabled" && status != "Disabled") return malformed();
  if (rule.contains("Filter") == rule.contains("Prefix")) return malformed();
  static constexpr const char* kActions[] = {
      "Expiration", "Transitions", "NoncurrentVersionTransitions", "NoncurrentVersionExpiration",
      "AbortIncompleteMultipartUpload"};
  if (std::ranges::none_of(kActions, [&](const char* name) { return rule.contains(name); }))
    return aws::fail("InvalidRequest", "At least one action needs to be specified in a rule");
  const auto filter = read_filter(rule);
  if (!filter) return malformed();
  CHECK_OK(check_expiration(rule, *filter));
  CHECK_OK(check_noncurrent(rule));
  return check_abort(rule, *filter);
}

ApiResult<json::Value> put_lifecycle(State& state, Call& call) {
  const auto* wanted = json::object_at(call.input, "LifecycleConfiguration");
  const auto* rules = wanted == nullptr ? nullptr : json::array_at(*wanted, "Rules");
  if (rules == nullptr) return malformed();
  TRY(auto stored, check_lifecycle(*rules));
  auto put = change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    bucket["Lifecycle"] = std::move(stored);
    return {};
  });
  if (put && state.sweep_soon) state.sweep_soon();
  return put;
}

}  // namespace

std::optional<LifecycleFilter> read_filter(const json::Object& rule) {
  LifecycleFilter out;
  out.prefix = json::string_or(rule, "Prefix");
  const auto* filter = json::object_at(rule, "Filter");
  if (filter == nullptr) return out;
  // One condition, or And with several.
  if (filter->size() > 1) return std::nullopt;
  const auto* conditions = json::object_at(*filter, "And");
  if (conditions == nullptr) conditions = filter;
  out.prefix = json::string_or(*conditions, "Prefix");
  out.larger_than = json::int_at(*conditions, "ObjectSizeGreaterThan");
  out.smaller_than = json::int_at(*conditions, "ObjectSizeLessThan");
  const auto add = [&](const json::Object& tag) {
    out.tags.emplace_back(json::string_or(tag, "Key"), json::string_or(tag, "Value"));
  };
  if (const auto* tag = json::object_at(*conditions, "Tag")) add(*tag);
  if (const auto* tags = json::array_at(*conditions, "Tags")) {
    for (const auto& tag : *tags) add(tag.as_object());
  }
  return out;
}

bool LifecycleFilter::takes(const json::Object& record) const {
  if (!json::string_or(record, "Key").starts_with(prefix)) return false;
  const auto size = json::int_at(record, "Size").value_or(0);
  if (larger_than && size <= *larger_than) return false;
  if (smaller_than && size >= *smaller_than) return false;
  if (tags.empty()) return true;
  const auto* mine = json::array_at(record, "Tags");
  return mine != nullptr && std::ranges::all_of(tags, [&](const auto& wanted) {
           return std::ranges::any_of(*mine, [&](const json::Value& tag) {
             return json::string_or(tag.as_object(), "Key") == wanted.first &&
                    json::string_or(tag.as_object(), "Value") == wanted.second;
           });
         });
}

int64_t due_after(int64_t from_s, int64_t days) {
  const auto at = from_s + days * kDay_s;
  return (at + kDay_s - 1) / kDay_s * kDay_s;
}

int64_t modified_s(const json::Object& record) {
  return static_cast<int64_t>(json::number_at(record, "LastModified").value_or(0));
}

std::optional<int64_t> due_of(const json::Object& action, std::string_view days, int64_t from_s) {
  if (const auto date = json::number_at(action, "Date")) return static_cast<int64_t>(*date);
  if (const auto count = json::int_at(action, days)) return due_after(from_s, *count);
  return std::nullopt;
}

ApiResult<json::Array> check_lifecycle(const json::Array& rules) {
  if (rules.empty() || rules.size() > kMaxLifecycleRules) return malformed();
  std::set<std::string> ids;
  for (const auto& rule : rules) CHECK_OK(check_rule(rule.as_object(), ids));
  auto stored = rules;
  int number = 0;
  for (auto& rule : stored) {
    ++number;
    if (!rule.as_object().contains("ID")) rule.as_object()["ID"] = fmt::format("rule-{}", number);
  }
  return stored;
}

std::optional<Expiration> expiration_of(const json::Object& bucket, const json::Object& object) {
  std::optional<Expiration> out;
  const auto* rules = json::array_at(bucket, "Lifecycle");
  if (rules == nullptr) return out;
  for (const auto& one : *rules) {
    const auto& rule = one.as_object();
    const auto* action = json::object_at(rule, "Expiration");
    if (action == nullptr || json::string_or(rule, "Status") != "Enabled") continue;
    const auto filter = read_filter(rule);
    if (!filter || !filter->takes(object)) continue;
    const auto due = due_of(*action, "Days", modified_s(object));
    if (due && (!out || *due < out->at_s)) out = Expiration{*due, json::string_or(rule, "ID")};
  }
  return out;
}

std::string expiration_header(const json::Object& bucket, const json::Object& object) {
  const auto expires = expiration_of(bucket, object);
  if (!expires) return {};
  return fmt::format("expiry-date=\"{}\", rule-id=\"{}\"",
                     http_date(TimePoint(std::chrono::seconds(expires->at_s))), expires->rule_id);
}

void add_expiration(const json::Object& bucket, const json::Object& object, json::Object& out) {
  if (const auto header = expiration_header(bucket, object); !header.empty())
    out["Expiration"] = header;
}

void add_lifecycle_operations(const Add& add) {
  add("PutBucketLifecycleConfiguration", put_lifecycle);
}

}  // namespace dew::s3
