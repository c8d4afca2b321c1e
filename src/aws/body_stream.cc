#include "aws/body_stream.h"

#include <charconv>

namespace dew::aws {

ApiResult<void> PayloadIntake::feed(std::string_view bytes) {
  return payload_.feed(bytes, [this](std::string_view plain) { return writer_->write(plain); });
}

ApiResult<std::unique_ptr<BodyWriter>> PayloadIntake::finish(http::Request& head) {
  CHECK_OK(payload_.finish(head));
  return std::move(writer_);
}

BodyStream::BodyStream(net::Workers& workers, std::unique_ptr<Intake> intake,
                       std::shared_ptr<void> request)
    : workers_(workers), request_(std::move(request)), intake_(std::move(intake)) {}

BodyStream::BodyStream(net::Workers& workers, ApiError refused, std::shared_ptr<void> request)
    : workers_(workers), error_(std::move(refused)), request_(std::move(request)) {}

void BodyStream::write(std::string piece, std::move_only_function<void()> done) {
  if (error_) return done();
  // `done` holds this sink.
  workers_.post([this, piece = std::move(piece), done = std::move(done)]() mutable {
    if (const auto taken = intake_->feed(piece); !taken) {
      error_ = taken.error();
      intake_.reset();  // nothing of it is kept
    }
    done();
  });
}

ApiResult<std::unique_ptr<BodyWriter>> BodyStream::finish(http::Request& head) {
  if (error_) return fail(*error_);
  return intake_->finish(head);
}

std::optional<uint64_t> announced_bytes(const http::Request& head) {
  for (const auto* name : {"x-amz-decoded-content-length", "content-length"}) {
    const auto text = head.headers.get(name);
    uint64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error == std::errc() && !text.empty() && end == text.data() + text.size()) return out;
  }
  return std::nullopt;
}

}  // namespace dew::aws
