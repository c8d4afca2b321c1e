// ApiError: what a client of an AWS API gets to see when an operation fails. Services return
// ApiResult<T>; the protocol renders it (aws/protocol.h), in one place, in the form that SDKs
// parse.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "json/json.h"

namespace dew::aws {

struct ApiError {
  std::string code;     // the error shape's name, e.g. ResourceNotFoundException
  std::string message;  // AWS's own words where they are known
  int status = 400;     // overridden by the model's httpStatusCode for a shape it knows
  json::Object
      members;  // further members of the error shape, e.g. Item of ConditionalCheckFailedException

  ApiError(std::string code_, std::string message_, int status_ = 400)
      : code(std::move(code_)), message(std::move(message_)), status(status_) {}

  // An error from below is ours, not the client's: logged here in full, shown as InternalFailure.
  ApiError(const Error& error)  // NOLINT: TRY converts through it
      : code("InternalFailure"),
        message(
            "The request processing has failed because of an unknown error, exception or failure."),
        status(500) {
    log::error("internal failure: {}", error.message);
  }

  static ApiError validation(std::string message) {
    return {"ValidationException", std::move(message), 400};
  }
  static ApiError access_denied(std::string message) {
    return {"AccessDeniedException", std::move(message), 400};
  }
  static ApiError unsupported(
      std::string what) {  // a documented input that this version does not honour
    return {"NotImplemented", "Dewpoint does not support " + std::move(what) + " yet", 501};
  }
};

template <class T>
using ApiResult = std::expected<T, ApiError>;

inline std::unexpected<ApiError> fail(ApiError error) { return std::unexpected(std::move(error)); }
inline std::unexpected<ApiError> fail(std::string code, std::string message, int status = 400) {
  return std::unexpected(ApiError{std::move(code), std::move(message), status});
}

}  // namespace dew::aws
