// CopyObject: the copy shares its source's bytes on disk, by a second name for the file.
#include "base/encoding.h"
#include "services/s3/checksum.h"
#include "services/s3/lifecycle.h"
#include "services/s3/put.h"

namespace dew::s3 {

namespace {

// A copy is one part, whatever its source was: its entity tag, and a checksum that is asked for,
// may have to be computed anew.
Result<void> digest_copy(const State& state, json::Object& record, std::string_view algorithm) {
  const auto size = static_cast<uint64_t>(json::int_at(record, "Size").value_or(0));
  Digest md5(DigestKind::kMd5);
  const auto* found = find_algorithm(algorithm);
  Digest sum(found->kind);
  CHECK_OK(state.bodies->each(json::string_or(record, "Body"), 0, size,
                              [&](std::string_view bytes) -> Result<void> {
                                md5.update(bytes);
                                sum.update(bytes);
                                return {};
                              }));
  record["ETag"] = '"' + hex_encode(md5.finish()) + '"';
  record["Checksums"] =
      json::Object{{fmt::format("Checksum{}", algorithm), base64_encode(sum.finish())}};
  record.erase("ChecksumType");
  return {};
}

ApiResult<json::Value> copy_object(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  TRY(const auto source, parse_copy_source(json::string_or(call.input, "CopySource")));
  auto source_input = source.input();
  if (const auto* expected = json::find(call.input, "ExpectedSourceBucketOwner")) {
    source_input["ExpectedBucketOwner"] = *expected;
  }
  TRY(const auto source_bucket, load_bucket(state, source_input));
  const bool replace = json::string_or(call.input, "MetadataDirective", "COPY") == "REPLACE";
  const bool retag = json::string_or(call.input, "TaggingDirective", "COPY") == "REPLACE";
  const auto key = json::string_or(call.input, "Key");
  const bool onto_itself = source.bucket == json::string_or(bucket, "Name") && source.key == key;
  if (onto_itself && !source.version && !replace && !call.input.contains("StorageClass") &&
      !call.input.contains("ServerSideEncryption")) {
    return aws::fail("InvalidRequest",
                     "This copy request is illegal because it is trying to copy an object to "
                     "itself without changing the object's metadata, storage class, website "
                     "redirect location or encryption attributes.");
  }
  TRY(const auto from, find_source(state, source, call));
  if (json::int_at(from, "Size").value_or(0) > static_cast<int64_t>(kMaxPutBytes)) {
    return aws::fail(
        "InvalidRequest",
        "The specified copy source is larger than the maximum allowable size for a copy "
        "source: 5368709120");
  }
  CHECK_OK(check_conditions(call.input, from, "CopySource"));
  TRY(auto record, describe_upload(state, bucket, call.input));
  if (!replace) {
    for (const auto* name : {"ContentType", "CacheControl", "ContentDisposition", "ContentEncoding",
                             "ContentLanguage", "Expires", "Metadata"}) {
      record.erase(name);
      if (const auto* value = json::find(from, name)) record[name] = *value;
    }
  }
  if (!retag) {
    record.erase("Tags");
    const auto* tags = json::array_at(from, "Tags");
    if (tags != nullptr && !tags->empty()) {
      CHECK_OK(call.may("GetObjectTagging", source.input()));
      CHECK_OK(call.may("PutObjectTagging", {{"Bucket", bucket.at("Name")}, {"Key", key}}));
      record["Tags"] = *tags;
    }
  }
  record["Key"] = key;
  record["Size"] = from.at("Size");
  TRY(record["Body"], state.bodies->link(json::string_or(from, "Body")));
  record["ETag"] = from.at("ETag");
  record["Checksums"] = json::Object{};
  if (const auto* sums = json::object_at(from, "Checksums")) record["Checksums"] = *sums;
  const auto asked = json::string_or(call.input, "ChecksumAlgorithm");
  const bool parts = from.contains("PartSizes");
  if (parts || !(asked.empty() ||
                 record["Checksums"].as_object().contains(fmt::format("Checksum{}", asked)))) {
    const auto algorithm = asked.empty() ? std::string(kDefaultAlgorithm) : asked;
    if (const auto done = digest_copy(state, record, algorithm); !done) {
      state.bodies->remove(json::string_or(record, "Body"));
      return std::unexpected(aws::ApiError(done.error()));
    }
  }
  // If-Match and If-None-Match of a copy are about its source: the ones about the target are not
  // in the packaged model.
  CHECK_OK(put_record(state, {{"Bucket", bucket.at("Name")}, {"Key", key}}, record));
  auto result = upload_result(record);
  json::Object out;
  if (const auto* encryption = json::find(result, "ServerSideEncryption")) {
    out["ServerSideEncryption"] = *encryption;
    result.erase("ServerSideEncryption");
  }
  if (const auto* version = json::find(result, "VersionId")) {
    out["VersionId"] = *version;
    result.erase("VersionId");
  }
  if (versioning_of(source_bucket) != Versioning::kNever)
    out["CopySourceVersionId"] = version_id(from);
  add_expiration(bucket, record, out);
  result["LastModified"] = record["LastModified"];
  out["CopyObjectResult"] = std::move(result);
  return out;
}

}  // namespace

void add_copy_operations(const Add& add) { add("CopyObject", copy_object); }

}  // namespace dew::s3
