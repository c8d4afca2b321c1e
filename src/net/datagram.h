// A UDP socket that hands on what it receives, as many datagrams at once as are there, up to
// kDatagramsAtOnce. One loop reads it; datagrams of up to kMaxDatagramBytes come whole, larger ones
// do not exist.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/loop.h"

namespace dew::net {

inline constexpr size_t kMaxDatagramBytes = 65'535;
inline constexpr size_t kDatagramsAtOnce = 64;

class DatagramSocket {
 public:
  // Called on the loop's thread: must not block. The views end with the call.
  using Receive = std::function<void(std::span<const std::string_view> datagrams)>;

  // Port 0: any free one.
  static Result<std::unique_ptr<DatagramSocket>> listen(Loop& loop, const std::string& address,
                                                        uint16_t port, Receive receive);
  // No call of `receive` runs or begins after it returns.
  virtual ~DatagramSocket() = default;
  virtual uint16_t port() const = 0;
};

}  // namespace dew::net
