// CloudWatch's errors, by the names of their shapes.
// docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html
#pragma once

#include <fmt/format.h>

#include "aws/api_error.h"

namespace dew::cloudwatch {

inline std::unexpected<aws::ApiError> invalid_value(std::string message) {
  return aws::fail("InvalidParameterValue", std::move(message));
}
inline std::unexpected<aws::ApiError> invalid_combination(std::string message) {
  return aws::fail("InvalidParameterCombination", std::move(message));
}
inline std::unexpected<aws::ApiError> missing(std::string message) {
  return aws::fail("MissingParameter", std::move(message));
}
inline std::unexpected<aws::ApiError> validation(std::string message) {
  return aws::fail("ValidationError", std::move(message));
}
// A documented input that is not honoured, by its name.
inline std::unexpected<aws::ApiError> unsupported(std::string what) {
  return aws::fail("InvalidParameterValue", fmt::format("Dewpoint does not support {} yet", what));
}

}  // namespace dew::cloudwatch
