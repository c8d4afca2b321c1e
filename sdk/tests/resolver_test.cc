#include "resolver.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

namespace dew::detail {
namespace {

using std::chrono::milliseconds;

constexpr uint16_t kA = 1;
constexpr uint16_t kAaaa = 28;

struct Question {
  std::string bytes;  // as asked, without the header
  std::string id;
  std::string name;  // "a.b"
  uint16_t type = 0;
  bool tcp = false;
};

std::string number(uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

// 192.0.2.last
std::string four(int last) { return std::string("\xc0\x00\x02", 3) + static_cast<char>(last); }

// RFC 1035, section 4.1: a header, the question, and `records` of the question's type.
std::string dns_answer(const Question& question, const std::vector<std::string>& records,
                       uint16_t flags = 0x8180) {
  std::string out = question.id + number(flags) + number(1) +
                    number(static_cast<uint16_t>(records.size())) + number(0) + number(0) +
                    question.bytes;
  for (const std::string& record : records) {
    out += number(0xc00c) + number(question.type) + number(1) + std::string("\0\0\0\x3c", 4) +
           number(static_cast<uint16_t>(record.size())) + record;
  }
  return out;
}

Question parse(std::string_view packet, bool tcp) {
  Question question;
  question.tcp = tcp;
  question.id = packet.substr(0, 2);
  size_t at = 12;
  while (at < packet.size() && packet[at] != 0) {
    const auto length = static_cast<size_t>(packet[at]);
    if (!question.name.empty()) question.name += '.';
    question.name += packet.substr(at + 1, length);
    at += 1 + length;
  }
  question.type = static_cast<uint16_t>(static_cast<unsigned char>(packet[at + 2]));
  question.bytes = packet.substr(12, at + 5 - 12);
  return question;
}

// A name server on a free port of 127.0.0.1, UDP and TCP, that answers as the function says ("" not
// at all).
class FakeDns {
 public:
  using Answer = std::function<std::string(const Question&)>;

  explicit FakeDns(Answer answer) : answer_(std::move(answer)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    // A UDP port whose TCP twin is free as well.
    while (true) {
      address.sin_port = 0;
      udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      ::bind(udp_, reinterpret_cast<sockaddr*>(&address), sizeof address);
      ::getsockname(udp_, reinterpret_cast<sockaddr*>(&address), &size);
      if (::bind(tcp_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) break;
      ::close(udp_);
      ::close(tcp_);
    }
    ::listen(tcp_, 4);
    port_ = ntohs(address.sin_port);
    const timeval tick{0, 20000};
    ::setsockopt(udp_, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    ::setsockopt(tcp_, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    udp_thread_ = std::thread([this] { serve_udp(); });
    tcp_thread_ = std::thread([this] { serve_tcp(); });
  }
  ~FakeDns() {
    stop_ = true;
    udp_thread_.join();
    tcp_thread_.join();
    ::close(udp_);
    ::close(tcp_);
  }

  [[nodiscard]] std::string servers() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int asked() const { return asked_; }

 private:
  void serve_udp() {
    char buffer[1500];
    while (!stop_) {
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got =
          ::recvfrom(udp_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 12) continue;
      ++asked_;
      const std::string out = answer_(parse({buffer, static_cast<size_t>(got)}, false));
      if (!out.empty())
        ::sendto(udp_, out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  void serve_tcp() {
    while (!stop_) {
      const int fd = ::accept(tcp_, nullptr, nullptr);
      if (fd < 0) continue;
      const timeval tick{0, 20000};
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
      std::string in;
      char buffer[1500];
      while (!stop_) {
        const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
        if (got == 0) break;
        if (got < 0) continue;
        in.append(buffer, static_cast<size_t>(got));
        while (in.size() >= 2 && in.size() >= 2UL + static_cast<unsigned char>(in[1])) {
          const size_t length = static_cast<unsigned char>(in[1]);
          const std::string out = answer_(parse(std::string_view(in).substr(2, length), true));
          in.erase(0, 2 + length);
          const std::string framed = number(static_cast<uint16_t>(out.size())) + out;
          ::send(fd, framed.data(), framed.size(), MSG_NOSIGNAL);
        }
      }
      ::close(fd);
    }
  }

  Answer answer_;
  std::atomic<bool> stop_{false};
  std::atomic<int> asked_{0};
  int udp_ = -1;
  int tcp_ = -1;
  uint16_t port_ = 0;
  std::thread udp_thread_;
  std::thread tcp_thread_;
};

std::string text(const SocketAddress& address) {
  char out[INET6_ADDRSTRLEN]{};
  if (address.get()->sa_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address.storage);
    ::inet_ntop(AF_INET, &four.sin_addr, out, sizeof out);
    return std::string(out) + ":" + std::to_string(ntohs(four.sin_port));
  }
  const auto& six = reinterpret_cast<const sockaddr_in6&>(address.storage);
  ::inet_ntop(AF_INET6, &six.sin6_addr, out, sizeof out);
  return "[" + std::string(out) + "]:" + std::to_string(ntohs(six.sin6_port));
}

std::vector<std::string> texts(const Result<std::vector<SocketAddress>>& addresses) {
  if (!addresses) return {addresses.error().code + ": " + addresses.error().message};
  std::vector<std::string> out;
  for (const SocketAddress& address : *addresses) out.push_back(text(address));
  std::sort(out.begin(), out.end());
  return out;
}

using Texts = std::vector<std::string>;
constexpr milliseconds kLong{20000};

TEST(Resolver, TakesAddressesAsTheyAre) {
  FakeDns dns([](const Question& question) { return dns_answer(question, {}); });
  EXPECT_EQ(texts(resolve("192.0.2.7", 80, kLong, dns.servers())), Texts{"192.0.2.7:80"});
  EXPECT_EQ(texts(resolve("2001:db8::7", 443, kLong, dns.servers())), Texts{"[2001:db8::7]:443"});
  EXPECT_EQ(dns.asked(), 0);
}

TEST(Resolver, ReadsTheHostsFile) {
  FakeDns dns([](const Question& question) { return dns_answer(question, {}, 0x8183); });
  const auto found = texts(resolve("localhost", 80, kLong, dns.servers()));
  EXPECT_NE(std::find(found.begin(), found.end(), "127.0.0.1:80"), found.end()) << found.front();
  EXPECT_EQ(dns.asked(), 0);
}

TEST(Resolver, AsksForBothFamilies) {
  FakeDns dns([](const Question& question) {
    if (question.name != "table.example.com") return dns_answer(question, {}, 0x8183);
    if (question.type == kA) return dns_answer(question, {four(1), four(2)});
    return dns_answer(question, {std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16)});
  });
  EXPECT_EQ(texts(resolve("table.example.com", 443, kLong, dns.servers())),
            (Texts{"192.0.2.1:443", "192.0.2.2:443", "[2001:db8::1]:443"}));
}

TEST(Resolver, OneFamilyIsEnough) {
  FakeDns dns([](const Question& question) {
    return question.type == kA ? dns_answer(question, {four(1)}) : dns_answer(question, {});
  });
  EXPECT_EQ(texts(resolve("four.example.com", 80, kLong, dns.servers())), Texts{"192.0.2.1:80"});
}

TEST(Resolver, AsksOverTcpWhatUdpTruncates) {
  FakeDns dns([](const Question& question) {
    if (!question.tcp) return dns_answer(question, {}, 0x8380);
    return question.type == kA ? dns_answer(question, {four(9)}) : dns_answer(question, {});
  });
  EXPECT_EQ(texts(resolve("long.example.com", 80, kLong, dns.servers())), Texts{"192.0.2.9:80"});
}

TEST(Resolver, AsksAgainWhenNothingComes) {
  std::atomic<int> lost{2};
  FakeDns dns([&](const Question& question) {
    if (lost-- > 0) return std::string();
    return question.type == kAaaa ? dns_answer(question, {}) : dns_answer(question, {four(3)});
  });
  EXPECT_EQ(texts(resolve("lossy.example.com", 80, milliseconds(5000), dns.servers())),
            Texts{"192.0.2.3:80"});
  EXPECT_GE(dns.asked(), 4);
}

TEST(Resolver, TakesOnlySoManyAddresses) {
  FakeDns dns([](const Question& question) {
    std::vector<std::string> many;
    for (int last = 1; last <= 25; ++last) many.push_back(four(last));
    return question.type == kA ? dns_answer(question, many) : dns_answer(question, {});
  });
  EXPECT_EQ(texts(resolve("many.example.com", 80, kLong, dns.servers())).size(), kMaxAddresses);
}

TEST(Resolver, SaysThatThereIsNoSuchName) {
  FakeDns dns([](const Question& question) { return dns_answer(question, {}, 0x8183); });
  const auto found = resolve("nowhere.example.com", 80, kLong, dns.servers());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "ConnectionError");
  EXPECT_NE(found.error().message.find("nowhere.example.com"), std::string::npos);
}

TEST(Resolver, GivesUpInTime) {
  FakeDns silent([](const Question&) { return std::string(); });
  const auto nothing = resolve("silent.example.com", 80, milliseconds(200), silent.servers());
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, "Timeout");
  // Answers to other questions, and bytes that are no answer, are not taken for one.
  FakeDns liar([](const Question& question) {
    Question other = question;
    other.id = number(static_cast<uint16_t>(~static_cast<unsigned char>(question.id[1])));
    return question.type == kA ? dns_answer(other, {four(4)}) : std::string("\xff", 1);
  });
  const auto lied = resolve("lied.example.com", 80, milliseconds(200), liar.servers());
  ASSERT_FALSE(lied);
  EXPECT_EQ(lied.error().code, "Timeout");
}

TEST(Resolver, RefusesBrokenAnswers) {
  FakeDns dns([](const Question& question) {
    std::string out = dns_answer(question, {four(5)});
    out.resize(out.size() - 3);
    return out;
  });
  const auto found = resolve("broken.example.com", 80, milliseconds(500), dns.servers());
  ASSERT_FALSE(found);
}

}  // namespace
}  // namespace dew::detail
