// HttpBackend: what HTTP and HTTP_PROXY integrations send their requests through.
//
// HttpWorkers is the real one: the client blocks, so that it runs on threads of its own, never on
// an io thread, and apart from the workers that others wait for. The threads are made with the
// first request. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "base/guarded.h"
#include "base/result.h"
#include "net/client.h"
#include "net/loop.h"

namespace dew::apigateway {

struct BackendCall {
  net::Url url;
  http::Request request;
  std::chrono::steady_clock::time_point until;  // nobody waits any longer
};

class HttpBackend {
 public:
  using Done = std::move_only_function<void(Result<http::Response>)>;
  virtual ~HttpBackend() = default;
  // `done` is called once, on any thread, or destroyed when everything stops.
  virtual void send(BackendCall call, Done done) = 0;
};

class HttpWorkers final : public HttpBackend {
 public:
  // Requests that run at a time: a backend that hangs keeps a thread for 29 seconds at most.
  static constexpr size_t kThreads = 64;
  // Those that run and those that wait for a thread; more are refused at once.
  static constexpr size_t kMaxOpen = 1024;

  HttpWorkers();
  // Ends what runs within moments, and drops what waits.
  ~HttpWorkers() override;
  void send(BackendCall call, Done done) override;

 private:
  std::shared_ptr<std::atomic<bool>> stopped_;
  std::atomic<size_t> open_ = 0;
  Guarded<std::unique_ptr<net::Workers>> workers_;
};

}  // namespace dew::apigateway
