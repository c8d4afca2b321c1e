#include "net/client.h"

#include "net/chunked.h"
#include "net/head.h"
#include "net/stream.h"

namespace dew::net {

namespace {

constexpr size_t kReadBytes = 64 * 1024;
constexpr size_t kJoinedBodyBytes = 64 * 1024;  // a smaller body is sent in one piece with its head

// Those that may be sent again when a kept connection breaks before a byte of the answer (RFC 9110
// section 9.2.2).
bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS";
}

Result<std::string> request_head(const Url& url, const http::Request& request) {
  if (!is_token(request.method))
    return fail(ErrorKind::kInvalid, "the request's method is malformed");
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", request.method, url.target);
  if (!request.headers.has("host")) {
    const bool usual = url.port == (url.scheme == "https" ? 443 : 80);
    out += usual ? fmt::format("Host: {}\r\n", url.host)
                 : fmt::format("Host: {}:{}\r\n", url.host, url.port);
  }
  for (const auto& header : request.headers) {
    if (!is_token(header.name) || !is_field_value(header.value)) {
      return fail(ErrorKind::kInvalid, "a request header has a character that is not allowed");
    }
    if (http::iequals(header.name, "content-length") ||
        http::iequals(header.name, "transfer-encoding"))
      continue;
    out += header.name;
    out += ": ";
    out += header.value;
    out += "\r\n";
  }
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
      request.method == "PATCH") {
    out += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  out += "\r\n";
  return out;
}

}  // namespace

struct Client::Impl {
  explicit Impl(ClientOptions o) : options(o) {}

  Result<void> connect(const Url& url, Deadline deadline) {
    auto until = deadline;
    until.at = std::min(until.at, std::chrono::steady_clock::now() + options.connect_timeout);
    auto made = url.scheme == "https" ? Stream::connect_tls(url.host, url.port, until)
                                      : Stream::connect(url.host, url.port, until);
    if (!made) return std::unexpected(std::move(made).error());
    stream = *std::move(made);
    origin = fmt::format("{}://{}:{}", url.scheme, url.host, url.port);
    input.clear();
    return {};
  }

  // False at the end of the stream.
  Result<bool> fill(Deadline deadline) {
    const size_t have = input.size();
    input.resize(have + kReadBytes);
    auto n = stream->read(std::span(input).subspan(have), deadline);
    input.resize(have + n.value_or(0));
    if (!n) return std::unexpected(std::move(n).error());
    if (*n > 0) answered = true;
    return *n > 0;
  }

  Result<void> need(Deadline deadline) {
    TRY(const bool more, fill(deadline));
    if (!more)
      return fail(ErrorKind::kIo, "the server closed the connection before its answer was whole");
    return {};
  }

  static std::unexpected<Error> broken(const ProtocolError& error) {
    return fail(ErrorKind::kIo,
                fmt::format("the server's answer is not valid HTTP: {}", error.message));
  }

  Result<ResponseHead> read_head(Deadline deadline) {
    size_t scanned = 0;
    while (true) {
      const auto found = find_head_end(input, scanned);
      if (!found) return broken(found.error());
      if (*found == 0) {
        if (input.size() > limits::kHeadBytes)
          return fail(ErrorKind::kIo, "the server's answer has too long a head");
        CHECK_OK(need(deadline));
        continue;
      }
      auto head = parse_response_head(std::string_view(input).substr(0, *found));
      if (!head) return broken(head.error());
      input.erase(0, *found);
      if (head->response.status >= 200) return *std::move(head);
      scanned = 0;  // 100 Continue and its like come before the answer
    }
  }

  Result<void> read_body(ResponseHead& head, bool to_head, Deadline deadline) {
    std::string& body = head.response.body;
    const int status = head.response.status;
    if (to_head || status == 204 || status == 304) return {};
    const auto too_large = [&] {
      return fail(ErrorKind::kIo,
                  fmt::format("the server's answer is larger than {} bytes", options.body_bytes));
    };
    if (head.framing.chunked) {
      ChunkedDecoder decoder;
      while (true) {
        const auto taken = decoder.feed(input, body, options.body_bytes);
        if (!taken) return taken.error().status == 413 ? too_large() : broken(taken.error());
        input.erase(0, *taken);
        if (decoder.done()) return {};
        CHECK_OK(need(deadline));
      }
    }
    if (head.framing.content_length) {
      const uint64_t length = *head.framing.content_length;
      if (length > options.body_bytes) return too_large();
      while (input.size() < length) CHECK_OK(need(deadline));
      body = input.substr(0, length);
      input.erase(0, length);
      return {};
    }
    // The body ends with the connection.
    head.framing.keep_alive = false;
    while (true) {
      if (input.size() > options.body_bytes) return too_large();
      TRY(const bool more, fill(deadline));
      if (!more) break;
    }
    body = std::exchange(input, {});
    return {};
  }

  Result<http::Response> exchange(const std::string& head, const http::Request& request,
                                  Deadline deadline) {
    answered = false;
    if (request.body.size() <= kJoinedBodyBytes) {
      CHECK_OK(stream->write(head + request.body, deadline));
    } else {
      CHECK_OK(stream->write(head, deadline));
      // A server that refuses the body answers and closes: its answer tells more than the broken
      // pipe.
      auto sent = stream->write(request.body, deadline);
      if (!sent && sent.error().kind == ErrorKind::kTimeout)
        return std::unexpected(std::move(sent).error());
    }
    TRY(auto response, read_head(deadline));
    CHECK_OK(read_body(response, request.method == "HEAD", deadline));
    if (!response.framing.keep_alive || !input.empty()) stream.reset();
    return std::move(response.response);
  }

  ClientOptions options;
  std::unique_ptr<Stream> stream;
  std::string origin;
  std::string input;      // received, not yet taken
  bool answered = false;  // a byte of the present answer has arrived
};

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(options)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

Result<http::Response> Client::send(const Url& url, const http::Request& request) {
  const Deadline deadline{std::chrono::steady_clock::now() + impl_->options.timeout,
                          impl_->options.stopped};
  TRY(const std::string head, request_head(url, request));
  const std::string origin = fmt::format("{}://{}:{}", url.scheme, url.host, url.port);
  if (impl_->stream && (impl_->origin != origin || impl_->stream->stale())) impl_->stream.reset();
  const bool kept = impl_->stream != nullptr;
  if (!kept) CHECK_OK(impl_->connect(url, deadline));
  auto response = impl_->exchange(head, request, deadline);
  if (response) return response;
  impl_->stream.reset();
  const bool again = kept && !impl_->answered && is_idempotent(request.method) &&
                     response.error().kind != ErrorKind::kTimeout;
  if (!again) return response;
  CHECK_OK(impl_->connect(url, deadline));
  response = impl_->exchange(head, request, deadline);
  if (!response) impl_->stream.reset();
  return response;
}

}  // namespace dew::net
