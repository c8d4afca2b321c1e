// Addresses of host names, with c-ares: /etc/hosts, then DNS as /etc/resolv.conf says (search list,
// ndots, several servers, TCP where an answer is too long for UDP). Not with the C library's
// getaddrinfo: that one loads the name service modules of exactly the C library that a program was
// linked with, which a static program does not find on another system. Thread-safe; nothing is kept
// between two calls.
#pragma once

#include <dew/result.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace dew::detail {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// The addresses of `host` (a name, or an IPv4 or IPv6 address, which asks nobody), the preferred
// ones first (RFC 6724); at least one, no more than kMaxAddresses. Takes no longer than `timeout`.
// `servers` ("address:port", separated by commas) replaces those of /etc/resolv.conf.
// Error codes: "Timeout"; "ConnectionError" for a name without addresses, or servers that refuse.
Result<std::vector<SocketAddress>> resolve(const std::string& host, uint16_t port,
                                           std::chrono::milliseconds timeout,
                                           const std::string& servers = {});

inline constexpr size_t kMaxAddresses = 16;

}  // namespace dew::detail
