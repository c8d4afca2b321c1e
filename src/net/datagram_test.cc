#include "net/datagram.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

namespace dew::net {
namespace {

void send_to(uint16_t port, std::string_view text) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::sendto(fd, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to),
            static_cast<ssize_t>(text.size()));
  ::close(fd);
}

TEST(DatagramSocket, HandsOnWhatComes) {
  Loops loops(1);
  std::vector<std::string> received;
  std::promise<void> both;
  auto socket = DatagramSocket::listen(loops.first(), "127.0.0.1", 0, [&](auto datagrams) {
    received.insert(received.end(), datagrams.begin(), datagrams.end());
    if (received.size() == 2) both.set_value();
  });
  ASSERT_TRUE(socket) << socket.error().message;
  send_to((*socket)->port(), "one");
  send_to((*socket)->port(), std::string(60'000, 'x'));
  both.get_future().wait();
  EXPECT_EQ(received[0], "one");
  EXPECT_EQ(received[1].size(), 60'000U);
  const uint16_t port = (*socket)->port();
  EXPECT_FALSE(DatagramSocket::listen(loops.first(), "127.0.0.1", port, [](auto) {}));
  socket->reset();
  loops.stop();
  EXPECT_EQ(received.size(), 2U);
}

// More than are taken at once, while the loop has something else to do.
TEST(DatagramSocket, KeepsABurstInOrder) {
  constexpr size_t kCount = 5 * kDatagramsAtOnce + 3;
  Loops loops(1);
  std::vector<std::string> received;
  size_t most = 0;
  std::promise<void> all;
  auto socket = DatagramSocket::listen(loops.first(), "127.0.0.1", 0, [&](auto datagrams) {
    most = std::max(most, datagrams.size());
    received.insert(received.end(), datagrams.begin(), datagrams.end());
    if (received.size() == kCount) all.set_value();
  });
  ASSERT_TRUE(socket) << socket.error().message;
  std::promise<void> sent;
  loops.first().post([&] { sent.get_future().wait(); });
  for (size_t i = 0; i < kCount; ++i) send_to((*socket)->port(), std::to_string(i));
  sent.set_value();
  all.get_future().wait();
  EXPECT_EQ(most, kDatagramsAtOnce);
  for (size_t i = 0; i < kCount; ++i) EXPECT_EQ(received[i], std::to_string(i));
  socket->reset();
  loops.stop();
}

}  // namespace
}  // namespace dew::net
