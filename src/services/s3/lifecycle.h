// Lifecycle rules: which objects, versions and uploads they end, and when; and the sweep that does
// it.
// docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
// docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
//
// Days are counted as S3 counts them: from an object's creation on, rounded up to the next midnight
// UTC. S3 acts at some time after that; here the next sweep does.
#pragma once

#include "services/s3/state.h"

namespace dew::s3 {

// Checks a configuration's rules, and gives every rule an ID.
ApiResult<json::Array> check_lifecycle(const json::Array& rules);

// When the newest version of an object expires, by the rule that has it expire first.
struct Expiration {
  int64_t at_s = 0;  // since the epoch
  std::string rule_id;
};
std::optional<Expiration> expiration_of(const json::Object& bucket, const json::Object& object);
// As the header x-amz-expiration has it; empty for none.
std::string expiration_header(const json::Object& bucket, const json::Object& object);
// Into an answer about the object, where it expires.
void add_expiration(const json::Object& bucket, const json::Object& object, json::Object& out);

// Applies the rules of every bucket, as of the clock's now. On a worker: walks over every object of
// the buckets that have rules, and takes the lock for each change by itself.
// Ends early once `stopped` says so.
void apply_lifecycle(State& state, const std::function<bool()>& stopped);

void add_lifecycle_operations(const Add& add);

}  // namespace dew::s3
