// Labels: names of a parameter's versions, each of which is at one version at a time.
// docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
#include <fmt/format.h>

#include <algorithm>

#include "net/http.h"
#include "services/ssm/service.h"

namespace dew::ssm {

namespace {

constexpr size_t kMaxLabels = 10;
constexpr size_t kMaxLabelBytes = 100;

bool is_valid(std::string_view label) {
  const auto begins_with = [&](std::string_view word) {
    return label.size() >= word.size() && http::iequals(label.substr(0, word.size()), word);
  };
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= kMaxLabelBytes &&
         std::all_of(label.begin(), label.end(), plain) &&
         !(label.front() >= '0' && label.front() <= '9') && !begins_with("aws") &&
         !begins_with("ssm");
}

json::Array& labels_of(json::Object& record) {
  auto& labels = record["Labels"];
  if (!labels.is_array()) labels.emplace_array();
  return labels.get_array();
}

// Whether it was there.
bool take_off(json::Object& record, std::string_view label) {
  if (!record.contains("Labels")) return false;
  auto& labels = labels_of(record);
  const auto* at = std::find_if(labels.begin(), labels.end(), [&](const json::Value& one) {
    return json::view(one.get_string()) == label;
  });
  if (at == labels.end()) return false;
  labels.erase(at);
  return true;
}

json::Object* find_version(std::vector<json::Object>& versions, int64_t number) {
  for (auto& record : versions) {
    if (json::int_at(record, "Version") == number) return &record;
  }
  return nullptr;
}

const json::Array& asked_labels(const aws::Call& call) {
  static const json::Array kNone;
  const auto* labels = json::array_at(call.input, "Labels");
  return labels ? *labels : kNone;
}

}  // namespace

aws::ApiResult<json::Value> Service::label_version(aws::Call& call) {
  const auto name = json::string_or(call.input, "Name");
  const std::scoped_lock lock(write_);
  TRY(const auto newest, parameters_.newest(name));
  if (!newest) return aws::fail(parameter_not_found(name));
  const auto number = json::int_at(call.input, "ParameterVersion")
                          .value_or(json::int_at(*newest, "Version").value_or(0));
  TRY(auto versions, parameters_.history(json::string_or(*newest, "Name")));
  auto* target = find_version(versions, number);
  if (!target) return aws::fail(version_not_found(name, std::to_string(number)));
  json::Array invalid;
  bool changed = false;
  for (const auto& entry : asked_labels(call)) {
    const auto label = json::str(entry);
    if (!is_valid(label)) {
      invalid.emplace_back(label);
      continue;
    }
    for (auto& record : versions) take_off(record, label);
    labels_of(*target).emplace_back(label);
    changed = true;
  }
  if (labels_of(*target).size() > kMaxLabels) {
    return aws::fail("ParameterVersionLabelLimitExceeded",
                     "A parameter version can have maximum 10 labels. Move one or more labels to "
                     "another version and try again.");
  }
  if (changed) CHECK_OK(parameters_.put_versions(versions));
  return json::Object{{"InvalidLabels", std::move(invalid)}, {"ParameterVersion", number}};
}

aws::ApiResult<json::Value> Service::unlabel_version(aws::Call& call) {
  const auto name = json::string_or(call.input, "Name");
  const std::scoped_lock lock(write_);
  TRY(const auto newest, parameters_.newest(name));
  if (!newest) return aws::fail(parameter_not_found(name));
  const auto number = json::int_at(call.input, "ParameterVersion").value_or(0);
  TRY(auto record, parameters_.version(json::string_or(*newest, "Name"), number));
  if (!record) return aws::fail(version_not_found(name, std::to_string(number)));
  json::Array removed;
  json::Array invalid;
  for (const auto& entry : asked_labels(call)) {
    const auto label = json::str(entry);
    (take_off(*record, label) ? removed : invalid).emplace_back(label);
  }
  if (!removed.empty()) CHECK_OK(parameters_.put_versions({*record}));
  return json::Object{{"RemovedLabels", std::move(removed)}, {"InvalidLabels", std::move(invalid)}};
}

}  // namespace dew::ssm
