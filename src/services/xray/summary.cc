#include "services/xray/summary.h"

#include <map>
#include <set>

#include "services/xray/root_causes.h"

namespace dew::xray {

json::Object service_json(const ServiceId& service) {
  json::Object out{{"Name", service.name}, {"Names", json::Array{json::Value(service.name)}}};
  if (!service.account.empty()) out["AccountId"] = service.account;
  if (!service.type.empty()) out["Type"] = service.type;
  return out;
}

namespace {

json::Array render(const Trace& trace, const std::set<size_t>& services) {
  json::Array out;
  for (const size_t service : services) out.push_back(service_json(trace.services[service]));
  return out;
}

void copy_text(json::Object& out, std::string_view to, const json::Object* from,
               std::string_view name) {
  if (from == nullptr) return;
  if (const auto text = json::string_at(*from, name)) out[to] = *text;
}

json::Object http_of(const Entity& root) {
  json::Object out;
  const auto* request = member(*root.document, "http", "request");
  copy_text(out, "HttpURL", request, "url");
  copy_text(out, "HttpMethod", request, "method");
  copy_text(out, "UserAgent", request, "user_agent");
  copy_text(out, "ClientIp", request, "client_ip");
  const auto* response = member(*root.document, "http", "response");
  if (response != nullptr) {
    if (const auto status = json::int_at(*response, "status")) out["HttpStatus"] = *status;
  }
  return out;
}

json::Object annotations_of(const Trace& trace) {
  // By key, then by value as text.
  std::map<std::string, std::map<std::string, std::pair<json::Object, std::set<size_t>>>> found;
  for (const auto& entity : trace.entities) {
    const auto* annotations = json::object_at(*entity.document, "annotations");
    if (annotations == nullptr) continue;
    for (const auto& entry : *annotations) {
      json::Object value;
      if (entry.value().is_string()) value["StringValue"] = entry.value();
      if (entry.value().is_bool()) value["BooleanValue"] = entry.value();
      if (entry.value().is_number()) value["NumberValue"] = entry.value().to_number<double>();
      if (value.empty()) continue;
      auto& slot = found[std::string(entry.key())][json::dump(entry.value())];
      slot.first = std::move(value);
      slot.second.insert(entity.service);
    }
  }
  json::Object out;
  for (auto& [key, values] : found) {
    json::Array list;
    for (auto& [text, slot] : values) {
      list.push_back(json::Object{{"AnnotationValue", std::move(slot.first)},
                                  {"ServiceIds", render(trace, slot.second)}});
    }
    out[key] = std::move(list);
  }
  return out;
}

json::Array users_of(const Trace& trace) {
  std::map<std::string, std::set<size_t>> found;
  for (const auto& entity : trace.entities) {
    if (const auto user = json::string_at(*entity.document, "user"))
      found[std::string(*user)].insert(entity.service);
  }
  json::Array out;
  for (const auto& [user, services] : found)
    out.push_back(json::Object{{"UserName", user}, {"ServiceIds", render(trace, services)}});
  return out;
}

// Every different text at document[of][name] (or document[name]), each as {key: text}.
json::Array list_of(const Trace& trace, std::string_view key, std::string_view of,
                    std::string_view name) {
  std::set<std::string> found;
  for (const auto& entity : trace.entities) {
    const auto* holder = of.empty() ? entity.document : member(*entity.document, "aws", of);
    if (holder == nullptr) continue;
    if (const auto text = json::string_at(*holder, name)) found.emplace(*text);
  }
  json::Array out;
  for (const auto& text : found) out.push_back(json::Object{{key, text}});
  return out;
}

}  // namespace

json::Object summarize(const Trace& trace) {
  bool fault = false;
  bool error = false;
  bool throttle = false;
  bool partial = false;
  std::set<size_t> services;
  for (const auto& entity : trace.entities) {
    partial |= entity.in_progress;
    if (!entity.segment) continue;
    fault |= entity.fault;
    error |= entity.error;
    throttle |= entity.throttle;
    services.insert(entity.service);
  }
  json::Object out{{"Id", trace.id}, {"Duration", trace.seconds()}};
  const Entity* root = trace.root_entity();
  if (root != nullptr) out["ResponseTime"] = root->seconds();
  out["HasFault"] = fault;
  out["HasError"] = error;
  out["HasThrottle"] = throttle;
  // Nothing that it all began with has come yet, or something is not over.
  out["IsPartial"] = partial || root == nullptr;
  out["Http"] = root == nullptr ? json::Object() : http_of(*root);
  out["Annotations"] = annotations_of(trace);
  out["Users"] = users_of(trace);
  out["ServiceIds"] = render(trace, services);
  out["ResourceARNs"] = list_of(trace, "ARN", {}, "resource_arn");
  out["InstanceIds"] = list_of(trace, "Id", "ec2", "instance_id");
  out["AvailabilityZones"] = list_of(trace, "Name", "ec2", "availability_zone");
  if (root != nullptr) out["EntryPoint"] = service_json(trace.services[root->service]);
  out["FaultRootCauses"] = root_causes(trace, Failure::kFault);
  out["ErrorRootCauses"] = root_causes(trace, Failure::kError);
  out["ResponseTimeRootCauses"] = response_time_root_causes(trace);
  out["Revision"] = trace.revision;
  if (root != nullptr) out["MatchedEventTime"] = root->start;
  return out;
}

}  // namespace dew::xray
