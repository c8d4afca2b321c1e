// AWS Signature Version 2 of S3, in the query string: what boto3 makes of a presigned URL unless it
// is told otherwise, and what S3 takes in the regions that began before 2014. In the header, and
// for other services, it is refused by name.
// docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
//
// It covers the method, the path, Content-MD5, Content-Type, Expires, everything named x-amz-* and
// the parameters that name a part of a resource or change the answer's headers; nothing else. Pure
// functions.
#pragma once

#include <string>
#include <string_view>

#include "aws/sigv4.h"

namespace dew::aws {

inline constexpr std::string_view kVersion2Refused =
    "Dewpoint takes Signature Version 2 in presigned URLs of S3 alone: use AWS4-HMAC-SHA256";

// `signature.resource`: the target in path style.
std::string string_to_sign_v2(const http::Request& request, const Signature& signature);
// Compared in constant time.
bool matches_v2(const http::Request& request, const Signature& signature, std::string_view secret);

}  // namespace dew::aws
