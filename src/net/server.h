// The HTTP/1.1 server: keep-alive, pipelining (answers in order), chunked bodies, Expect:
// 100-continue, gzip request bodies, limits and timeouts on everything a client controls, graceful
// drain.
//
// A request past a limit is answered (431 head, 413 body, 408 slow, 400 malformed) and the
// connection closed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/limits.h"
#include "base/result.h"
#include "net/http.h"
#include "net/loop.h"

namespace dew::net {

struct ServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0: any free port
  size_t head_bytes = limits::kHeadBytes;
  size_t body_bytes = limits::kApiBodyBytes;  // after decompression too
  std::chrono::milliseconds head_timeout{
      10'000};  // from a request's first byte to the end of its head
  std::chrono::milliseconds body_timeout{30'000};   // without progress
  std::chrono::milliseconds idle_timeout{350'000};  // between requests, as API Gateway's
  std::chrono::milliseconds write_timeout{30'000};  // without progress
  bool inflate_requests = true;                     // Content-Encoding: gzip
  size_t max_connections = 4096;
  // Where large bodies go instead of into memory; they may then be of `sink_bytes`. Asked where the
  // body is larger than `sink_from_bytes`, or of unknown length.
  http::BodySinkFactory body_sink;
  size_t sink_from_bytes = 1024 * 1024;
  uint64_t sink_bytes = 0;
  // A success is held back while the client's next request, pipelined behind, is already here
  // whole, and sent together with that one's answer: one write here and one wake-up there instead
  // of two. For clients known to wait for both, as a runtime's that posts its response and asks for
  // the next.
  bool hold_for_pipelined = false;
};

class Server {
 public:
  // Serves on every loop (connections round robin), or on the one given.
  static Result<std::unique_ptr<Server>> listen(Loops& loops, ServerOptions options,
                                                http::Handler handler);
  static Result<std::unique_ptr<Server>> listen(Loop& loop, ServerOptions options,
                                                http::Handler handler);
  virtual ~Server() =
      default;  // closes everything at once; no handler call begins after it returns

  virtual uint16_t port() const = 0;
  // Stops accepting, answers what is in flight with Connection: close, returns when done or at the
  // deadline. Not from an io thread.
  virtual void drain(std::chrono::milliseconds deadline) = 0;
};

}  // namespace dew::net
