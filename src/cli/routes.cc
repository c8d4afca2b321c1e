#include "cli/routes.h"

#include "serverless/schema.h"

namespace dew::cli {

std::vector<Route> routes_of(const serverless::Service& service) {
  std::vector<Route> out;
  for (const auto& [key, function] : service.functions()) {
    const serverless::Node* events = function->find("events");
    if (!events) continue;
    for (const auto& event : events->items) {
      if (event.entries[0].key != "http") continue;
      const auto route = serverless::http_route(event.entries[0].value, "");
      if (route) out.push_back({route->method, "/" + route->path, key});
    }
  }
  return out;
}

}  // namespace dew::cli
