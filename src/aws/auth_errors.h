// What a client reads when a request cannot be authenticated: one fault, said with each protocol's
// code, status and words. Pure functions.
//
// docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
// docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html (query)
// docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html (json)
// docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
#pragma once

#include <string>

#include "aws/api_error.h"
#include "aws/model.h"
#include "aws/sigv4.h"

namespace dew::aws {

enum class AuthFault {
  kUnsigned,         // nothing says who calls
  kIncomplete,       // the signature's parts
  kAlgorithm,        // another than AWS4-HMAC-SHA256
  kQueryValue,       // a presigned URL's parameter
  kBoth,             // header and query string at once
  kTime,             // too far from now
  kUrlExpired,       // a presigned URL's time is over
  kScope,            // region, service, terminator or date of the credential
  kUnsignedHeaders,  // host or x-amz-* left out
  kUnknownKey,
  kTokenInvalid,
  kTokenExpired,
  kMismatch,
};

ApiError auth_error(const ServiceModel& service, AuthFault fault, std::string message = "",
                    json::Object members = {});
ApiError auth_error(const ServiceModel& service, const SignatureFault& fault);

// S3's rules, words and ways differ from everybody's.
bool is_s3(const ServiceModel& service);

}  // namespace dew::aws
