// The X-Ray daemon's two ports, under one number on 127.0.0.1: UDP takes segments, TCP answers the
// SDKs' questions about sampling as the real daemon does, which signs them and hands them on.
// docs.aws.amazon.com/xray/latest/devguide/xray-daemon.html
//
// Not signed, as with the real one: whoever runs on this machine may send. A web page may not.
// Thread-safe. stop() before the service and the loops go.
#pragma once

#include "aws/caller.h"
#include "net/datagram.h"
#include "net/server.h"
#include "services/xray/service.h"

namespace dew::cloud {

inline constexpr uint16_t kXrayPort = 2000;

class TraceDaemon {
 public:
  TraceDaemon(net::Loops& loops, net::Workers& workers, aws::Caller& caller, xray::Service& xray)
      : loops_(loops), workers_(workers), caller_(caller), xray_(xray) {}

  // Port 0: any free one.
  Result<void> listen(uint16_t port);
  // The port, or a free one when it is taken, with a warning.
  Result<void> listen_somewhere(uint16_t port);
  uint16_t port() const { return server_ ? server_->port() : 0; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
  void stop(std::chrono::milliseconds deadline);

 private:
  void receive(std::span<const std::string_view> datagrams);
  void handle(http::Request request, http::Responder respond);
  http::Response answer(std::string_view operation, const std::string& body);

  net::Loops& loops_;
  net::Workers& workers_;
  aws::Caller& caller_;
  xray::Service& xray_;
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<net::DatagramSocket> socket_;
};

}  // namespace dew::cloud
