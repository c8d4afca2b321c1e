#include "services/apigateway/http_backend.h"

namespace dew::apigateway {

HttpWorkers::HttpWorkers() : stopped_(std::make_shared<std::atomic<bool>>(false)) {}

HttpWorkers::~HttpWorkers() {
  *stopped_ = true;
  workers_.with([](auto& workers) { workers.reset(); });
}

void HttpWorkers::send(BackendCall call, Done done) {
  if (open_.fetch_add(1) >= kMaxOpen) {
    --open_;
    return done(fail(ErrorKind::kUnavailable,
                     fmt::format("{} requests to backends are open already", kMaxOpen)));
  }
  workers_.with([&](auto& workers) {
    if (!workers) workers = std::make_unique<net::Workers>(kThreads);
    workers->post([this, call = std::move(call), done = std::move(done)]() mutable {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
          call.until - std::chrono::steady_clock::now());
      Result<http::Response> answer = fail(ErrorKind::kTimeout, "it did not answer in time");
      if (left.count() > 0 && !*stopped_) {
        net::Client client({.connect_timeout = left,
                            .timeout = left,
                            .body_bytes = limits::kApiBodyBytes,
                            .stopped = stopped_.get()});
        answer = client.send(call.url, call.request);
      }
      --open_;
      if (!*stopped_) done(std::move(answer));
    });
  });
}

}  // namespace dew::apigateway
