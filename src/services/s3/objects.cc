// Objects: put, get, head, delete, copy, tags.
#include <array>

#include "base/encoding.h"
#include "services/s3/checksum.h"
#include "services/s3/state.h"

namespace dew::s3 {

namespace {

// A body that is replaced between the look-up and the read is looked up again.
constexpr int kReadAttempts = 4;

// Replaces the object's record, if its bucket still exists.
ApiResult<void> put_record(State& state, const json::Object& input, const json::Object& record) {
  std::lock_guard lock(state.mutex);
  TRY(const auto bucket, load_bucket(state, input));
  const auto key = object_key(json::string_or(bucket, "Name"), json::string_or(input, "Key"));
  TRY(const auto old, services::load(state.context.store, key));
  if (const auto none = json::string_at(input, "IfNoneMatch"); none && *none == "*" && old) {
    return aws::fail("PreconditionFailed",
                     "At least one of the pre-conditions you specified did not hold", 412);
  }
  std::vector<std::string> gone;
  if (old) gone.push_back(json::string_or(*old, "Body"));
  store::Batch batch;
  services::save(batch, key, record);
  return commit(state, batch, std::move(gone));
}

json::Object upload_result(const json::Object& record) {
  json::Object out;
  out["ETag"] = record.at("ETag");
  if (const auto* checksums = json::object_at(record, "Checksums")) {
    for (const auto& [name, value] : *checksums) out[name] = value;
  }
  if (const auto* encryption = json::find(record, "ServerSideEncryption")) {
    out["ServerSideEncryption"] = *encryption;
  }
  return out;
}

ApiResult<json::Value> put_object(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  TRY(auto record, describe_upload(state, bucket, call.input));
  json::Object checksums;
  TRY(const auto body, take_body(call, checksums));
  record["Key"] = json::string_or(call.input, "Key");
  record["Size"] = static_cast<int64_t>(body.size());
  record["ETag"] = '"' + hex_encode(md5(body)) + '"';
  if (!checksums.empty()) record["Checksums"] = std::move(checksums);
  TRY(const auto id, state.bodies->write(body));
  record["Body"] = id;
  if (auto put = put_record(state, call.input, record); !put) {
    state.bodies->remove(id);
    return std::unexpected(std::move(put).error());
  }
  return upload_result(record);
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

ApiResult<void> refuse_versions(const json::Object& input) {
  for (const auto* member : {"SSECustomerAlgorithm", "SSECustomerKey"}) {
    if (input.contains(member)) return aws::fail(aws::ApiError::unsupported(member));
  }
  if (const auto version = json::string_at(input, "VersionId"); version && *version != "null") {
    return aws::fail("NoSuchVersion", "The specified version does not exist.", 404);
  }
  return {};
}

ApiResult<json::Value> read_object(State& state, Call& call, bool with_body) {
  CHECK_OK(refuse_versions(call.input));
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto name = json::string_or(bucket, "Name");
  for (int attempt = 0;; ++attempt) {
    TRY(const auto record, load_object(state, name, json::string_or(call.input, "Key")));
    TRY(const auto verdict, check_conditions(call.input, record));
    auto out = describe(call.input, record);
    if (verdict == Verdict::kNotModified) {
      call.status = 304;
      json::Object unchanged{{"ETag", out["ETag"]}, {"LastModified", out["LastModified"]}};
      if (const auto* cache = json::find(out, "CacheControl")) unchanged["CacheControl"] = *cache;
      return unchanged;
    }
    const auto size = static_cast<uint64_t>(json::int_at(record, "Size").value_or(0));
    if (const auto part = json::int_at(call.input, "PartNumber"); part && *part != 1) {
      return aws::fail("InvalidPartNumber", "The requested partnumber is not satisfiable", 416);
    }
    TRY(const auto range, parse_range(json::string_or(call.input, "Range"), size));
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
    auto body = state.bodies->read(json::string_or(record, "Body"), range.offset, range.length);
    if (body) {
      out["Body"] = std::move(*body);
      return out;
    }
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

// Deleting what does not exist succeeds.
ApiResult<void> erase(State& state, std::string_view bucket, std::string_view key) {
  const auto name = object_key(bucket, key);
  TRY(const auto old, services::load(state.context.store, name));
  if (!old) return {};
  store::Batch batch;
  batch.erase(name);
  return commit(state, batch, {json::string_or(*old, "Body")});
}

ApiResult<json::Value> delete_object(State& state, Call& call) {
  CHECK_OK(refuse_versions(call.input));
  std::lock_guard lock(state.mutex);
  TRY(const auto bucket, load_bucket(state, call.input));
  CHECK_OK(erase(state, json::string_or(bucket, "Name"), json::string_or(call.input, "Key")));
  return json::Object{};
}

ApiResult<json::Value> delete_objects(State& state, Call& call) {
  const auto* wanted = json::object_at(call.input, "Delete");
  const auto* objects = wanted == nullptr ? nullptr : json::array_at(*wanted, "Objects");
  if (objects == nullptr || objects->empty() || objects->size() > kPageKeys) {
    return aws::fail("MalformedXML",
                     "The XML you provided was not well-formed or did not validate against our "
                     "published schema");
  }
  std::lock_guard lock(state.mutex);
  TRY(const auto bucket, load_bucket(state, call.input));
  const bool quiet = json::bool_at(*wanted, "Quiet").value_or(false);
  json::Array deleted;
  json::Array errors;
  for (const auto& entry : *objects) {
    const auto key = json::string_or(entry.as_object(), "Key");
    auto done = refuse_versions(entry.as_object());
    if (done) done = erase(state, json::string_or(bucket, "Name"), key);
    if (!done) {
      errors.emplace_back(json::Object{
          {"Key", key}, {"Code", done.error().code}, {"Message", done.error().message}});
    } else if (!quiet) {
      deleted.emplace_back(json::Object{{"Key", key}});
    }
  }
  json::Object out;
  if (!deleted.empty()) out["Deleted"] = std::move(deleted);
  if (!errors.empty()) out["Errors"] = std::move(errors);
  return out;
}

ApiResult<json::Value> copy_object(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  TRY(const auto source, parse_copy_source(json::string_or(call.input, "CopySource")));
  json::Object source_input{{"Bucket", source.bucket}};
  if (const auto* expected = json::find(call.input, "ExpectedSourceBucketOwner")) {
    source_input["ExpectedBucketOwner"] = *expected;
  }
  CHECK_OK(load_bucket(state, source_input));
  const bool replace = json::string_or(call.input, "MetadataDirective", "COPY") == "REPLACE";
  const bool retag = json::string_or(call.input, "TaggingDirective", "COPY") == "REPLACE";
  const auto key = json::string_or(call.input, "Key");
  const bool onto_itself = source.bucket == json::string_or(bucket, "Name") && source.key == key;
  if (onto_itself && !replace && !call.input.contains("StorageClass") &&
      !call.input.contains("ServerSideEncryption")) {
    return aws::fail("InvalidRequest",
                     "This copy request is illegal because it is trying to copy an object to "
                     "itself without changing the object's metadata, storage class, website "
                     "redirect location or encryption attributes.");
  }
  TRY(const auto from, load_object(state, source.bucket, source.key));
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
    if (const auto* tags = json::find(from, "Tags")) record["Tags"] = *tags;
  }
  record["Key"] = key;
  record["Size"] = from.at("Size");
  TRY(const auto id, state.bodies->link(json::string_or(from, "Body")));
  record["Body"] = id;
  // A copy is one part, whatever its source was.
  auto etag = json::string_or(from, "ETag");
  if (const auto* checksums = json::find(from, "Checksums")) record["Checksums"] = *checksums;
  const auto wanted = json::string_or(call.input, "ChecksumAlgorithm");
  if (etag.find('-') != std::string::npos || !wanted.empty()) {
    TRY(const auto body,
        state.bodies->read(id, 0, static_cast<uint64_t>(json::int_at(from, "Size").value_or(0))));
    etag = '"' + hex_encode(md5(body)) + '"';
    record.erase("Checksums");
    if (const auto sum = checksum(wanted, body)) {
      record["Checksums"] = json::Object{{"Checksum" + wanted, *sum}};
    }
  }
  record["ETag"] = etag;
  if (auto put = put_record(state, call.input, record); !put) {
    state.bodies->remove(id);
    return std::unexpected(std::move(put).error());
  }
  auto result = upload_result(record);
  json::Object out;
  if (const auto* encryption = json::find(result, "ServerSideEncryption")) {
    out["ServerSideEncryption"] = *encryption;
    result.erase("ServerSideEncryption");
  }
  result["LastModified"] = record["LastModified"];
  out["CopyObjectResult"] = std::move(result);
  return out;
}

ApiResult<json::Value> change_tags(State& state, const Call& call, json::Array tags) {
  CHECK_OK(refuse_versions(call.input));
  CHECK_OK(check_tags(tags, kObjectTags));
  std::lock_guard lock(state.mutex);
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto name = json::string_or(bucket, "Name");
  const auto key = json::string_or(call.input, "Key");
  TRY(auto record, load_object(state, name, key));
  record["Tags"] = std::move(tags);
  store::Batch batch;
  services::save(batch, object_key(name, key), record);
  CHECK_OK(commit(state, batch));
  return json::Object{};
}

ApiResult<json::Value> put_tagging(State& state, Call& call) {
  const auto* wanted = json::object_at(call.input, "Tagging");
  const auto* tags = wanted == nullptr ? nullptr : json::array_at(*wanted, "TagSet");
  return change_tags(state, call, tags == nullptr ? json::Array{} : *tags);
}

ApiResult<json::Value> get_tagging(State& state, Call& call) {
  CHECK_OK(refuse_versions(call.input));
  TRY(const auto bucket, load_bucket(state, call.input));
  TRY(const auto record,
      load_object(state, json::string_or(bucket, "Name"), json::string_or(call.input, "Key")));
  const auto* tags = json::array_at(record, "Tags");
  return json::Object{{"TagSet", tags == nullptr ? json::Array{} : *tags}};
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
  add("CopyObject", copy_object);
  add("PutObjectTagging", put_tagging);
  add("GetObjectTagging", get_tagging);
  add("DeleteObjectTagging", delete_tagging);
}

}  // namespace dew::s3
