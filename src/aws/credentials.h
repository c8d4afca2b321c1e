// Who holds an access key. The sts service keeps the keys (users', assumed roles', functions'), and
// this layer asks for them when a request is signed: the interface is ours, the implementation is
// sts's.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "aws/call.h"
#include "base/guarded.h"

namespace dew::aws {

// How the keys begin that this cloud issues: users' and sessions'. Real ones of AWS's do not, but
// for one in 32,768 (both are base 32).
inline constexpr std::string_view kUserKeyPrefix = "AKIADEW";
inline constexpr std::string_view kSessionKeyPrefix = "ASIADEW";

// When a long-term key was last used, to the minute: the credential of every request with that key
// shares it. Thread-safe; the usual call is one relaxed load.
class KeyUse {
 public:
  static constexpr int64_t kResolution_s = 60;

  struct Last {
    int64_t seconds = 0;  // since the epoch; 0: never
    std::string service;  // as requests are signed for it
    std::string region;
  };

  explicit KeyUse(Last last) : seconds_(last.seconds), last_(std::move(last)) {}

  void note(int64_t seconds, std::string_view service, std::string_view region) {
    if (seconds - seconds_.load(std::memory_order_relaxed) < kResolution_s) return;
    seconds_.store(seconds, std::memory_order_relaxed);
    last_.with([&](Last& last) { last = {seconds, std::string(service), std::string(region)}; });
  }
  Last last() const {
    return last_.read([](const Last& last) { return last; });
  }

 private:
  std::atomic<int64_t> seconds_;
  Guarded<Last> last_;
};

struct Credential {
  std::string secret;
  std::string session_token;  // empty for a long-term key; else X-Amz-Security-Token must equal it
  Identity identity;
  std::shared_ptr<KeyUse> use;  // of a long-term key
};

// Thread-safe; asked on io threads once per signed request, so it must answer from memory.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // Null: no such key, or it is inactive or expired.
  virtual std::shared_ptr<const Credential> find(std::string_view access_key) = 0;
};

// Asked before every operation, over the wire or in-process, once its input is parsed and valid.
// Thread-safe; runs on io threads. Without one, every authenticated caller may do everything.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // An ApiError (AccessDeniedException, AccessDenied) refuses the call; the operation then never
  // runs.
  virtual ApiResult<void> authorize(const Call& call) = 0;
  // The same of another operation of its service, with another input: Call::may().
  virtual ApiResult<void> authorize_as(const Call& call, std::string_view operation,
                                       const json::Object& input) = 0;
};

}  // namespace dew::aws
