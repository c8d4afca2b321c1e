#include "net/server.h"

#include <algorithm>
#include <future>

#include "base/log.h"
#include "net/connection.h"

namespace dew::net {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

using TcpAcceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

constexpr int kBacklog = 1024;
// When the process is out of file descriptors, accepting at once again would only spin.
constexpr std::chrono::milliseconds kAcceptRetry{50};

// Runs `body` on the loop's thread and waits for it; here, if this is that thread or the loop has
// ended. On another loop's thread it does not wait, since two loops that waited for each other
// would stand still.
void run_on(const std::shared_ptr<LoopCore>& core, const std::function<void()>& body) {
  if (core->on_this_thread()) return body();
  if (Loop::current() != nullptr) {
    core->post([body] { body(); });
    return;
  }
  struct Signal {
    std::promise<bool> ran;
    bool done = false;
    ~Signal() {
      if (!done) ran.set_value(false);
    }
  };
  auto signal = std::make_unique<Signal>();
  auto ran = signal->ran.get_future();
  core->post([signal = std::move(signal), &body] {
    body();
    signal->done = true;
    signal->ran.set_value(true);
  });
  if (!ran.get()) {
    core->wait_stopped();
    body();
  }
}

// Accepts on the first shard's loop and deals the connections out. Used on that loop's thread once
// started.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(std::vector<std::shared_ptr<Shard>> shards, std::shared_ptr<ServerState> state)
      : shards_(std::move(shards)),
        state_(std::move(state)),
        acceptor_(shards_[0]->core().context()) {}

  Result<void> open() {
    const ServerOptions& options = state_->options;
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(options.address, ec);
    if (ec)
      return fail(ErrorKind::kInvalid,
                  fmt::format("{} is not an IP address to listen on", options.address));
    const tcp::endpoint endpoint(address, options.port);
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(kBacklog, ec);
    if (!ec) acceptor_.non_blocking(true, ec);
    if (!ec) state_->port = acceptor_.local_endpoint(ec).port();
    if (!ec) return {};
    const char* hint = ec == asio::error::address_in_use
                           ? "; stop the program that uses it, or choose another port"
                           : "";
    return fail(ErrorKind::kUnavailable,
                fmt::format("cannot listen on {}:{}: {}{}", options.address, options.port,
                            ec.message(), hint));
  }

  void accept() {
    if (!acceptor_.is_open()) return;
    Shard& shard = *shards_[turn_++ % shards_.size()];
    acceptor_.async_accept(shard.core().context(),
                           [self = shared_from_this(), target = shard.shared_from_this()](
                               boost::system::error_code ec, Socket socket) {
                             self->accepted(ec, std::move(socket), target);
                           });
  }

  void close() {
    boost::system::error_code ec;
    acceptor_.close(ec);
    retry_.cancel();
  }

 private:
  void accepted(boost::system::error_code ec, Socket socket, const std::shared_ptr<Shard>& target) {
    if (!acceptor_.is_open()) return;
    if (ec == asio::error::connection_aborted) return accept();
    if (ec) {
      log::warn("cannot accept a connection: {}", ec.message());
      retry_ = shards_[0]->core().after(kAcceptRetry, [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->accept();
      });
      return;
    }
    if (state_->connections.fetch_add(1) >= state_->options.max_connections) {
      state_->connections.fetch_sub(1);
      refuse(std::move(socket));
    } else if (target->core().on_this_thread()) {
      target->adopt(std::move(socket));
    } else {
      target->core().post(
          [target, socket = std::move(socket)]() mutable { target->adopt(std::move(socket)); });
    }
    accept();
  }

  static void refuse(Socket socket) {
    static constexpr std::string_view kBusy =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: "
        "34\r\n"
        "Connection: close\r\n\r\n{\"message\":\"Too many connections\"}";
    boost::system::error_code ec;
    socket.non_blocking(true, ec);
    socket.write_some(asio::buffer(kBusy), ec);
    socket.shutdown(Socket::shutdown_send, ec);
  }

  std::vector<std::shared_ptr<Shard>> shards_;
  std::shared_ptr<ServerState> state_;
  TcpAcceptor acceptor_;
  size_t turn_ = 0;
  Timer retry_;
};

class ServerImpl final : public Server {
 public:
  static Result<std::unique_ptr<Server>> make(const std::vector<Loop*>& loops,
                                              ServerOptions options, http::Handler handler) {
    auto server = std::unique_ptr<ServerImpl>(new ServerImpl());
    server->state_ = std::make_shared<ServerState>();
    server->state_->options = std::move(options);
    server->state_->handler = std::move(handler);
    for (Loop* loop : loops)
      server->shards_.push_back(std::make_shared<Shard>(loop->core(), server->state_));
    server->acceptor_ = std::make_shared<Acceptor>(server->shards_, server->state_);
    CHECK_OK(server->acceptor_->open());
    // Until then the kernel queues whoever connects.
    loops[0]->dispatch([acceptor = server->acceptor_] { acceptor->accept(); });
    return server;
  }

  ~ServerImpl() override {
    if (shards_.empty()) return;
    run_on(shards_[0]->shared_core(), [acceptor = acceptor_] { acceptor->close(); });
    for (const auto& shard : shards_) {
      run_on(shard->shared_core(), [shard] { shard->close_all(); });
    }
  }

  uint16_t port() const override { return state_->port; }

  void drain(std::chrono::milliseconds deadline) override {
    const auto until = std::chrono::steady_clock::now() + deadline;
    state_->draining = true;
    run_on(shards_[0]->shared_core(), [acceptor = acceptor_] { acceptor->close(); });
    for (const auto& shard : shards_) {
      run_on(shard->shared_core(), [shard] { shard->drain(); });
    }
    std::unique_lock lock(state_->mutex);
    state_->emptied.wait_until(lock, until, [&] { return state_->connections == 0; });
  }

 private:
  ServerImpl() = default;

  std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<Shard>> shards_;
  std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(Loops& loops, ServerOptions options,
                                               http::Handler handler) {
  std::vector<Loop*> all;
  for (size_t i = 0; i < loops.size(); ++i) all.push_back(&loops.at(i));
  return ServerImpl::make(all, std::move(options), std::move(handler));
}

Result<std::unique_ptr<Server>> Server::listen(Loop& loop, ServerOptions options,
                                               http::Handler handler) {
  return ServerImpl::make({&loop}, std::move(options), std::move(handler));
}

}  // namespace dew::net
