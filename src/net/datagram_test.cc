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
  auto socket =
      DatagramSocket::listen(loops.first(), "127.0.0.1", 0, [&](std::string_view datagram) {
        received.emplace_back(datagram);
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

}  // namespace
}  // namespace dew::net
