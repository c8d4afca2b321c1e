// A tiny HTTP server for tests: a free port on 127.0.0.1, one request at a time per connection, the
// answers made by a function. It understands pipelining and Content-Length; it is not meant to be
// correct beyond that.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace dew::test {

struct FakeRequest {
  std::string method, target, head, body;
  int connection = 0;  // 1, 2, ... in the order of accept
};

class FakeServer {
 public:
  // What the function returns is sent as it is; an empty string closes the connection.
  using Answer = std::function<std::string(const FakeRequest&)>;

  explicit FakeServer(Answer answer) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    ::listen(listener_, 16);
    thread_ = std::thread([this] { accept_loop(); });
  }

  ~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& worker : workers_) worker.join();
    ::close(listener_);
  }

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string url() const { return "http://" + authority(); }
  [[nodiscard]] std::vector<FakeRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  static std::string reply(int status, const std::string& body, const std::string& headers = {}) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  void accept_loop() {
    int count = 0;
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      workers_.emplace_back([this, fd, number = ++count] { serve(fd, number); });
    }
  }

  void serve(int fd, int number) {
    std::string in;
    while (true) {
      FakeRequest request;
      if (!read_request(fd, in, request)) break;
      request.connection = number;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const std::string out = answer_(request);
      if (out.empty()) break;
      if (::send(fd, out.data(), out.size(), MSG_NOSIGNAL) < 0) break;
    }
    const std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    ::close(fd);
  }

  static bool read_request(int fd, std::string& in, FakeRequest& request) {
    size_t end = std::string::npos;
    size_t total = 0;
    while (true) {
      end = in.find("\r\n\r\n");
      if (end != std::string::npos) {
        size_t length = 0;
        const size_t at = in.find("Content-Length: ");
        if (at != std::string::npos && at < end) length = std::stoul(in.substr(at + 16));
        total = end + 4 + length;
        if (in.size() >= total) break;
      }
      char buffer[8192];
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      in.append(buffer, static_cast<size_t>(got));
    }
    request.head = in.substr(0, end + 2);
    request.body = in.substr(end + 4, total - end - 4);
    const size_t space = request.head.find(' ');
    request.method = request.head.substr(0, space);
    request.target = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
    in.erase(0, total);
    return true;
  }

  Answer answer_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::thread> workers_;
  std::vector<int> open_;
  std::vector<FakeRequest> requests_;
};

}  // namespace dew::test
