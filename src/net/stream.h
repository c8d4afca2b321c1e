// A blocking byte stream to a server, plain or TLS, with a deadline on every call. What the Client
// is built on. Not thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dew::net {

// Until when, or until `stopped` is set, which is looked at every kStopLook.
struct Deadline {
  static constexpr std::chrono::milliseconds kStopLook{100};
  std::chrono::steady_clock::time_point at;
  const std::atomic<bool>* stopped = nullptr;  // null: never
};

class Stream {
 public:
  // Names ending in "localhost" are this machine, whatever the resolver says (RFC 6761
  // section 6.3).
  static Result<std::unique_ptr<Stream>> connect(const std::string& host, uint16_t port,
                                                 Deadline deadline);
  // The same over TLS 1.2 or later; the certificate must be valid for `host` by the system's trust
  // store, or by the file that AWS_CA_BUNDLE names instead
  // (docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html).
  static Result<std::unique_ptr<Stream>> connect_tls(const std::string& host, uint16_t port,
                                                     Deadline deadline);

  virtual ~Stream() = default;
  virtual Result<void> write(std::string_view bytes, Deadline deadline) = 0;
  // Zero at the end of the stream.
  virtual Result<size_t> read(std::span<char> into, Deadline deadline) = 0;
  // Whether an idle stream has been closed, or has bytes that nobody asked for: then it is of no
  // more use.
  virtual bool stale() = 0;
};

}  // namespace dew::net
