// Limits that more than one folder enforces. Each has its source; a folder's own limits stay with
// it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dew::limits {

// API Gateway: 10 MB payload. docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
inline constexpr size_t kApiBodyBytes = 10 * 1024 * 1024;
// Lambda: 6 MB synchronous request and response, each (AWS counts 6,291,556 for responses).
// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
inline constexpr size_t kInvocationBytes = 6 * 1024 * 1024;
inline constexpr size_t kInvocationResponseBytes = 6'291'556;
// Lambda: 1 MB asynchronous payload (256 KB until 2025).
inline constexpr size_t kAsyncInvocationBytes = 1024 * 1024;
// Bodies of AWS API calls: S3 objects and zipped functions may be larger than any other request.
inline constexpr size_t kServiceBodyBytes = 256 * 1024 * 1024;
// One request puts 5 GB into S3 at most; a 64th more for the framing of aws-chunked.
// docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
inline constexpr uint64_t kObjectBodyBytes = 5ULL * 1024 * 1024 * 1024 / 64 * 65;
// A request's start line and headers together; API Gateway refuses more than 10,240 bytes of
// headers.
inline constexpr size_t kHeadBytes = 64 * 1024;
inline constexpr int kJsonDepth = 128;

}  // namespace dew::limits
