#include "services/s3/put.h"

#include "services/s3/multipart.h"

namespace dew::s3 {

namespace {

// docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
ApiResult<void> check_write(const json::Object& input, const json::Object* newest) {
  const bool there = newest != nullptr && !is_delete_marker(*newest);
  if (const auto none = json::string_at(input, "IfNoneMatch")) {
    if (*none != "*") {
      return aws::fail(
          aws::ApiError::unsupported("If-None-Match with an entity tag on writes (only *)"));
    }
    if (there) {
      aws::ApiError error("PreconditionFailed",
                          "At least one of the pre-conditions you specified did not hold", 412);
      error.members["Condition"] = "If-None-Match";
      return aws::fail(std::move(error));
    }
  }
  const auto match = json::string_at(input, "IfMatch");
  if (!match) return {};
  if (!there) return no_such_key(json::string_or(input, "Key"));
  CHECK_OK(check_conditions(json::Object{{"IfMatch", *match}}, *newest));
  return {};
}

ApiResult<void> put_locked(State& state, const json::Object& input, json::Object& record,
                           Change& change) {
  TRY(const auto bucket, load_bucket(state, input));
  const auto key = json::string_or(input, "Key");
  TRY(const auto newest,
      services::load(state.context.store, object_key(json::string_or(bucket, "Name"), key)));
  CHECK_OK(check_write(input, newest ? &*newest : nullptr));
  CHECK_OK(add_version(state, bucket, key, record, change));
  if (versioning_of(bucket) == Versioning::kNever) record.erase("VersionId");
  return commit(state, change.batch, std::move(change.bodies));
}

}  // namespace

ApiResult<void> put_record(State& state, const json::Object& input, json::Object& record,
                           Change also, UploadId upload) {
  std::lock_guard lock(state.mutex);
  ApiResult<void> put;
  if (upload == UploadId::kMustExist) {
    if (auto there = load_upload(state, input); !there)
      put = std::unexpected(std::move(there).error());
  }
  if (put) put = put_locked(state, input, record, also);
  if (!put) state.bodies->remove(json::string_or(record, "Body"));
  return put;
}

json::Object upload_result(const json::Object& record) {
  json::Object out;
  out["ETag"] = record.at("ETag");
  if (const auto* checksums = json::object_at(record, "Checksums")) {
    for (const auto& [name, value] : *checksums) out[name] = value;
    if (!checksums->empty())
      out["ChecksumType"] = json::string_or(record, "ChecksumType", "FULL_OBJECT");
  }
  for (const auto* member : {"ServerSideEncryption", "VersionId"}) {
    if (const auto* value = json::find(record, member)) out[member] = *value;
  }
  return out;
}

}  // namespace dew::s3
