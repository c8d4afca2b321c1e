#include "services/xray/service_graph.h"

namespace dew::xray {

const Entity& timing_of_call(const Trace& trace, const Entity& callee) {
  if (callee.parent == kNoEntity) return callee;
  const Entity& parent = trace.entities[callee.parent];
  return parent.segment ? callee : parent;
}

size_t ServiceGraph::node(const ServiceId& id) {
  const auto [found, fresh] = places_.try_emplace(id, nodes_.size());
  if (fresh) nodes_.push_back({.id = id, .root = false, .statistics = {}, .edges = {}});
  return found->second;
}

void ServiceGraph::add(const Trace& trace) {
  for (const auto& entity : trace.entities) {
    if (!entity.segment) continue;
    const size_t callee = node(trace.services[entity.service]);
    nodes_[callee].statistics.add(entity, entity);
    ServiceId caller;
    if (entity.parent != kNoEntity) {
      caller = trace.services[trace.entities[entity.parent].service];
    } else {
      nodes_[callee].root = true;
      caller = {nodes_[callee].id.name, "client", {}};
    }
    const size_t from = node(caller);
    nodes_[from].edges[callee].add(entity, timing_of_call(trace, entity));
  }
}

json::Array ServiceGraph::render() const {
  json::Array out;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    const bool client = node.id.type == "client";
    json::Array edges;
    double start = node.statistics.start;
    double end = node.statistics.end;
    for (const auto& [callee, statistics] : node.edges) {
      edges.push_back(json::Object{{"ReferenceId", callee},
                                   {"StartTime", statistics.start},
                                   {"EndTime", statistics.end},
                                   {"SummaryStatistics", statistics.render()},
                                   {"ResponseTimeHistogram", statistics.histogram.render()},
                                   {"Aliases", json::Array()}});
      if (!client) continue;
      start = start == 0 ? statistics.start : std::min(start, statistics.start);
      end = std::max(end, statistics.end);
    }
    json::Object service{{"ReferenceId", i},
                         {"Name", node.id.name},
                         {"Names", json::Array{json::Value(node.id.name)}}};
    if (node.root) service["Root"] = true;
    if (!node.id.account.empty()) service["AccountId"] = node.id.account;
    if (!node.id.type.empty()) service["Type"] = node.id.type;
    service["State"] = client ? "unknown" : "active";
    service["StartTime"] = start;
    service["EndTime"] = end;
    service["Edges"] = std::move(edges);
    if (!client) {
      service["SummaryStatistics"] = node.statistics.render();
      service["DurationHistogram"] = node.statistics.histogram.render();
      service["ResponseTimeHistogram"] = node.statistics.histogram.render();
    }
    out.push_back(std::move(service));
  }
  return out;
}

}  // namespace dew::xray
