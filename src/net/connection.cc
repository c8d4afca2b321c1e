#include "net/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <sys/sendfile.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "net/gzip.h"

namespace dew::net {

namespace asio = boost::asio;

namespace {

constexpr size_t kReadBytes = 8 * 1024;
constexpr size_t kBodyReadBytes = 64 * 1024;
constexpr size_t kCopiedBodyBytes =
    16 * 1024;  // a smaller body goes out in one buffer with its head
constexpr size_t kSinkPieceBytes = 256 * 1024;
// Of a file, at one go: the other connections of this loop get their turns in between.
constexpr size_t kFilePieceBytes = 512 * 1024;
constexpr size_t kKeptOutputBytes = 64 * 1024;  // of capacity, between requests
// After a protocol error the client may still be sending; closing at once would reset the
// connection and take our answer with it (RFC 9112 section 9.6). So we read and forget, within
// these.
constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr size_t kLingerBytes = 64 * 1024 * 1024;
constexpr std::chrono::milliseconds kSweepGrain{20};

std::string error_body(std::string_view message) {
  return fmt::format(R"({{"message":"{}"}})", message);
}

}  // namespace

// ---------------------------------------------------------------------------------------------
// InputBuffer

void InputBuffer::consume(size_t n) {
  begin_ += n;
  if (begin_ == end_) begin_ = end_ = 0;
}

std::pair<char*, size_t> InputBuffer::prepare(size_t n) {
  if (capacity_ - end_ < n && begin_ > 0) {
    std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (capacity_ - end_ < n) {
    const size_t capacity = std::max(end_ + n, capacity_ * 2);
    auto data = std::make_unique_for_overwrite<char[]>(capacity);
    if (end_ > 0) std::memcpy(data.get(), data_.get(), end_);
    data_ = std::move(data);
    capacity_ = capacity;
  }
  return {data_.get() + end_, capacity_ - end_};
}

// ---------------------------------------------------------------------------------------------------
// Shard

void ServerState::count_out() {
  if (connections.fetch_sub(1) == 1 && draining) {
    std::lock_guard lock(mutex);
    emptied.notify_all();
  }
}

void Shard::adopt(Socket socket) {
  if (closed_ || state_->draining) {
    state_->count_out();
    return;
  }
  auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket));
  connection->place = connections_.size();
  connections_.push_back(connection);
  connection->start();
}

void Shard::forget(Connection& connection) {
  const size_t place = connection.place;
  if (place + 1 != connections_.size()) {
    connections_[place] = std::move(connections_.back());
    connections_[place]->place = place;
  }
  connections_.pop_back();
  state_->count_out();
}

void Shard::drain() {
  const auto all = connections_;
  for (const auto& connection : all) connection->drain();
}

void Shard::close_all() {
  closed_ = true;
  const auto all = connections_;
  for (const auto& connection : all) connection->close();
  timer_.cancel();
}

void Shard::arm(SteadyTime when) {
  const auto now = std::chrono::steady_clock::now();
  armed_ = std::max(when, now + kSweepGrain);
  timer_ = core_->after(std::chrono::ceil<std::chrono::milliseconds>(armed_ - now),
                        [weak = weak_from_this()] {
                          if (auto self = weak.lock()) self->sweep();
                        });
}

void Shard::sweep() {
  armed_ = SteadyTime::max();
  const auto now = std::chrono::steady_clock::now();
  const auto all = connections_;
  for (const auto& connection : all) {
    if (connection->deadline() <= now) connection->on_deadline();
  }
  SteadyTime next = SteadyTime::max();
  for (const auto& connection : connections_) next = std::min(next, connection->deadline());
  if (next < armed_) arm(next);
}

// ----------------------------------------------------------------------------------------------
// Connection

Connection::Connection(std::shared_ptr<Shard> shard, Socket socket)
    : core_(shard->shared_core()), shard_(std::move(shard)), socket_(std::move(socket)) {}

void Connection::start() {
  boost::system::error_code ec;
  socket_.non_blocking(true, ec);
  socket_.set_option(asio::ip::tcp::no_delay(true), ec);
  const auto peer = socket_.remote_endpoint(ec);
  if (ec) return close();
  remote_address_ = peer.address().to_string();
  run();
}

void Connection::run() {
  const auto self = shared_from_this();
  bool more = true;
  while (more) {
    switch (phase_) {
      case Phase::kIdle:
      case Phase::kHead:
        more = step_head();
        break;
      case Phase::kBody:
        more = step_body();
        break;
      default:
        return;
    }
  }
}

bool Connection::step_head() {
  // RFC 9112 section 2.2: an empty line before the request line is skipped.
  if (input_.view().starts_with("\r\n")) {
    input_.consume(2);
    scanned_ = 0;
  }
  const std::string_view bytes = input_.view();
  const auto found = find_head_end(bytes.substr(0, options().head_bytes), scanned_);
  if (!found) return fail(found.error());
  if (*found == 0) {
    if (bytes.size() >= options().head_bytes) return fail({431, "Request header fields too large"});
    if (bytes.empty()) {
      wait_until(options().idle_timeout);
    } else if (phase_ == Phase::kIdle) {
      phase_ = Phase::kHead;
      wait_until(options().head_timeout);  // for the whole head, however it trickles
    }
    read_input(kReadBytes);
    return false;
  }
  auto head = parse_request_head(bytes.substr(0, *found));
  if (!head) return fail(head.error());
  input_.consume(*found);
  scanned_ = 0;
  request_ = std::move(head->request);
  framing_ = head->framing;
  request_.remote_address = remote_address_;
  request_.local_port = shard_->state().port;
  mode_ = {framing_.http11, framing_.keep_alive, request_.method == "HEAD"};
  return begin_body();
}

bool Connection::begin_body() {
  body_have_ = 0;
  if (!framing_.chunked && framing_.content_length.value_or(0) == 0) return dispatch();
  const size_t length = framing_.content_length.value_or(0);
  if (options().body_sink && (framing_.chunked || length > options().sink_from_bytes))
    sink_ = options().body_sink(request_);
  if (length > (sink_ ? options().sink_bytes : options().body_bytes)) {
    sink_.reset();
    return fail({413, "Request body too large"});
  }
  phase_ = Phase::kBody;
  chunks_ = {};
  sunk_ = 0;
  if (sink_ && !sink_->wanted() && framing_.expect_continue && input_.view().empty()) {
    mode_.keep_alive = false;
    request_.sink = std::move(sink_);
    return dispatch();
  }
  if (framing_.expect_continue && input_.view().empty()) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    boost::system::error_code ec;
    // Nothing else is waiting to be sent, so the socket takes these few bytes, or is broken.
    if (socket_.write_some(asio::buffer(kContinue), ec) != kContinue.size()) {
      close();
      return false;
    }
  }
  return true;
}

// Fills the next piece and hands it over; reads on once the sink has taken it.
bool Connection::step_sink() {
  if (sinking_) return false;
  const uint64_t length = framing_.content_length.value_or(0);
  const std::string_view bytes = input_.view().substr(0, kSinkPieceBytes);
  if (framing_.chunked) {
    const size_t before = piece_.size();
    const auto taken = chunks_.feed(bytes, piece_, before + options().sink_bytes - sunk_);
    if (!taken) return fail(taken.error());
    sunk_ += piece_.size() - before;
    input_.consume(*taken);
  } else {
    const auto taken = bytes.substr(0, std::min<uint64_t>(length - sunk_, bytes.size()));
    piece_.append(taken);
    sunk_ += taken.size();
    input_.consume(taken.size());
  }
  const bool whole = framing_.chunked ? chunks_.done() : sunk_ == length;
  if (whole && piece_.empty()) {
    request_.sink = std::move(sink_);
    return dispatch();
  }
  if (whole || piece_.size() >= kSinkPieceBytes) {
    sinking_ = true;
    deadline_ = SteadyTime::max();  // it is on us now
    // The sink is held until it is done, also where the connection is closed meanwhile.
    sink_->write(std::exchange(piece_, {}), [self = shared_from_this(), held = sink_] {
      self->core_->post([self] { self->on_sunk(); });
    });
    return false;
  }
  if (!input_.view().empty()) return true;  // it holds more than one look takes
  wait_until(options().body_timeout);
  read_input(kSinkPieceBytes);
  return false;
}

void Connection::on_sunk() {
  sinking_ = false;
  if (phase_ == Phase::kBody) run();
}

bool Connection::step_body() {
  if (sink_) return step_sink();
  const std::string_view bytes = input_.view();
  if (framing_.chunked) {
    const auto taken = chunks_.feed(bytes, request_.body, options().body_bytes);
    if (!taken) return fail(taken.error());
    input_.consume(*taken);
    if (chunks_.done()) return dispatch();
    wait_until(options().body_timeout);
    read_input(kReadBytes);
    return false;
  }
  const size_t length = *framing_.content_length;
  if (!bytes.empty() && body_have_ < length) {
    const size_t take = std::min(length - body_have_, bytes.size());
    request_.body.append(bytes.substr(0, take));
    body_have_ += take;
    input_.consume(take);
  }
  if (body_have_ == length) return dispatch();
  wait_until(options().body_timeout);
  read_body();
  return false;
}

bool Connection::inflate() {
  if (!options().inflate_requests ||
      !http::iequals(request_.headers.get("content-encoding"), "gzip"))
    return true;
  auto plain = http::gunzip(request_.body, options().body_bytes);
  if (!plain) {
    if (plain.error() == http::GunzipError::kTooLarge) {
      fail({413, "Request body too large"});
    } else {
      fail({400, "The body is not valid gzip"});
    }
    return false;
  }
  request_.body = *std::move(plain);
  request_.headers.erase("content-encoding");
  return true;
}

bool Connection::dispatch() {
  if (!inflate()) return false;
  phase_ = Phase::kHandling;
  deadline_ = SteadyTime::max();
  in_handler_ = true;
  try {
    shard_->state().handler(std::exchange(request_, {}),
                            http::Responder([self = shared_from_this()](http::Response response) {
                              self->respond(std::move(response));
                            }));
  } catch (const std::exception& e) {
    log::error("a handler threw: {}", e.what());  // its Responder has answered 500
  }
  in_handler_ = false;
  if (!early_) return false;
  http::Response response = *std::move(early_);
  early_.reset();
  return answer(std::move(response));
}

void Connection::respond(http::Response response) {
  if (!core_->on_this_thread()) {
    core_->post([self = shared_from_this(), response = std::move(response)]() mutable {
      self->respond(std::move(response));
    });
    return;
  }
  if (phase_ != Phase::kHandling) return;  // closed meanwhile
  if (in_handler_) {
    early_ = std::move(response);
  } else if (answer(std::move(response))) {
    run();
  }
}

bool Connection::fail(const ProtocolError& error) {
  if (phase_ == Phase::kClosed) return false;
  mode_.keep_alive = false;
  mode_.to_head = false;
  abusive_ = true;
  return answer(http::Response::json(error.status, error_body(error.message)));
}

bool Connection::answer(http::Response response) {
  if (phase_ == Phase::kClosed) return false;
  if (shard_->state().draining.load(std::memory_order_relaxed)) mode_.keep_alive = false;
  if (mode_.keep_alive && http::iequals(response.headers.get("connection"), "close"))
    mode_.keep_alive = false;
  append_response_head(out_, response, mode_);
  if (!mode_.to_head && status_has_body(response.status)) {
    if (response.body.size() <= kCopiedBodyBytes) {
      out_.append(response.body);
    } else {
      out_body_ = std::move(response.body);
    }
  }
  if (!mode_.to_head && status_has_body(response.status)) out_file_ = std::move(response.file);
  written_ = 0;
  if (holds(response.status)) {
    phase_ = Phase::kIdle;
    return true;
  }
  phase_ = Phase::kWriting;
  return write();
}

// Only while a request without a body follows: one that has still to arrive would keep the answer.
bool Connection::holds(int status) const {
  constexpr int kRedirects = 300;
  if (!options().hold_for_pipelined || status >= kRedirects || !mode_.keep_alive) return false;
  if (!out_body_.empty() || out_file_.length > 0 || !input_.view().starts_with("GET "))
    return false;
  size_t scanned = 0;
  const auto end = find_head_end(input_.view().substr(0, options().head_bytes), scanned);
  return end && *end > 0;
}

bool Connection::write() {
  const size_t total = out_.size() + out_body_.size();
  while (written_ < total) {
    const std::array<asio::const_buffer, 2> parts = {
        asio::buffer(out_) + std::min(written_, out_.size()),
        asio::buffer(out_body_) + (written_ > out_.size() ? written_ - out_.size() : 0)};
    boost::system::error_code ec;
    const size_t n =
        out_body_.empty() ? socket_.write_some(parts[0], ec) : socket_.write_some(parts, ec);
    if (ec == asio::error::would_block) {
      wait_until(options().write_timeout);
      socket_.async_wait(Socket::wait_write,
                         [self = shared_from_this()](boost::system::error_code error) {
                           self->on_written(error);
                         });
      return false;
    }
    if (ec) {
      close();
      return false;
    }
    written_ += n;
  }
  return out_file_.length > 0 ? send_file() : after_write();
}

// A piece, and the rest when the socket takes more: never a loop until it would block, which on the
// loopback interface can take as long as the file.
bool Connection::send_file() {
  auto offset = static_cast<off_t>(out_file_.offset);
  const ssize_t n = ::sendfile(socket_.native_handle(), out_file_.file->descriptor(), &offset,
                               std::min<uint64_t>(out_file_.length, kFilePieceBytes));
  // None, although there should be some: the file is shorter than was announced, and the client
  // must not take what it has for the whole.
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
    close();
    return false;
  }
  if (n > 0) {
    out_file_.offset += static_cast<uint64_t>(n);
    out_file_.length -= static_cast<uint64_t>(n);
  }
  if (out_file_.length == 0) return after_write();
  wait_until(options().write_timeout);
  socket_.async_wait(
      Socket::wait_write,
      [self = shared_from_this()](boost::system::error_code error) { self->on_written(error); });
  return false;
}

void Connection::on_written(boost::system::error_code ec) {
  if (phase_ != Phase::kWriting) return;
  if (ec) return close();
  if (write()) run();
}

bool Connection::after_write() {
  out_.clear();
  if (out_.capacity() > kKeptOutputBytes) out_.shrink_to_fit();
  out_body_ = {};
  out_file_ = {};
  if (mode_.keep_alive) {
    phase_ = Phase::kIdle;
    return true;
  }
  boost::system::error_code ec;
  if (!abusive_ && input_.view().empty() && socket_.available(ec) == 0) {
    close();
  } else {
    linger();
  }
  return false;
}

void Connection::linger() {
  phase_ = Phase::kLingering;
  boost::system::error_code ec;
  socket_.shutdown(Socket::shutdown_send, ec);
  wait_until(kLingerTime);
  input_.consume(input_.view().size());
  read_input(kReadBytes);
}

void Connection::read_input(size_t at_least) {
  if (reading_) return;
  reading_ = true;
  const auto [data, size] = input_.prepare(at_least);
  socket_.async_read_some(asio::buffer(data, size),
                          [self = shared_from_this()](boost::system::error_code ec, size_t n) {
                            self->on_read(ec, n);
                          });
}

void Connection::read_body() {
  // The buffer grows with what arrives, not with what the head claims.
  std::string& body = request_.body;
  const size_t length = *framing_.content_length;
  if (body.size() <= body_have_)
    body.resize(std::min(length, std::max(body_have_ * 2, body_have_ + kBodyReadBytes)));
  reading_ = reading_body_ = true;
  socket_.async_read_some(asio::buffer(body.data() + body_have_, body.size() - body_have_),
                          [self = shared_from_this()](boost::system::error_code ec, size_t n) {
                            self->on_read(ec, n);
                          });
}

void Connection::on_read(boost::system::error_code ec, size_t bytes) {
  reading_ = false;
  const bool into_body = std::exchange(reading_body_, false);
  if (phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kWriting) return;  // an error is being answered; linger() reads on
  if (ec) return close();  // the client went away: nothing to say, nobody to say it to
  if (phase_ == Phase::kLingering) {
    lingered_ += bytes;
    if (lingered_ > kLingerBytes) return close();
    read_input(kReadBytes);
    return;
  }
  if (into_body) {
    body_have_ += bytes;
  } else {
    input_.commit(bytes);
  }
  run();
}

void Connection::on_deadline() {
  switch (phase_) {
    case Phase::kHead:
    case Phase::kBody:
      deadline_ = SteadyTime::max();
      fail({408, "The request took too long to arrive"});
      break;
    case Phase::kHandling:
      break;
    default:
      close();
  }
}

void Connection::drain() {
  boost::system::error_code ec;
  // A request that is already in the kernel's buffer is in flight.
  if (phase_ == Phase::kIdle && socket_.available(ec) == 0) close();
  if (phase_ == Phase::kLingering) close();
}

void Connection::close() {
  if (phase_ == Phase::kClosed) return;
  const auto self = shared_from_this();
  phase_ = Phase::kClosed;
  deadline_ = SteadyTime::max();
  sink_.reset();
  out_file_ = {};
  boost::system::error_code ec;
  socket_.close(ec);
  shard_->forget(*this);
}

void Connection::wait_until(std::chrono::milliseconds from_now) {
  deadline_ = std::chrono::steady_clock::now() + from_now;
  shard_->watch(deadline_);
}

}  // namespace dew::net
