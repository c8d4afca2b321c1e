// ServiceGraph: which services called which, over any number of traces.
// docs.aws.amazon.com/xray/latest/api/API_Service.html, API_Edge.html
//
// Nodes are services by name and type; whoever called from outside is a node of type "client" named
// for the service that it called, as X-Ray has it. Not thread-safe.
#pragma once

#include <map>

#include "services/xray/statistics.h"

namespace dew::xray {

class ServiceGraph {
 public:
  void add(const Trace& trace);
  json::Array render() const;  // ServiceList

 private:
  struct Node {
    ServiceId id;
    bool root = false;
    Statistics statistics;
    std::map<size_t, Statistics> edges;  // by the node called
  };
  size_t node(const ServiceId& id);

  std::vector<Node> nodes_;
  std::map<ServiceId, size_t> places_;
};

// The callee's outcome as its caller saw it: the call (a subsegment) when there is one.
const Entity& timing_of_call(const Trace& trace, const Entity& callee);

}  // namespace dew::xray
