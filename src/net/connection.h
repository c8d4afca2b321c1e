// One client's connection: reads a request, hands it to the handler, writes the answer, and reads
// the next.
//
// Pipelined requests wait in the buffer and are handled one at a time, so answers are in order by
// construction; an answer is written the moment it is there, before the next request is looked at.
//
// Thread safety: everything happens on the connection's loop. Only respond() may be called from any
// thread. Invariants: at most one read and one write are under way; while a handler works, nothing
// is read (so a client that goes away is noticed when its answer is written); after close() nothing
// reaches the handler.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/chunked.h"
#include "net/head.h"
#include "net/loop_core.h"
#include "net/response_head.h"
#include "net/server.h"

namespace dew::net {

using Socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

// What the connections of one server share, on whichever loop they are.
struct ServerState {
  ServerOptions options;
  http::Handler handler;
  uint16_t port = 0;
  std::atomic<size_t> connections = 0;
  std::atomic<bool> draining = false;
  std::mutex mutex;
  std::condition_variable emptied;  // with mutex: when draining and the last connection has gone

  void count_out();
};

// Received bytes that nobody has taken yet.
class InputBuffer {
 public:
  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  void consume(size_t n);
  // At least `n` writable bytes at the end; commit() says how many were written.
  std::pair<char*, size_t> prepare(size_t n);
  void commit(size_t n) { end_ += n; }

 private:
  std::unique_ptr<char[]> data_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

class Connection;

// One server's connections on one loop. Used on that loop's thread only.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  Shard(std::shared_ptr<LoopCore> core, std::shared_ptr<ServerState> state)
      : core_(std::move(core)), state_(std::move(state)) {}

  LoopCore& core() { return *core_; }
  const std::shared_ptr<LoopCore>& shared_core() const { return core_; }
  ServerState& state() { return *state_; }

  void adopt(Socket socket);
  void forget(Connection& connection);
  void drain();
  void close_all();
  // Makes sure that deadlines are looked at when this one is due. One timer serves all connections,
  // and is only ever set when a nearer deadline appears, so a request in the usual course costs no
  // timer operation.
  void watch(SteadyTime deadline) {
    if (deadline < armed_) arm(deadline);
  }

 private:
  void arm(SteadyTime when);
  void sweep();

  std::shared_ptr<LoopCore> core_;
  std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<Connection>> connections_;
  Timer timer_;
  SteadyTime armed_ = SteadyTime::max();
  bool closed_ = false;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Shard> shard, Socket socket);

  void start();
  void respond(http::Response response);  // any thread
  void drain();                           // closes if no request is under way
  void close();
  void on_deadline();
  SteadyTime deadline() const { return deadline_; }

  size_t place = 0;  // the shard's: where in its list

 private:
  enum class Phase { kIdle, kHead, kBody, kHandling, kWriting, kLingering, kClosed };

  // Each returns whether to go on at once: false when it waits for bytes, for the handler or for
  // the socket.
  bool step_head();
  bool step_body();
  bool begin_body();
  bool step_sink();
  bool dispatch();
  bool answer(http::Response response);
  bool holds(int status) const;  // the answer just appended waits for the next one
  bool fail(const ProtocolError& error);
  bool write();
  bool after_write();

  void run();  // steps until one waits
  void read_input(size_t at_least);
  void read_body();
  void on_read(boost::system::error_code ec, size_t bytes);
  void on_written(boost::system::error_code ec);
  void on_sunk();  // the sink has taken a piece
  bool send_file();
  bool inflate();
  void linger();
  void wait_until(std::chrono::milliseconds from_now);
  const ServerOptions& options() const { return shard_->state().options; }

  std::shared_ptr<LoopCore> core_;  // before the socket, which must not outlive its context
  std::shared_ptr<Shard> shard_;
  Socket socket_;
  Phase phase_ = Phase::kIdle;
  SteadyTime deadline_ = SteadyTime::max();

  InputBuffer input_;
  size_t scanned_ = 0;  // of the head
  bool reading_ = false;
  bool reading_body_ = false;  // straight into request_.body, which must then stay where it is

  http::Request request_;
  Framing framing_;
  size_t body_have_ = 0;
  ChunkedDecoder chunks_;
  std::shared_ptr<http::BodySink> sink_;  // takes the body of the request that is being read
  std::string piece_;                     // the next for it
  uint64_t sunk_ = 0;
  bool sinking_ = false;

  bool in_handler_ = false;
  std::optional<http::Response> early_;  // answered before the handler returned
  ResponseMode mode_;
  std::string out_;       // heads, and bodies if they are small, of the answers not sent yet
  std::string out_body_;  // otherwise
  size_t written_ = 0;
  http::FileSlice out_file_;  // then; the part that is not sent yet
  bool abusive_ = false;      // a protocol error was answered: what else arrives is thrown away
  size_t lingered_ = 0;

  std::string remote_address_;
};

}  // namespace dew::net
