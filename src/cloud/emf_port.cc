#include "cloud/emf_port.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace dew::cloud {

namespace {

struct Connection {
  int socket;
  std::string begun;  // a line that has not ended
};

// false: the connection is over.
bool read_some(Connection& connection, const EmfPort::Take& take) {
  char buffer[16 * 1024];
  const ssize_t got = recv(connection.socket, buffer, sizeof(buffer), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) {
    if (!connection.begun.empty()) take(connection.begun);  // the last line may lack its end
    return false;
  }
  std::string_view rest(buffer, static_cast<size_t>(got));
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    connection.begun += rest.substr(0, end);
    if (connection.begun.size() > EmfPort::kMaxLine) return false;
    if (end == std::string_view::npos) break;
    take(connection.begun);
    connection.begun.clear();
    rest.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace

EmfPort::EmfPort(int listener, int stop, uint16_t port, Take take)
    : listener_(listener), stop_(stop), port_(port), take_(std::move(take)), thread_([this] {
        run();
      }) {}

EmfPort::~EmfPort() {
  const uint64_t one = 1;
  (void)!write(stop_, &one, sizeof(one));
  thread_.join();
  close(listener_);
  close(stop_);
}

Result<std::unique_ptr<EmfPort>> EmfPort::listen(uint16_t port, Take take) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int stop = eventfd(0, EFD_CLOEXEC);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const int on = 1;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || stop < 0 ||
      setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(listener, any, size) != 0 || ::listen(listener, SOMAXCONN) != 0 ||
      getsockname(listener, any, &size) != 0) {
    const std::string why = std::strerror(errno);
    if (listener >= 0) close(listener);
    if (stop >= 0) close(stop);
    return fail(ErrorKind::kIo,
                fmt::format("cannot listen on the port {} for embedded metrics: {}", port, why));
  }
  return std::unique_ptr<EmfPort>(
      new EmfPort(listener, stop, ntohs(address.sin_port), std::move(take)));
}

void EmfPort::run() {
  std::vector<Connection> connections;
  std::vector<pollfd> polled;
  while (true) {
    polled.clear();
    polled.push_back({stop_, POLLIN, 0});
    const bool room = connections.size() < kMaxConnections;
    polled.push_back({listener_, static_cast<short>(room ? POLLIN : 0), 0});
    for (const auto& connection : connections) polled.push_back({connection.socket, POLLIN, 0});
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) break;
    if (polled[0].revents != 0) break;
    for (size_t i = connections.size(); i-- > 0;) {
      if (polled[i + 2].revents == 0 || read_some(connections[i], take_)) continue;
      close(connections[i].socket);
      connections.erase(connections.begin() + static_cast<ptrdiff_t>(i));
    }
    if ((polled[1].revents & POLLIN) == 0) continue;
    const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted >= 0) connections.push_back({accepted, {}});
  }
  for (const auto& connection : connections) close(connection.socket);
}

}  // namespace dew::cloud
