#include "net/datagram.h"

#include <boost/asio/ip/udp.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cstring>
#include <mutex>

#include "base/log.h"
#include "net/loop_core.h"

namespace dew::net {

namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using UdpSocket = asio::basic_datagram_socket<udp, asio::io_context::executor_type>;

// A burst waits here while the loop does something else. The kernel caps it (net.core.rmem_max),
// but for who may exceed that.
constexpr int kReceiveBufferBytes = 16 * 1024 * 1024;

class Receiver : public std::enable_shared_from_this<Receiver> {
 public:
  Receiver(std::shared_ptr<LoopCore> core, DatagramSocket::Receive receive)
      : core_(std::move(core)), receive_(std::move(receive)), socket_(core_->context()) {}

  Result<void> open(const std::string& address_text, uint16_t port) {
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(address_text, ec);
    if (ec) return fail(ErrorKind::kInvalid, fmt::format("{} is not an IP address", address_text));
    const udp::endpoint endpoint(address, port);
    socket_.open(endpoint.protocol(), ec);
    if (!ec) socket_.bind(endpoint, ec);
    if (!ec) socket_.non_blocking(true, ec);
    if (!ec) port_ = socket_.local_endpoint(ec).port();
    if (ec) {
      return fail(ErrorKind::kUnavailable, fmt::format("cannot listen on UDP port {}:{}: {}",
                                                       address_text, port, ec.message()));
    }
    if (::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes,
                     sizeof kReceiveBufferBytes) != 0) {
      socket_.set_option(asio::socket_base::receive_buffer_size(kReceiveBufferBytes), ec);
    }
    return {};
  }

  uint16_t port() const { return port_; }

  void wait() {
    socket_.async_wait(UdpSocket::wait_read,
                       [self = shared_from_this()](boost::system::error_code ec) {
                         if (!ec) self->read();
                       });
  }

  void close() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    core_->post([self = shared_from_this()] {
      boost::system::error_code ec;
      self->socket_.close(ec);
    });
  }

 private:
  void read() {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    std::array<iovec, kDatagramsAtOnce> pieces;
    std::array<mmsghdr, kDatagramsAtOnce> messages{};
    for (size_t i = 0; i < kDatagramsAtOnce; ++i) {
      pieces[i] = {&buffer_[i * kMaxDatagramBytes], kMaxDatagramBytes};
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = ::recvmmsg(socket_.native_handle(), messages.data(),
                                 static_cast<unsigned>(messages.size()), MSG_DONTWAIT, nullptr);
    if (count > 0) {
      std::array<std::string_view, kDatagramsAtOnce> datagrams;
      const auto received = static_cast<size_t>(count);
      for (size_t i = 0; i < received; ++i)
        datagrams[i] = {&buffer_[i * kMaxDatagramBytes], messages[i].msg_len};
      receive_(std::span(datagrams).first(received));
    } else if (count < 0 && errno != EAGAIN && errno != EINTR) {
      log::warn("cannot receive from UDP port {}: {}", port_, std::strerror(errno));
    }
    wait();
  }

  const std::shared_ptr<LoopCore> core_;
  const DatagramSocket::Receive receive_;
  UdpSocket socket_;
  uint16_t port_ = 0;
  std::mutex mutex_;  // held while datagrams are handed on
  bool closed_ = false;
  // Not written to before a datagram is: what is never received costs no memory.
  const std::unique_ptr<char[]> buffer_ =
      std::make_unique_for_overwrite<char[]>(kDatagramsAtOnce * kMaxDatagramBytes);
};

class DatagramSocketImpl final : public DatagramSocket {
 public:
  explicit DatagramSocketImpl(std::shared_ptr<Receiver> receiver)
      : receiver_(std::move(receiver)) {}
  ~DatagramSocketImpl() override { receiver_->close(); }
  uint16_t port() const override { return receiver_->port(); }

 private:
  const std::shared_ptr<Receiver> receiver_;
};

}  // namespace

Result<std::unique_ptr<DatagramSocket>> DatagramSocket::listen(Loop& loop,
                                                               const std::string& address,
                                                               uint16_t port, Receive receive) {
  auto receiver = std::make_shared<Receiver>(loop.core(), std::move(receive));
  CHECK_OK(receiver->open(address, port));
  loop.post([receiver] { receiver->wait(); });
  return std::make_unique<DatagramSocketImpl>(std::move(receiver));
}

}  // namespace dew::net
