// Objects: put, get, head, delete, tags.
#include <array>

#include "base/encoding.h"
#include "base/limits.h"
#include "services/s3/lifecycle.h"
#include "services/s3/put.h"
#include "services/s3/versions.h"

namespace dew::s3 {

namespace {

// A body that is replaced between the look-up and the read is looked up again.
constexpr int kReadAttempts = 4;
// More goes from the file to the socket without passing through memory.
constexpr uint64_t kInlineBytes = 64 * 1024;

ApiResult<json::Value> put_object(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  TRY(auto record, describe_upload(state, bucket, call.input));
  TRY(const auto body, receive(state, call));
  record["Key"] = json::string_or(call.input, "Key");
  record["Size"] = static_cast<int64_t>(body->size());
  record["ETag"] = '"' + hex_encode(body->md5()) + '"';
  record["Checksums"] = checksum_members(body->checksums());
  TRY(record["Body"], body->publish());
  CHECK_OK(put_record(state, call.input, record));
  auto out = upload_result(record);
  add_expiration(bucket, record, out);
  return out;
}

// The headers that describe an object, as GetObject and HeadObject give them.
json::Object describe(const json::Object& input, const json::Object& record) {
  json::Object out;
  static constexpr std::array<std::string_view, 10> kShown = {"ETag",
                                                              "LastModified",
                                                              "ContentType",
                                                              "CacheControl",
                                                              "ContentDisposition",
                                                              "ContentEncoding",
                                                              "ContentLanguage",
                                                              "Expires",
                                                              "Metadata",
                                                              "ServerSideEncryption"};
  for (const auto name : kShown) {
    if (const auto* value = json::find(record, name)) out[name] = *value;
  }
  if (const auto storage = json::string_or(record, "StorageClass", "STANDARD");
      storage != "STANDARD") {
    out["StorageClass"] = storage;
  }
  out["AcceptRanges"] = "bytes";
  if (json::string_or(input, "ChecksumMode") == "ENABLED" && !input.contains("Range")) {
    if (const auto* checksums = json::object_at(record, "Checksums")) {
      for (const auto& [name, value] : *checksums) out[name] = value;
      out["ChecksumType"] = json::string_or(record, "ChecksumType", "FULL_OBJECT");
    }
  }
  static constexpr std::array<std::string_view, 6> kOverrides = {
      "ContentType",     "CacheControl",    "ContentDisposition",
      "ContentEncoding", "ContentLanguage", "Expires"};
  for (const auto name : kOverrides) {
    if (const auto* value = json::find(input, fmt::format("Response{}", name))) out[name] = *value;
  }
  return out;
}

ApiResult<void> refuse_customer_keys(const json::Object& input) {
  for (const auto* member : {"SSECustomerAlgorithm", "SSECustomerKey"}) {
    if (input.contains(member)) return aws::fail(aws::ApiError::unsupported(member));
  }
  return {};
}

// The whole object, the range that is asked for, or one of the parts that it was uploaded in.
ApiResult<Range> choose_range(const json::Object& input, const json::Object& record,
                              json::Object& out) {
  const auto size = static_cast<uint64_t>(json::int_at(record, "Size").value_or(0));
  const auto part = json::int_at(input, "PartNumber");
  if (!part) return parse_range(json::string_or(input, "Range"), size);
  if (input.contains("Range")) {
    return aws::fail("InvalidRequest",
                     "Cannot specify both Range header and partNumber query parameter");
  }
  const auto* sizes = json::array_at(record, "PartSizes");
  const int64_t parts = sizes == nullptr ? 1 : static_cast<int64_t>(sizes->size());
  if (*part < 1 || *part > parts) {
    return aws::fail("InvalidPartNumber", "The requested partnumber is not satisfiable", 416);
  }
  if (sizes == nullptr) return Range{0, size, false};
  out["PartsCount"] = parts;
  Range range;
  for (int64_t i = 0; i < *part - 1; ++i)
    range.offset += static_cast<uint64_t>((*sizes)[static_cast<size_t>(i)].as_int64());
  range.length = static_cast<uint64_t>((*sizes)[static_cast<size_t>(*part - 1)].as_int64());
  range.partial = range.length > 0;
  return range;
}

// Into `out`, or in the answer's file where the bytes are many and there is a wire to send them on.
Result<void> attach_body(const State& state, Call& call, const json::Object& record,
                         const Range& range, json::Object& out) {
  const auto id = json::string_or(record, "Body");
  if (call.http != nullptr && range.length > kInlineBytes) {
    TRY(call.file, state.bodies->open(id, range.offset, range.length));
    return {};
  }
  if (range.length > limits::kServiceBodyBytes) {
    return fail(ErrorKind::kInvalid,
                fmt::format("the object of {} bytes is too large to be read into "
                            "memory",
                            range.length));
  }
  TRY(out["Body"], state.bodies->read(id, range.offset, range.length));
  return {};
}

ApiResult<json::Value> read_object(State& state, Call& call, bool with_body) {
  CHECK_OK(refuse_customer_keys(call.input));
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto name = json::string_or(bucket, "Name");
  for (int attempt = 0;; ++attempt) {
    TRY(const auto record, find_object(state, name, json::string_or(call.input, "Key"), call));
    TRY(const auto verdict, check_conditions(call.input, record));
    auto out = describe(call.input, record);
    if (!call.input.contains("VersionId")) add_expiration(bucket, record, out);
    if (versioning_of(bucket) != Versioning::kNever) out["VersionId"] = version_id(record);
    if (verdict == Verdict::kNotModified) {
      call.status = 304;
      json::Object unchanged{{"ETag", out["ETag"]}, {"LastModified", out["LastModified"]}};
      for (const auto* member : {"CacheControl", "VersionId"}) {
        if (const auto* value = json::find(out, member)) unchanged[member] = *value;
      }
      return unchanged;
    }
    const auto size = static_cast<uint64_t>(json::int_at(record, "Size").value_or(0));
    TRY(const auto range, choose_range(call.input, record, out));
    if (range.partial) {
      call.status = 206;
      const auto content =
          fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.length - 1, size);
      // The packaged model of HeadObject has no such member: a header says it for both.
      if (with_body) {
        out["ContentRange"] = content;
      } else {
        call.headers.set("Content-Range", content);
      }
    }
    out["ContentLength"] = range.length;
    if (const auto* tags = json::array_at(record, "Tags");
        with_body && tags != nullptr && !tags->empty()) {
      out["TagCount"] = tags->size();
    }
    if (!with_body) return out;
    const auto body = attach_body(state, call, record, range, out);
    if (body) return out;
    if (body.error().kind != ErrorKind::kNotFound || attempt + 1 == kReadAttempts) {
      return std::unexpected(aws::ApiError(body.error()));
    }
  }
}

ApiResult<json::Value> get_object(State& state, Call& call) {
  return read_object(state, call, true);
}
ApiResult<json::Value> head_object(State& state, Call& call) {
  return read_object(state, call, false);
}

ApiResult<json::Value> delete_object(State& state, Call& call) {
  std::lock_guard lock(state.mutex);
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto key = json::string_or(call.input, "Key");
  if (call.input.contains("IfMatch")) {
    TRY(const auto record, find_version(state, json::string_or(bucket, "Name"), key, call.input));
    CHECK_OK(check_conditions(call.input, record));
  }
  Change change;
  TRY(const auto deleted, delete_version(state, bucket, key, call.input, change));
  CHECK_OK(commit(state, change.batch, std::move(change.bodies)));
  json::Object out;
  if (deleted.version) out["VersionId"] = *deleted.version;
  if (deleted.marker) out["DeleteMarker"] = true;
  return out;
}

// "Each of the objects" is asked for by itself: one that is refused does not keep the others.
// docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
std::vector<ApiResult<void>> may_delete(const Call& call, const json::Array& objects) {
  std::vector<ApiResult<void>> out;
  out.reserve(objects.size());
  for (const auto& one : objects) {
    auto input = one.as_object();
    input["Bucket"] = json::string_or(call.input, "Bucket");
    out.push_back(call.may("DeleteObject", input));
  }
  return out;
}

ApiResult<json::Value> delete_objects(State& state, Call& call) {
  const auto* wanted = json::object_at(call.input, "Delete");
  const auto* objects = wanted == nullptr ? nullptr : json::array_at(*wanted, "Objects");
  if (objects == nullptr || objects->empty() || objects->size() > kPageKeys) {
    return aws::fail("MalformedXML",
                     "The XML you provided was not well-formed or did not validate against our "
                     "published schema");
  }
  CHECK_OK(load_bucket(state, call.input));
  auto verdicts = may_delete(call, *objects);
  std::lock_guard lock(state.mutex);
  TRY(const auto bucket, load_bucket(state, call.input));
  const bool quiet = json::bool_at(*wanted, "Quiet").value_or(false);
  json::Array deleted;
  json::Array errors;
  for (size_t i = 0; i < objects->size(); ++i) {
    const auto& input = (*objects)[i].as_object();
    const auto key = json::string_or(input, "Key");
    // Each in a commit of its own: the next one may speak of the same key.
    Change change;
    ApiResult<Deleted> done;
    if (verdicts[i]) {
      done = delete_version(state, bucket, key, input, change);
    } else {
      done = std::unexpected(std::move(verdicts[i]).error());
    }
    if (done) {
      if (auto kept = commit(state, change.batch, std::move(change.bodies)); !kept)
        done = std::unexpected(std::move(kept).error());
    }
    json::Object out{{"Key", key}};
    if (const auto* version = json::find(input, "VersionId")) out["VersionId"] = *version;
    if (!done) {
      out["Code"] = done.error().code;
      out["Message"] = done.error().message;
      errors.emplace_back(std::move(out));
      continue;
    }
    if (quiet) continue;
    if (done->marker) {
      out["DeleteMarker"] = true;
      out["DeleteMarkerVersionId"] = *done->version;
    }
    deleted.emplace_back(std::move(out));
  }
  json::Object out;
  if (!deleted.empty()) out["Deleted"] = std::move(deleted);
  if (!errors.empty()) out["Errors"] = std::move(errors);
  return out;
}

ApiResult<json::Value> change_tags(State& state, Call& call, json::Array tags) {
  CHECK_OK(check_tags(tags, kObjectTags));
  std::lock_guard lock(state.mutex);
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto name = json::string_or(bucket, "Name");
  const auto key = json::string_or(call.input, "Key");
  TRY(auto record, find_object(state, name, key, call));
  record["Tags"] = std::move(tags);
  store::Batch batch;
  services::save(batch, version_place(state, name, key, record), record);
  CHECK_OK(commit(state, batch));
  json::Object out;
  if (versioning_of(bucket) != Versioning::kNever) out["VersionId"] = version_id(record);
  return out;
}

ApiResult<json::Value> put_tagging(State& state, Call& call) {
  const auto* wanted = json::object_at(call.input, "Tagging");
  const auto* tags = wanted == nullptr ? nullptr : json::array_at(*wanted, "TagSet");
  return change_tags(state, call, tags == nullptr ? json::Array{} : *tags);
}

ApiResult<json::Value> get_tagging(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  TRY(const auto record, find_object(state, json::string_or(bucket, "Name"),
                                     json::string_or(call.input, "Key"), call));
  const auto* tags = json::array_at(record, "Tags");
  json::Object out{{"TagSet", tags == nullptr ? json::Array{} : *tags}};
  if (versioning_of(bucket) != Versioning::kNever) out["VersionId"] = version_id(record);
  return out;
}

ApiResult<json::Value> delete_tagging(State& state, Call& call) {
  return change_tags(state, call, {});
}

}  // namespace

void add_object_operations(const Add& add) {
  add("PutObject", put_object);
  add("GetObject", get_object);
  add("HeadObject", head_object);
  add("DeleteObject", delete_object);
  add("DeleteObjects", delete_objects);
  add("PutObjectTagging", put_tagging);
  add("GetObjectTagging", get_tagging);
  add("DeleteObjectTagging", delete_tagging);
}

}  // namespace dew::s3
