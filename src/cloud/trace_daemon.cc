#include "cloud/trace_daemon.h"

#include <fmt/format.h>

#include "base/log.h"
#include "cloud/browser_guard.h"
#include "services/xray/datagram.h"

namespace dew::cloud {

namespace {

constexpr const char* kAddress = "127.0.0.1";
// A free TCP port may be taken for UDP.
constexpr int kTries = 16;

constexpr std::pair<std::string_view, std::string_view> kProxied[] = {
    {"/GetSamplingRules", "GetSamplingRules"}, {"/SamplingTargets", "GetSamplingTargets"}};

}  // namespace

Result<void> TraceDaemon::listen(uint16_t port) {
  Result<void> last;
  for (int i = 0; i < (port == 0 ? kTries : 1); ++i) {
    net::ServerOptions options;
    options.address = kAddress;
    options.port = port;
    options.max_connections = 256;
    TRY(auto server, net::Server::listen(loops_, options,
                                         [this](http::Request request, http::Responder respond) {
                                           handle(std::move(request), std::move(respond));
                                         }));
    auto socket = net::DatagramSocket::listen(loops_.next(), kAddress, server->port(),
                                              [this](auto datagrams) { receive(datagrams); });
    if (socket) {
      server_ = std::move(server);
      socket_ = *std::move(socket);
      return {};
    }
    last = std::unexpected(socket.error());
  }
  return last;
}

Result<void> TraceDaemon::listen_somewhere(uint16_t port) {
  const auto listening = listen(port);
  if (listening || port == 0) return listening;
  CHECK_OK(listen(0));
  log::warn(
      "port {} of X-Ray's daemon is in use by another program: {} instead, which functions find in "
      "AWS_XRAY_DAEMON_ADDRESS (--xray-port chooses one)",
      port, this->port());
  return {};
}

void TraceDaemon::stop(std::chrono::milliseconds deadline) {
  if (server_) server_->drain(deadline);
  socket_.reset();
  server_.reset();
}

void TraceDaemon::receive(std::span<const std::string_view> datagrams) {
  std::vector<std::string> documents;
  documents.reserve(datagrams.size());
  for (const auto datagram : datagrams) {
    if (const auto document = xray::document_of_datagram(datagram)) {
      documents.emplace_back(*document);
    } else {
      log::debug("a datagram to X-Ray's daemon is none: {} bytes", datagram.size());
    }
  }
  xray_.record_raw(std::move(documents));
}

void TraceDaemon::handle(http::Request request, http::Responder respond) {
  if (!allowed_from_browser(request))
    return respond(http::Response::json(403, R"({"message":"Forbidden"})"));
  for (const auto& [path, operation] : kProxied) {
    if (request.path() != path || request.method != "POST") continue;
    return workers_.post(
        [this, operation, body = std::move(request.body), respond = std::move(respond)]() mutable {
          respond(answer(operation, body));
        });
  }
  respond(http::Response::json(
      404,
      R"({"message":"This is the port of X-Ray's daemon: it answers POST /GetSamplingRules and /SamplingTargets"})"));
}

http::Response TraceDaemon::answer(std::string_view operation, const std::string& body) {
  auto input = json::parse(body.empty() ? "{}" : body);
  if (!input || !input->is_object())
    return http::Response::json(400, R"({"message":"The body is no JSON object"})");
  const auto output = caller_.call({}, "xray", operation, std::move(input->get_object()));
  if (output) return http::Response::json(200, json::dump(*output));
  auto response = http::Response::json(
      output.error().status, json::dump(json::Object{{"message", output.error().message}}));
  response.headers.add("x-amzn-ErrorType", output.error().code);
  return response;
}

}  // namespace dew::cloud
