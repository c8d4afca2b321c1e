// Result: what every SDK call that can fail returns. An error is a value with AWS's code
// ("ConditionalCheckFailedException"), a message for the developer, and the HTTP status when there
// was one. Code that prefers exceptions says `dew::value_or_throw(db.get_item(...))`; the router
// turns what escapes a handler into a 500 that tells nothing.
#pragma once

#include <expected>
#include <stdexcept>
#include <string>
#include <utility>

namespace dew {

struct Error {
  std::string code;
  std::string message;
  int status = 0;          // HTTP status, 0 when no answer came
  bool retryable = false;  // a later attempt may succeed
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string code, std::string message, int status = 0) {
  return std::unexpected(Error{std::move(code), std::move(message), status, false});
}

class Exception : public std::runtime_error {
 public:
  explicit Exception(Error error)
      : std::runtime_error(error.code + ": " + error.message), error_(std::move(error)) {}
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw Exception(std::move(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace dew
