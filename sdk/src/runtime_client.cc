#include "runtime_client.h"

#include <dew/encoding.h>
#include <sys/socket.h>

#include <array>
#include <charconv>

#include "json_text.h"

namespace dew::detail {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout{5000};
constexpr std::chrono::milliseconds kForEver{0};
constexpr int kMaxAttempts = 3;
constexpr std::string_view kUserAgent = "dew-sdk/0.1";

Error stopped_error() { return Error{"Stopped", "the runtime was told to stop", 0, false}; }

int64_t parse_int(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

RuntimeClient::RuntimeClient(std::string_view api, bool pipeline) : pipeline_(pipeline) {
  const size_t colon = api.rfind(':');
  endpoint_.host = api.substr(0, colon);
  endpoint_.port = colon == std::string_view::npos
                       ? 80
                       : static_cast<uint16_t>(parse_int(api.substr(colon + 1)));
  next_request_ = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: ";
  next_request_.append(api).append("\r\nUser-Agent: ").append(kUserAgent).append("\r\n\r\n");
}

void RuntimeClient::stop() noexcept {
  stop_ = 1;
  // Between `waiting_fd_` set and the read, a signal would be missed: ending the socket ends the
  // read whenever it comes.
  const int fd = waiting_fd_;
  if (fd >= 0) ::shutdown(fd, SHUT_RDWR);
}

Result<void> RuntimeClient::connect() {
  reader_.reset();
  next_sent_ = false;
  auto opened = connection_.open(endpoint_, kConnectTimeout, kForEver);
  if (!opened) connection_.close();
  return opened;
}

Result<ResponseView*> RuntimeClient::wait_next() {
  if (!connection_.is_open()) {
    if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  }
  if (!next_sent_) {
    std::array parts{iovec{next_request_.data(), next_request_.size()}};
    if (auto sent = connection_.write(parts); !sent) return std::unexpected(sent.error());
    next_sent_ = true;
  }
  waiting_fd_ = connection_.fd();
  auto read = stop_ != 0 ? Result<void>(std::unexpected(stopped_error()))
                         : reader_.read_response(connection_, response_);
  waiting_fd_ = -1;
  next_sent_ = false;
  if (!read) return std::unexpected(stop_ != 0 ? stopped_error() : read.error());
  return &response_;
}

Result<std::string_view> RuntimeClient::next(Context& context) {
  Result<ResponseView*> answer = std::unexpected(stopped_error());
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (stop_ != 0) return std::unexpected(stopped_error());
    answer = wait_next();
    if (answer) break;
    connection_.close();
  }
  if (!answer) return std::unexpected(answer.error());
  const ResponseView& response = **answer;
  if (response.status != 200) {
    const int status = response.status;
    std::string text = "GET /next: status " + std::to_string(status) + ": " +
                       std::string(response.body.substr(0, 256));
    connection_.close();
    return fail("RuntimeApiError", std::move(text), status);
  }
  const bool cold = context.cold_start;
  context = Context{};
  context.cold_start = cold;
  for (const HeaderView& header : response.headers) {
    constexpr std::string_view kPrefix = "lambda-runtime-";
    if (header.name.size() <= kPrefix.size() ||
        !iequals(header.name.substr(0, kPrefix.size()), kPrefix))
      continue;
    const std::string_view name = header.name.substr(kPrefix.size());
    if (iequals(name, "aws-request-id")) context.request_id = header.value;
    if (iequals(name, "deadline-ms")) context.deadline_ms = parse_int(header.value);
    if (iequals(name, "invoked-function-arn")) context.function_arn = header.value;
    if (iequals(name, "trace-id")) context.trace_id = header.value;
    if (iequals(name, "client-context")) context.client_context = header.value;
    if (iequals(name, "cognito-identity")) context.cognito_identity = header.value;
  }
  if (!response.keep_alive) connection_.close();
  if (context.request_id.empty())
    return fail("RuntimeApiError", "GET /next: no Lambda-Runtime-Aws-Request-Id");
  return response.body;
}

Result<void> RuntimeClient::send_once(std::string_view payload, bool pipelined) {
  if (!connection_.is_open()) {
    if (auto connected = connect(); !connected) return connected;
  }
  std::array parts{iovec{head_.data(), head_.size()},
                   iovec{const_cast<char*>(payload.data()), payload.size()},
                   iovec{next_request_.data(), next_request_.size()}};
  if (auto sent = connection_.write(std::span(parts).first(pipelined ? 3 : 2)); !sent) return sent;
  // A pipelined answer may come together with the next event only, so stop() must end this wait
  // too.
  if (pipelined) waiting_fd_ = connection_.fd();
  auto read = pipelined && stop_ != 0 ? Result<void>(std::unexpected(stopped_error()))
                                      : reader_.read_response(connection_, response_);
  waiting_fd_ = -1;
  if (!read) return stop_ != 0 ? Result<void>(std::unexpected(stopped_error())) : read;
  next_sent_ = pipelined && response_.keep_alive;
  return {};
}

Result<void> RuntimeClient::post(std::string_view path, std::string_view extra_headers,
                                 std::string_view payload, bool pipelined) {
  head_.assign("POST /2018-06-01/runtime/").append(path).append(" HTTP/1.1\r\nHost: ");
  head_.append(endpoint_.host).append(":");
  json_text::append_int(head_, endpoint_.port);
  head_.append("\r\nUser-Agent: ")
      .append(kUserAgent)
      .append("\r\nContent-Type: application/json\r\n");
  head_.append(extra_headers).append("Content-Length: ");
  json_text::append_int(head_, static_cast<int64_t>(payload.size()));
  head_.append("\r\n\r\n");
  Result<void> sent;
  int attempt = 0;
  for (; attempt < kMaxAttempts; ++attempt) {
    sent = send_once(payload, pipelined && attempt == 0);
    if (sent) break;
    connection_.close();
    if (pipelined && stop_ != 0) return {};  // it was sent; stop() only ended the wait
  }
  if (!sent) return sent;
  const int status = response_.status;
  const std::string reason(status < 300 ? std::string_view{} : response_.body.substr(0, 256));
  if (!response_.keep_alive) connection_.close();
  if (status >= 200 && status < 300) return {};
  if (attempt > 0 && (status == 400 || status == 403)) return {};  // it had arrived the first time
  return fail("RuntimeApiError",
              "POST /" + std::string(path) + ": status " + std::to_string(status) + ": " + reason,
              status);
}

Result<void> RuntimeClient::respond(std::string_view request_id, std::string_view payload) {
  if (payload.size() > kMaxResponsePayload) {
    return report_error(
        request_id, "Function.ResponseSizeTooLarge",
        "Response payload size exceeded maximum allowed payload size (6291556 bytes).");
  }
  path_.assign("invocation/").append(request_id).append("/response");
  return post(path_, {}, payload, pipeline_ && stop_ == 0);
}

Result<void> RuntimeClient::report_error(std::string_view request_id, std::string_view type,
                                         std::string_view message) {
  path_.assign("invocation/").append(request_id).append("/error");
  document_ = "{\"errorMessage\":";
  json_text::append_string(document_, message);
  document_ += ",\"errorType\":";
  json_text::append_string(document_, type);
  document_ += ",\"stackTrace\":[]}";
  std::string header("Lambda-Runtime-Function-Error-Type: ");
  for (const char c : type) header += c > ' ' && c < 0x7f ? c : '_';
  header += "\r\n";
  return post(path_, header, document_, pipeline_ && stop_ == 0 && !request_id.empty());
}

Result<void> RuntimeClient::report_init_error(std::string_view type, std::string_view message) {
  document_ = "{\"errorMessage\":";
  json_text::append_string(document_, message);
  document_ += ",\"errorType\":";
  json_text::append_string(document_, type);
  document_ += ",\"stackTrace\":[]}";
  return post("init/error", "Lambda-Runtime-Function-Error-Type: Runtime.InitError\r\n", document_,
              false);
}

}  // namespace dew::detail
