// The Runtime API's wire: /next, /response, /error and /init/error on one keep-alive connection.
//
// A dead connection is opened again, and the answer sent once more, as long as the Runtime API can
// be reached; an answer that arrives twice is refused there (400, 403), which is taken as
// delivered. Not thread-safe.
#pragma once

#include <dew/result.h>
#include <dew/runtime.h>

#include <string>
#include <string_view>

#include "connection.h"
#include "http1.h"

namespace dew::detail {

// "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
inline constexpr size_t kMaxResponsePayload = 6'291'556;

class RuntimeClient {
 public:
  RuntimeClient(std::string_view api, bool pipeline);  // api: "host:port"

  // The next event; waits for ever. The views live until the next call.
  Result<std::string_view> next(Context& context);
  Result<void> respond(std::string_view request_id, std::string_view payload);
  Result<void> report_error(std::string_view request_id, std::string_view type,
                            std::string_view message);
  Result<void> report_init_error(std::string_view type, std::string_view message);

  // Async-signal-safe: makes a next() that waits return with "Stopped".
  void stop() noexcept;
  [[nodiscard]] bool stopped() const { return stop_ != 0; }

 private:
  Result<void> connect();
  Result<void> post(std::string_view path, std::string_view extra_headers, std::string_view payload,
                    bool pipelined);
  Result<void> send_once(std::string_view payload, bool pipelined);
  Result<ResponseView*> wait_next();

  Endpoint endpoint_;
  std::string next_request_;
  std::string head_;
  std::string path_;
  std::string document_;
  Connection connection_;
  ResponseReader reader_;
  ResponseView response_;
  bool pipeline_;
  bool next_sent_ = false;  // a GET /next is under way on this connection
  volatile int stop_ = 0;
  volatile int waiting_fd_ = -1;
};

}  // namespace dew::detail
