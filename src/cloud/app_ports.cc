#include "cloud/app_ports.h"

#include <fmt/format.h>

namespace dew::cloud {

void AppPorts::route(const Guarded<Stages>& stages, http::Request request,
                     http::Responder respond) const {
  const std::string_view path = request.path();
  const size_t slash = path.find('/', 1);
  std::string stage(
      path.substr(path.empty() ? 0 : 1, slash == std::string_view::npos ? slash : slash - 1));
  std::string api_id;
  std::string known;
  stages.read([&](const Stages& map) {
    if (const auto it = map.find(stage); it != map.end()) api_id = it->second;
    for (const auto& entry : map)
      known += fmt::format("{}/{}/", known.empty() ? "" : ", ", entry.first);
  });
  if (api_id.empty()) {
    return respond(http::Response::json(
        404,
        fmt::format(R"({{"message":"Not found: this port serves the API under {}"}})", known)));
  }
  std::string rest = slash == std::string_view::npos ? "/" : std::string(path.substr(slash));
  serve_(std::move(request), std::move(respond), std::move(api_id), std::move(stage),
         std::move(rest));
}

Result<uint16_t> AppPorts::open(uint16_t port, std::string api_id, std::string stage) {
  return state_.with([&](State& state) -> Result<uint16_t> {
    auto it = state.ports.find(port);
    if (port == 0 || it == state.ports.end()) {
      Port opened;
      net::ServerOptions options;
      options.address = address_;
      options.port = port;
      auto server = net::Server::listen(
          loops_, options,
          [this, stages = opened.stages](http::Request request, http::Responder respond) {
            route(*stages, std::move(request), std::move(respond));
          });
      if (!server) return std::unexpected(std::move(server).error());
      opened.server = *std::move(server);
      const uint16_t bound = opened.server->port();
      it = state.ports.insert_or_assign(bound, std::move(opened)).first;
    }
    state.url = fmt::format("http://localhost:{}/{}", it->first, stage);
    it->second.stages->with(
        [&](Stages& map) { map.insert_or_assign(std::move(stage), std::move(api_id)); });
    return it->first;
  });
}

std::string AppPorts::url() const {
  return state_.read([](const State& state) { return state.url; });
}

void AppPorts::drain(std::chrono::milliseconds deadline) {
  std::map<uint16_t, Port> ports;
  state_.with([&](State& state) { ports.swap(state.ports); });
  for (auto& [number, port] : ports) port.server->drain(deadline);
}

}  // namespace dew::cloud
