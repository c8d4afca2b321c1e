// AWS Signature Version 4, in the Authorization header.
//
// Source:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. The
// signing key (four HMACs) is kept for the day it is valid. One thread at a time.
#pragma once

#include <dew/credentials.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dew {

struct SigningInput {
  std::string_view method{};
  std::string_view path{};   // as sent, percent-encoded once
  std::string_view query{};  // as sent, without '?'
  // Name and value, Host among them, X-Amz-Date not. All are signed.
  std::vector<std::pair<std::string_view, std::string_view>> headers{};
  std::string_view payload_hash{};  // lower-case hex of the body's SHA-256
  int64_t now_s = 0;
};

struct Signature {
  std::string amz_date;           // X-Amz-Date
  std::string authorization;      // Authorization
  std::string canonical_request;  // for tests and for finding out what went wrong
  std::string string_to_sign;
};

class Signer {
 public:
  // S3 alone takes paths as they are: `normalize_path` false.
  Signer(std::string region, std::string service, bool normalize_path = true);

  // Adds X-Amz-Date and, when there is one, X-Amz-Security-Token to what is signed.
  Signature sign(const Credentials& credentials, const SigningInput& input);

 private:
  std::string region_, service_;
  bool normalize_;
  std::string key_, key_date_, key_secret_;
};

std::string sha256_hex(std::string_view bytes);

}  // namespace dew
