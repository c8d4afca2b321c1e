// A request's body on its way to the service that keeps it, piece by piece: taken apart (of a form,
// post_object.h) and checked against the request's signature (payload.h), handed to the service's
// writer (registry.h), never in memory as a whole. The work is done on the workers; the io thread
// only hands pieces over.
//
// After the first error the rest is thrown away, so that the client can read why. Thread-safe as an
// http::BodySink is: pieces come one after the other.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "aws/payload.h"
#include "aws/registry.h"
#include "net/loop.h"

namespace dew::aws {

// What takes a body apart on its way to the service's writer.
class Intake {
 public:
  virtual ~Intake() = default;
  virtual ApiResult<void> feed(std::string_view bytes) = 0;
  // Once all of it has come: the service's writer. `head`: of the request, which may change by it.
  virtual ApiResult<std::unique_ptr<BodyWriter>> finish(http::Request& head) = 0;
};

// The body is the payload.
class PayloadIntake final : public Intake {
 public:
  PayloadIntake(Payload payload, std::unique_ptr<BodyWriter> writer)
      : payload_(std::move(payload)), writer_(std::move(writer)) {}

  ApiResult<void> feed(std::string_view bytes) override;
  ApiResult<std::unique_ptr<BodyWriter>> finish(http::Request& head) override;

 private:
  Payload payload_;
  std::unique_ptr<BodyWriter> writer_;
};

class BodyStream final : public http::BodySink, public std::enable_shared_from_this<BodyStream> {
 public:
  // `refused`: why the body is not wanted. `request`: whatever goes on with it; held, not read.
  BodyStream(net::Workers& workers, std::unique_ptr<Intake> intake, std::shared_ptr<void> request);
  BodyStream(net::Workers& workers, ApiError refused, std::shared_ptr<void> request);

  bool wanted() const override { return !error_; }
  void write(std::string piece, std::move_only_function<void()> done) override;

  // Once all of it has come: the service's writer, or what was wrong. Moves trailers to the head.
  ApiResult<std::unique_ptr<BodyWriter>> finish(http::Request& head);
  const std::shared_ptr<void>& request() const { return request_; }

 private:
  net::Workers& workers_;
  std::optional<ApiError> error_;
  std::shared_ptr<void> request_;
  std::unique_ptr<Intake> intake_;  // may look into the request
};

// How long the plain body is going to be, as the head says: nullopt if it does not.
std::optional<uint64_t> announced_bytes(const http::Request& head);

}  // namespace dew::aws
