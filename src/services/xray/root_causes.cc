#include "services/xray/root_causes.h"

#include <algorithm>

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

// `shown` makes the entity of an entity's place on the way.
template <class Shown>
json::Object cause_of(const Trace& trace, const std::vector<size_t>& way, Shown&& shown) {
  json::Array services;
  size_t owner = kNoEntity;
  for (size_t i = 0; i < way.size(); ++i) {
    const auto& entity = trace.entities[way[i]];
    if (entity.owner != owner) {
      owner = entity.owner;
      json::Object service = service_json(trace.services[entity.service]);
      service["Inferred"] = trace.entities[owner].inferred;
      service["EntityPath"] = json::Array();
      services.push_back(std::move(service));
    }
    services.back().as_object()["EntityPath"].as_array().push_back(shown(i));
  }
  return {{"Services", std::move(services)}, {"ClientImpacting", true}};
}

// How long `inner` worked while `outer` did, seconds.
double together(const Entity& outer, const Entity& inner) {
  return std::min(outer.end, inner.end) - std::max(outer.start, inner.start);
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
    out.push_back(cause_of(trace, way,
                           [&](size_t at_way) { return entity_of(trace.entities[way[at_way]]); }));
  }
  return out;
}

json::Array response_time_root_causes(const Trace& trace) {
  const auto* root = trace.root_entity();
  if (root == nullptr || root->in_progress || root->seconds() <= 0) return {};
  std::vector<size_t> way{trace.root};
  std::vector<double> coverage{1.0};
  while (true) {
    const auto& outer = trace.entities[way.back()];
    size_t longest = kNoEntity;
    for (const size_t child : outer.children) {
      const auto& inner = trace.entities[child];
      if (inner.in_progress || 2 * together(outer, inner) < outer.seconds()) continue;
      if (longest == kNoEntity || together(outer, inner) > together(outer, trace.entities[longest]))
        longest = child;
    }
    if (longest == kNoEntity || outer.seconds() <= 0) break;
    way.push_back(longest);
    coverage.push_back(
        std::clamp(together(*root, trace.entities[longest]) / root->seconds(), 0.0, 1.0));
  }
  json::Array out;
  out.push_back(cause_of(trace, way, [&](size_t at) {
    auto entity = entity_of(trace.entities[way[at]]);
    entity.erase("Exceptions");
    entity["Coverage"] = coverage[at];
    return entity;
  }));
  return out;
}

}  // namespace dew::xray
