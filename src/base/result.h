// Result<T>: the outcome of everything that a client, a disk or a peer can make fail.
//
// Errors are values; exceptions are for our own bugs and never cross a folder's boundary. The
// services use aws::ApiResult<T> (aws/api_error.h), whose error is what a client sees; an Error
// becomes one implicitly, as an InternalFailure whose message goes to our log and not to the
// client.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace dew {

enum class ErrorKind { kInvalid, kNotFound, kConflict, kIo, kTimeout, kUnavailable, kInternal };

// An error below the level of AWS's APIs. `message` is a whole sentence for a person, and says what
// to do.
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected(Error{kind, std::move(message)});
}

}  // namespace dew

#define DEW_CONCAT_(a, b) a##b
#define DEW_CONCAT(a, b) DEW_CONCAT_(a, b)

// TRY(auto x, expression) binds the value or returns the error. CO_TRY is the same in a coroutine.
// CHECK_OK(expression) is for a Result<void>.
#define TRY_(tmp, decl, expr, ret)                       \
  auto tmp = (expr);                                     \
  if (!tmp) ret std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define TRY(decl, ...) TRY_(DEW_CONCAT(try_, __LINE__), decl, (__VA_ARGS__), return)
#define CO_TRY(decl, ...) TRY_(DEW_CONCAT(try_, __LINE__), decl, (__VA_ARGS__), co_return)
#define CHECK_OK(...) \
  if (auto check_ = (__VA_ARGS__); !check_) return std::unexpected(std::move(check_).error())
#define CO_CHECK_OK(...) \
  if (auto check_ = (__VA_ARGS__); !check_) co_return std::unexpected(std::move(check_).error())
