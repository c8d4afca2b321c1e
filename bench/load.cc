// The client of the bench: one thread, N connections, one request in flight on each. It costs
// little beside what it measures, as both share the machine's cores: requests are read from a file
// beforehand, an answer is only searched for its status and its end, and a socket is watched once.
//
//   dew_bench_load PORT CONNECTIONS SECONDS REQUESTS
//
// REQUESTS is a file of HTTP/1.1 requests, each after a line with its length in bytes; they are
// sent to 127.0.0.1:PORT in turn, again and again. Prints one line of JSON: requests, duration_us,
// bad_status (answers that are not 2xx), p50_us, p99_us. An answer that cannot be read, or a
// connection that ends, is an error: exit 1.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kReadBytes = 64 * 1024;
constexpr int kWait_ms = 100;
constexpr int kStatusClass = 100;

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "dew_bench_load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

template <class Number>
Number number(std::string_view text) {
  Number out{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (ec != std::errc{} || end != text.data() + text.size()) {
    errno = EINVAL;
    die("not a number");
  }
  return out;
}

std::vector<std::string_view> split(std::string_view file) {
  std::vector<std::string_view> out;
  while (!file.empty()) {
    const size_t line = std::min(file.find('\n'), file.size());
    const auto length = number<size_t>(file.substr(0, line));
    file.remove_prefix(std::min(line + 1, file.size()));
    if (length == 0 || length > file.size()) {
      errno = EINVAL;
      die("a request is shorter than its length");
    }
    out.push_back(file.substr(0, length));
    file.remove_prefix(length);
  }
  return out;
}

// An answer that has arrived whole, else nothing yet.
struct Answer {
  bool whole = false;
  int status = 0;
};

std::string_view field(std::string_view head, std::string_view name) {
  for (size_t line = head.find("\r\n"); line != std::string_view::npos;
       line = head.find("\r\n", line + 2)) {
    const std::string_view rest = head.substr(line + 2);
    if (rest.size() > name.size() && rest[name.size()] == ':' &&
        strncasecmp(rest.data(), name.data(), name.size()) == 0) {
      std::string_view value = rest.substr(name.size() + 1);
      value = value.substr(0, value.find("\r\n"));
      while (value.starts_with(' ')) value.remove_prefix(1);
      return value;
    }
  }
  return {};
}

Answer read_answer(std::string_view bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return {};
  const std::string_view head = bytes.substr(0, end);
  constexpr size_t kStatusPlace = 9;  // after "HTTP/1.1 "
  Answer out{false, number<int>(head.substr(kStatusPlace, 3))};
  const std::string_view body = bytes.substr(end + 4);
  if (const auto length = field(head, "content-length"); !length.empty()) {
    out.whole = body.size() >= number<size_t>(length);
  } else {  // chunked; without trailers, as nobody here sends any
    out.whole = body.ends_with("0\r\n\r\n");
  }
  return out;
}

struct Connection {
  int fd = -1;
  std::string input;
  Clock::time_point sent;
};

int connect_to(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) die("connect");
  return fd;
}

class Load {
 public:
  Load(uint16_t port, size_t connections, std::vector<std::string_view> requests)
      : requests_(std::move(requests)), connections_(connections), epoll_(epoll_create1(0)) {
    for (size_t i = 0; i < connections; ++i) {
      connections_[i].fd = connect_to(port);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].fd, &event) != 0) die("epoll_ctl");
    }
  }

  void run(std::chrono::seconds duration) {
    const auto start = Clock::now();
    for (auto& connection : connections_) send_next(connection);
    std::vector<epoll_event> events(connections_.size());
    auto now = start;
    while (now - start < duration) {
      const int ready =
          epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kWait_ms);
      if (ready < 0 && errno != EINTR) die("epoll_wait");
      for (int i = 0; i < ready; ++i)
        receive(connections_[events[static_cast<size_t>(i)].data.u64]);
      now = Clock::now();
    }
    report(now - start);
  }

 private:
  void send_next(Connection& connection) {
    const std::string_view request = requests_[turn_];
    turn_ = (turn_ + 1) % requests_.size();
    connection.sent = Clock::now();
    // One small request on a connection that has nothing else in flight: the kernel takes it whole.
    if (send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
      die("send");
  }

  void receive(Connection& connection) {
    const ssize_t n = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    if (n == 0) errno = ECONNRESET;
    if (n <= 0) die("recv");
    std::string_view bytes(buffer_.data(), static_cast<size_t>(n));
    if (!connection.input.empty()) bytes = connection.input.append(bytes);
    const Answer answer = read_answer(bytes);
    if (!answer.whole) {
      if (connection.input.empty()) connection.input.assign(bytes);
      return;
    }
    connection.input.clear();
    if (answer.status / kStatusClass != 2) ++bad_status_;
    const auto took = Clock::now() - connection.sent;
    latencies_.push_back(
        static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
    send_next(connection);
  }

  uint32_t percentile(size_t percent) {
    if (latencies_.empty()) return 0;
    const auto place =
        latencies_.begin() + static_cast<std::ptrdiff_t>((latencies_.size() - 1) * percent / 100);
    std::nth_element(latencies_.begin(), place, latencies_.end());
    return *place;
  }

  void report(Clock::duration took) {
    std::printf(
        R"({"requests":%zu,"duration_us":%lld,"bad_status":%zu,"p50_us":%u,"p99_us":%u})"
        "\n",
        latencies_.size(),
        static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()),
        bad_status_, percentile(50), percentile(99));
  }

  std::vector<std::string_view> requests_;
  std::vector<Connection> connections_;
  int epoll_;
  size_t turn_ = 0;
  size_t bad_status_ = 0;
  std::vector<uint32_t> latencies_;
  std::string buffer_ = std::string(kReadBytes, '\0');
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: dew_bench_load PORT CONNECTIONS SECONDS REQUESTS\n", stderr);
    return 2;
  }
  std::ifstream in(argv[4], std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  auto requests = split(file);
  if (requests.empty()) {
    errno = EINVAL;
    die("no requests in the file");
  }
  Load load(number<uint16_t>(argv[1]), number<size_t>(argv[2]), std::move(requests));
  load.run(std::chrono::seconds(number<int>(argv[3])));
}
