// The application's own port (3000 by default): serves a deployed API under /{stage}/…, as
// serverless-offline does, so that a browser or a test needs no api id. Opened by POST /_dew/http;
// opening the same port again re-points or adds a stage. Thread-safe; open() blocks and must not
// run on an io thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/guarded.h"
#include "base/result.h"
#include "net/server.h"

namespace dew::cloud {

class AppPorts {
 public:
  // Answers a request of the API's stage; `path` is what follows the stage, "/" at least.
  using Serve = std::function<void(http::Request, http::Responder, std::string api_id,
                                   std::string stage, std::string path)>;

  AppPorts(net::Loops& loops, std::string address, Serve serve)
      : loops_(loops), address_(std::move(address)), serve_(std::move(serve)) {}

  // Returns the port that serves it (the one asked for, or a free one for 0).
  Result<uint16_t> open(uint16_t port, std::string api_id, std::string stage);

  // Base URL of what was opened last ("http://localhost:3000/dev"), or empty.
  std::string url() const;

  void drain(std::chrono::milliseconds deadline);

 private:
  using Stages = std::map<std::string, std::string, std::less<>>;  // stage to api id
  struct Port {
    std::shared_ptr<Guarded<Stages>> stages = std::make_shared<Guarded<Stages>>();
    std::unique_ptr<net::Server> server;
  };
  struct State {
    std::map<uint16_t, Port> ports;
    std::string url;
  };

  void route(const Guarded<Stages>& stages, http::Request request, http::Responder respond) const;

  net::Loops& loops_;
  const std::string address_;
  const Serve serve_;
  Guarded<State> state_;
};

}  // namespace dew::cloud
