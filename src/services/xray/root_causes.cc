#include "services/xray/root_causes.h"

#include "services/xray/summary.h"

namespace dew::xray {

namespace {

json::Array exceptions_of(const json::Object& document) {
  json::Array out;
  const auto* cause = json::object_at(document, "cause");
  const auto* list = cause == nullptr ? nullptr : json::array_at(*cause, "exceptions");
  if (list == nullptr) return out;
  for (const auto& one : *list) {
    const auto* exception = one.if_object();
    if (exception == nullptr) continue;
    json::Object shown;
    if (const auto name = json::string_at(*exception, "type")) shown["Name"] = *name;
    if (const auto message = json::string_at(*exception, "message")) shown["Message"] = *message;
    out.push_back(std::move(shown));
  }
  return out;
}

json::Object entity_of(const Entity& entity) {
  return {{"Name", entity.name},
          {"Exceptions", exceptions_of(*entity.document)},
          {"Remote", json::string_or(*entity.document, "namespace") == "remote"}};
}

json::Object cause_of(const Trace& trace, const std::vector<size_t>& way) {
  json::Array services;
  size_t owner = kNoEntity;
  for (const size_t at : way) {
    const auto& entity = trace.entities[at];
    if (entity.owner != owner) {
      owner = entity.owner;
      json::Object service = service_json(trace.services[entity.service]);
      service["Inferred"] = trace.entities[owner].inferred;
      service["EntityPath"] = json::Array();
      services.push_back(std::move(service));
    }
    services.back().as_object()["EntityPath"].as_array().push_back(entity_of(entity));
  }
  return {{"Services", std::move(services)}, {"ClientImpacting", true}};
}

}  // namespace

json::Array root_causes(const Trace& trace, Failure failure) {
  const auto failed = [&](size_t at) {
    const auto& entity = trace.entities[at];
    return failure == Failure::kFault ? entity.fault : entity.error;
  };
  json::Array out;
  if (trace.root == kNoEntity || !failed(trace.root)) return out;
  for (size_t i = 0; i < trace.entities.size() && out.size() < kMaxRootCauses; ++i) {
    if (!failed(i) || std::ranges::any_of(trace.entities[i].children, failed)) continue;
    std::vector<size_t> way;
    size_t at = i;
    for (; at != kNoEntity && failed(at); at = trace.entities[at].parent) way.push_back(at);
    if (way.back() != trace.root) continue;  // somebody on the way dealt with it
    std::ranges::reverse(way);
    out.push_back(cause_of(trace, way));
  }
  return out;
}

}  // namespace dew::xray
