#include "resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace dew::detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A question that got no answer is asked again after t, then 2t, then 4t: all of them fit into the
// whole wait.
constexpr int kTries = 3;
constexpr int kShares = 7;
constexpr milliseconds kShortestTry{50};

Error network_error(std::string code, std::string message) {
  return Error{std::move(code), std::move(message), 0, true};
}

template <typename Address>
SocketAddress socket_address(const Address& address) {
  SocketAddress made;
  std::memcpy(&made.storage, &address, sizeof address);
  made.size = sizeof address;
  return made;
}

std::optional<SocketAddress> literal(const std::string& host, uint16_t port) {
  sockaddr_in four{};
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    return socket_address(four);
  }
  sockaddr_in6 six{};
  if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    return socket_address(six);
  }
  return std::nullopt;
}

struct Answer {
  bool done = false;
  int status = ARES_ENODATA;
  std::vector<SocketAddress> addresses;
};

void take_answer(void* into, int status, int /*timeouts*/, ares_addrinfo* found) {
  Answer& answer = *static_cast<Answer*>(into);
  answer.done = true;
  answer.status = status;
  if (found == nullptr) return;
  for (const auto* node = found->nodes; node != nullptr && answer.addresses.size() < kMaxAddresses;
       node = node->ai_next) {
    if (node->ai_addrlen > sizeof(sockaddr_storage)) continue;
    SocketAddress& address = answer.addresses.emplace_back();
    std::memcpy(&address.storage, node->ai_addr, node->ai_addrlen);
    address.size = node->ai_addrlen;
  }
  ares_freeaddrinfo(found);
}

struct Destroy {
  void operator()(ares_channel channel) const { ares_destroy(channel); }
};
using Channel = std::unique_ptr<ares_channeldata, Destroy>;

Result<Channel> make_channel(milliseconds timeout, const std::string& servers) {
  static const int initialized = ares_library_init(ARES_LIB_INIT_ALL);
  if (initialized != ARES_SUCCESS)
    return std::unexpected(network_error("ConnectionError", ares_strerror(initialized)));
  ares_options options{};
  options.timeout = static_cast<int>(std::max(timeout / kShares, kShortestTry).count());
  options.tries = kTries;
  ares_channel made = nullptr;
  int status = ares_init_options(&made, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
  Channel channel(made);
  if (status == ARES_SUCCESS && !servers.empty())
    status = ares_set_servers_ports_csv(channel.get(), servers.c_str());
  if (status != ARES_SUCCESS)
    return std::unexpected(
        network_error("ConnectionError", std::string("name servers: ") + ares_strerror(status)));
  return channel;
}

// Carries the sockets' bytes until the answer is there or the time is over.
void drive(ares_channel channel, const Answer& answer, steady_clock::time_point deadline) {
  while (!answer.done) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto mask = static_cast<unsigned>(
        ares_getsock(channel, sockets.data(), static_cast<int>(sockets.size())));
    std::array<pollfd, ARES_GETSOCK_MAXNUM> polled{};
    nfds_t count = 0;
    for (unsigned at = 0; at < sockets.size(); ++at) {
      const bool reads = (mask >> at & 1U) != 0;
      const bool writes = (mask >> (at + ARES_GETSOCK_MAXNUM) & 1U) != 0;
      if (!reads && !writes) continue;
      polled[count++] = {sockets[at],
                         static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), 0};
    }
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()) + milliseconds(1);
    if (left <= milliseconds(0)) return ares_cancel(channel);
    timeval longest{left.count() / 1000, left.count() % 1000 * 1000};
    timeval wait{};
    ares_timeout(channel, &longest, &wait);
    const int ready = ::poll(polled.data(), count,
                             static_cast<int>(wait.tv_sec * 1000 + (wait.tv_usec + 999) / 1000));
    if (ready < 0 && errno != EINTR) return ares_cancel(channel);
    if (ready <= 0) {  // what waited long enough is asked again
      ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      continue;
    }
    for (nfds_t at = 0; at < count; ++at) {
      const bool failed = (polled[at].revents & (POLLERR | POLLHUP)) != 0;
      const bool reads = (polled[at].revents & POLLIN) != 0 || failed;
      const bool writes = (polled[at].revents & POLLOUT) != 0 || failed;
      ares_process_fd(channel, reads ? polled[at].fd : ARES_SOCKET_BAD,
                      writes ? polled[at].fd : ARES_SOCKET_BAD);
    }
  }
}

}  // namespace

Result<std::vector<SocketAddress>> resolve(const std::string& host, uint16_t port,
                                           milliseconds timeout, const std::string& servers) {
  if (const auto address = literal(host, port)) return std::vector{*address};
  const auto deadline = steady_clock::now() + timeout;
  const auto channel = make_channel(timeout, servers);
  if (!channel) return std::unexpected(channel.error());
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NUMERICSERV;
  Answer answer;
  ares_getaddrinfo(channel->get(), host.c_str(), std::to_string(port).c_str(), &hints, take_answer,
                   &answer);
  drive(channel->get(), answer, deadline);
  if (answer.status == ARES_ECANCELLED || answer.status == ARES_ETIMEOUT)
    return std::unexpected(network_error("Timeout", host + ": the name servers did not answer"));
  if (answer.status != ARES_SUCCESS || answer.addresses.empty()) {
    const int status = answer.status == ARES_SUCCESS ? ARES_ENODATA : answer.status;
    return std::unexpected(network_error("ConnectionError", host + ": " + ares_strerror(status)));
  }
  return std::move(answer.addresses);
}

}  // namespace dew::detail
