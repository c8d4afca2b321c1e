// What the files of this folder share. Not for other folders.
//
// Records (JSON) in the store:
//   s3 bucket NAME              creation date, and the bucket's settings, each under its own member
//   s3 object BUCKET KEY        the newest version: size, ETag, headers, metadata, tags, checksums,
//   the
//                               body's id; or a delete marker
//   s3 version BUCKET KEY ~SEQ  older versions, newest first (versions.h)
//   s3 upload BUCKET KEY ID     a multipart upload: what its object will be given
//   s3 part ID NUMBER           one part: size, ETag, the body's id
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/guarded.h"
#include "policy/policy.h"
#include "services/context.h"
#include "services/records.h"
#include "services/s3/bodies.h"
#include "services/s3/body_writer.h"
#include "services/s3/cors.h"

namespace dew::s3 {

// docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html and qfacts.html
inline constexpr size_t kKeyBytes = 1024;
inline constexpr size_t kMetadataBytes = 2048;
inline constexpr size_t kObjectTags = 10;
inline constexpr size_t kBucketTags = 50;
inline constexpr size_t kBucketPolicyBytes = 20 * 1024;
inline constexpr int64_t kMinPartBytes = 5 * 1024 * 1024;
inline constexpr int64_t kMaxParts = 10'000;
inline constexpr size_t kPageKeys = 1000;

using aws::ApiResult;
using aws::Call;

// What is asked of a bucket before any of its operations runs.
struct BucketAccess {
  policy::PolicyPtr policy;               // compiled; null: it has none
  bool restricted = false;                // it is public, and the public access block restricts it
  std::shared_ptr<const CorsRules> cors;  // null: it has none
};

struct State {
  services::Context context;
  std::shared_ptr<Bodies> bodies;
  std::mutex mutex;  // held while records change
  // Of the buckets that have a policy or CORS rules; kept by access.h.
  Guarded<std::map<std::string, BucketAccess, std::less<>>> access;
  uint64_t sequence = 0;             // of the last version; with the mutex
  std::function<void()> sweep_soon;  // empty until the sweeps have started
};

store::Key bucket_key(std::string_view bucket);
store::Key object_key(std::string_view bucket, std::string_view key);
store::Key upload_key(std::string_view bucket, std::string_view key, std::string_view id);
store::Key part_prefix(std::string_view id);

// The bucket's record; NoSuchBucket, or AccessDenied where ExpectedBucketOwner is another account.
ApiResult<json::Object> load_bucket(const State& state, const json::Object& input);
// Commits, then removes the bodies that the commit let go, once it is durable.
ApiResult<void> commit(State& state, const store::Batch& batch,
                       std::vector<std::string> bodies = {});

std::unexpected<aws::ApiError> no_such_bucket(std::string_view bucket);
std::unexpected<aws::ApiError> no_such_key(std::string_view key);
// The same to whom may list the bucket; anybody else is not told: AccessDenied.
std::unexpected<aws::ApiError> missing_key(const Call& call, std::string_view bucket,
                                           std::string_view key);

json::Object owner(const State& state);

// The bytes of a PutObject or UploadPart, on disk and held against the Content-MD5 and checksums
// that came with them; not published yet. Checksums are those that the client named, or the
// default.
ApiResult<std::shared_ptr<BodyWriter>> receive(State& state, Call& call);
json::Object checksum_members(const std::map<std::string, std::string>& checksums);

// The record of a new object from the headers that PutObject and CreateMultipartUpload share;
// refuses the ones that are not honoured (ACLs other than the default, SSE-KMS, SSE-C, object lock,
// …).
ApiResult<json::Object> describe_upload(const State& state, const json::Object& bucket,
                                        const json::Object& input);
ApiResult<json::Array> parse_tagging_header(std::string_view header);
ApiResult<void> check_tags(const json::Array& tags, size_t limit);

// The source of CopyObject and UploadPartCopy: "bucket/key", "/bucket/key", percent-encoded, and
// ?versionId=….
struct Source {
  std::string bucket;
  std::string key;
  std::optional<std::string> version;

  json::Object input() const;  // as find_version reads it
};
ApiResult<Source> parse_copy_source(std::string_view header);

// If-Match and its kin. kNotModified only for reads.
enum class Verdict { kProceed, kNotModified };
ApiResult<Verdict> check_conditions(const json::Object& input, const json::Object& object,
                                    std::string_view prefix = "");

struct Range {
  uint64_t offset = 0;
  uint64_t length = 0;
  bool partial = false;
};
ApiResult<Range> parse_range(std::string_view header, uint64_t size);

using Operation = std::function<ApiResult<json::Value>(State&, Call&)>;
using Add = std::function<void(std::string, Operation)>;
void add_bucket_operations(const Add& add);
void add_access_operations(const Add& add);
void add_setting_operations(const Add& add);
void add_default_operations(const Add& add);
void add_rule_operations(const Add& add);
void add_lifecycle_operations(const Add& add);
void add_object_operations(const Add& add);
void add_copy_operations(const Add& add);
void add_listing_operations(const Add& add);
void add_multipart_operations(const Add& add);
void add_version_listing(const Add& add);
void add_upload_listings(const Add& add);

}  // namespace dew::s3
