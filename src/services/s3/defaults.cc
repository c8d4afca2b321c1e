// What AWS answers about features that a bucket was never given. Here they cannot be given (their
// Put operations are refused), so that is the answer for every bucket that exists; tools ask for it
// whenever they read a bucket.
#include "services/s3/state.h"

namespace dew::s3 {

namespace {

Operation answering(json::Object out) {
  return [out = std::move(out)](State& state, Call& call) -> ApiResult<json::Value> {
    CHECK_OK(load_bucket(state, call.input));
    return out;
  };
}

Operation absent(std::string code, std::string message) {
  return [code = std::move(code), message = std::move(message)](
             State& state, Call& call) -> ApiResult<json::Value> {
    TRY(const auto bucket, load_bucket(state, call.input));
    aws::ApiError error(code, message, 404);
    error.members["BucketName"] = json::string_or(bucket, "Name");
    return aws::fail(std::move(error));
  };
}

}  // namespace

void add_default_operations(const Add& add) {
  add("GetBucketAccelerateConfiguration", answering({}));
  add("GetBucketLogging", answering({}));
  add("GetBucketNotificationConfiguration", answering({}));
  add("GetBucketRequestPayment", answering({{"Payer", "BucketOwner"}}));
  add("GetBucketWebsite", absent("NoSuchWebsiteConfiguration",
                                 "The specified bucket does not have a website configuration"));
  add("GetBucketReplication", absent("ReplicationConfigurationNotFoundError",
                                     "The replication configuration was not found"));
  add("GetObjectLockConfiguration",
      absent("ObjectLockConfigurationNotFoundError",
             "Object Lock configuration does not exist for this bucket"));
}

}  // namespace dew::s3
