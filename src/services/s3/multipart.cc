// Multipart uploads. Parts are bodies of their own until the upload is completed.
// docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
#include <map>

#include "base/encoding.h"
#include "base/ids.h"
#include "services/s3/checksum.h"
#include "services/s3/state.h"

namespace dew::s3 {

namespace {

std::unexpected<aws::ApiError> no_such_upload() {
  return aws::fail("NoSuchUpload",
                   "The specified upload does not exist. The upload ID may be invalid, or the "
                   "upload may have been aborted or completed.",
                   404);
}

ApiResult<json::Object> load_upload(const State& state, const json::Object& input) {
  CHECK_OK(load_bucket(state, input));
  TRY(auto upload,
      services::load(state.context.store,
                     upload_key(json::string_or(input, "Bucket"), json::string_or(input, "Key"),
                                json::string_or(input, "UploadId"))));
  if (!upload) return no_such_upload();
  return std::move(*upload);
}

ApiResult<std::map<int64_t, json::Object>> load_parts(const State& state,
                                                      std::string_view upload_id) {
  std::map<int64_t, json::Object> parts;
  CHECK_OK(services::scan(state.context.store, part_prefix(upload_id), {},
                          [&](std::string_view, json::Object part) {
                            const auto number = json::int_at(part, "PartNumber").value_or(0);
                            parts.emplace(number, std::move(part));
                            return true;
                          }));
  return parts;
}

store::Key part_key(std::string_view upload_id, int64_t number) {
  return part_prefix(upload_id).add(static_cast<uint64_t>(number));
}

ApiResult<json::Value> create(State& state, Call& call) {
  std::lock_guard lock(state.mutex);
  TRY(const auto bucket, load_bucket(state, call.input));
  TRY(auto upload, describe_upload(state, bucket, call.input));
  const auto name = json::string_or(bucket, "Name");
  const auto key = json::string_or(call.input, "Key");
  const auto id = random_hex(64);
  upload["Key"] = key;
  upload["UploadId"] = id;
  upload["Initiated"] = state.context.clock.now_seconds();
  json::Object out{{"Bucket", name}, {"Key", key}, {"UploadId", id}};
  if (const auto* algorithm = json::find(call.input, "ChecksumAlgorithm")) {
    upload["ChecksumAlgorithm"] = *algorithm;
    out["ChecksumAlgorithm"] = *algorithm;
  }
  if (const auto* encryption = json::find(upload, "ServerSideEncryption")) {
    out["ServerSideEncryption"] = *encryption;
  }
  store::Batch batch;
  services::save(batch, upload_key(name, key, id), upload);
  CHECK_OK(commit(state, batch));
  return out;
}

// Stores one part's bytes; what was there under its number is replaced.
ApiResult<json::Object> store_part(State& state, const json::Object& input, std::string_view body,
                                   json::Object checksums) {
  const auto number = json::int_at(input, "PartNumber").value_or(0);
  if (number < 1 || number > kMaxParts) {
    return aws::fail("InvalidArgument",
                     "Part number must be an integer between 1 and 10000, inclusive");
  }
  const auto upload_id = json::string_or(input, "UploadId");
  json::Object part;
  part["PartNumber"] = number;
  part["Size"] = static_cast<int64_t>(body.size());
  part["ETag"] = '"' + hex_encode(md5(body)) + '"';
  part["LastModified"] = state.context.clock.now_seconds();
  part["Checksums"] = std::move(checksums);
  TRY(const auto id, state.bodies->write(body));
  part["Body"] = id;

  std::lock_guard lock(state.mutex);
  if (auto still = load_upload(state, input); !still) {
    state.bodies->remove(id);
    return std::unexpected(std::move(still).error());
  }
  TRY(const auto old, services::load(state.context.store, part_key(upload_id, number)));
  std::vector<std::string> gone;
  if (old) gone.push_back(json::string_or(*old, "Body"));
  store::Batch batch;
  services::save(batch, part_key(upload_id, number), part);
  CHECK_OK(commit(state, batch, std::move(gone)));
  return part;
}

ApiResult<json::Value> upload_part(State& state, Call& call) {
  TRY(const auto upload, load_upload(state, call.input));
  if (!call.input.contains("ChecksumAlgorithm")) {
    if (const auto* algorithm = json::find(upload, "ChecksumAlgorithm")) {
      call.input["ChecksumAlgorithm"] = *algorithm;
    }
  }
  json::Object checksums;
  TRY(const auto body, take_body(call, checksums));
  TRY(const auto part, store_part(state, call.input, body, checksums));
  json::Object out{{"ETag", part.at("ETag")}};
  for (const auto& [name, value] : checksums) out[name] = value;
  return out;
}

ApiResult<json::Value> upload_part_copy(State& state, Call& call) {
  CHECK_OK(load_upload(state, call.input));
  TRY(const auto source, parse_copy_source(json::string_or(call.input, "CopySource")));
  CHECK_OK(load_bucket(state, json::Object{{"Bucket", source.bucket}}));
  TRY(const auto from, load_object(state, source.bucket, source.key));
  CHECK_OK(check_conditions(call.input, from, "CopySource"));
  const auto size = static_cast<uint64_t>(json::int_at(from, "Size").value_or(0));
  TRY(const auto range, parse_range(json::string_or(call.input, "CopySourceRange"), size));
  TRY(const auto body,
      state.bodies->read(json::string_or(from, "Body"), range.offset, range.length));
  TRY(const auto part, store_part(state, call.input, body, {}));
  return json::Object{{"CopyPartResult", json::Object{{"ETag", part.at("ETag")},
                                                      {"LastModified", part.at("LastModified")}}}};
}

std::string unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

std::string raw_digest(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

// The parts that the client lists, checked, in order.
ApiResult<std::vector<json::Object>> choose_parts(const json::Object& input,
                                                  const std::map<int64_t, json::Object>& stored) {
  const auto* wanted = json::object_at(input, "MultipartUpload");
  const auto* list = wanted == nullptr ? nullptr : json::array_at(*wanted, "Parts");
  if (list == nullptr || list->empty()) {
    return aws::fail("MalformedXML",
                     "The XML you provided was not well-formed or did not validate against our "
                     "published schema");
  }
  std::vector<json::Object> parts;
  int64_t previous = 0;
  for (const auto& entry : *list) {
    const auto number = json::int_at(entry.as_object(), "PartNumber").value_or(0);
    if (number <= previous) {
      return aws::fail("InvalidPartOrder",
                       "The list of parts was not in ascending order. Parts must be ordered by "
                       "part number.");
    }
    previous = number;
    const auto it = stored.find(number);
    if (it == stored.end() || unquoted(json::string_or(it->second, "ETag")) !=
                                  unquoted(json::string_or(entry.as_object(), "ETag"))) {
      return aws::fail("InvalidPart",
                       "One or more of the specified parts could not be found.  The part may not "
                       "have been uploaded, or the specified entity tag may not match the part's "
                       "entity tag.");
    }
    parts.push_back(it->second);
  }
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (json::int_at(parts[i], "Size").value_or(0) < kMinPartBytes) {
      return aws::fail("EntityTooSmall",
                       "Your proposed upload is smaller than the minimum allowed size");
    }
  }
  return parts;
}

ApiResult<json::Value> complete(State& state, Call& call) {
  TRY(auto upload, load_upload(state, call.input));
  const auto upload_id = json::string_or(call.input, "UploadId");
  TRY(const auto stored, load_parts(state, upload_id));
  TRY(const auto parts, choose_parts(call.input, stored));

  std::vector<std::string> ids;
  std::string digests;
  std::string checksums;
  int64_t size = 0;
  const auto algorithm = json::string_or(upload, "ChecksumAlgorithm");
  for (const auto& part : parts) {
    ids.push_back(json::string_or(part, "Body"));
    digests += raw_digest(unquoted(json::string_or(part, "ETag")));
    size += json::int_at(part, "Size").value_or(0);
    const auto* sums = json::object_at(part, "Checksums");
    if (!algorithm.empty() && sums != nullptr) {
      checksums += base64_decode(json::string_or(*sums, "Checksum" + algorithm)).value_or("");
    }
  }
  TRY(const auto body, state.bodies->concatenate(ids));
  upload["Size"] = size;
  upload["ETag"] = fmt::format("\"{}-{}\"", hex_encode(md5(digests)), parts.size());
  upload["LastModified"] = state.context.clock.now_seconds();
  upload["Body"] = body;
  if (!algorithm.empty()) {
    // A checksum of the parts' checksums, as the user guide's "composite" type.
    upload["Checksums"] = json::Object{
        {"Checksum" + algorithm,
         fmt::format("{}-{}", checksum(algorithm, checksums).value_or(""), parts.size())}};
  }
  for (const auto* mine : {"UploadId", "Initiated", "ChecksumAlgorithm"}) upload.erase(mine);

  std::lock_guard lock(state.mutex);
  if (auto still = load_upload(state, call.input); !still) {
    state.bodies->remove(body);
    return std::unexpected(std::move(still).error());
  }
  const auto bucket = json::string_or(call.input, "Bucket");
  const auto key = json::string_or(call.input, "Key");
  store::Batch batch;
  std::vector<std::string> gone;
  TRY(const auto old, services::load(state.context.store, object_key(bucket, key)));
  if (old) gone.push_back(json::string_or(*old, "Body"));
  for (const auto& [number, part] : stored) {
    batch.erase(part_key(upload_id, number));
    gone.push_back(json::string_or(part, "Body"));
  }
  batch.erase(upload_key(bucket, key, upload_id));
  services::save(batch, object_key(bucket, key), upload);
  CHECK_OK(commit(state, batch, std::move(gone)));
  json::Object out{{"Location", fmt::format("{}/{}/{}", state.context.config.endpoint(), bucket,
                                            url_encode(key, Slash::kKeep))},
                   {"Bucket", bucket},
                   {"Key", key},
                   {"ETag", upload["ETag"]}};
  if (const auto* sums = json::object_at(upload, "Checksums")) {
    for (const auto& [name, value] : *sums) out[name] = value;
  }
  return out;
}

ApiResult<json::Value> abort_upload(State& state, Call& call) {
  std::lock_guard lock(state.mutex);
  CHECK_OK(load_upload(state, call.input));
  const auto upload_id = json::string_or(call.input, "UploadId");
  TRY(const auto stored, load_parts(state, upload_id));
  store::Batch batch;
  std::vector<std::string> gone;
  for (const auto& [number, part] : stored) {
    batch.erase(part_key(upload_id, number));
    gone.push_back(json::string_or(part, "Body"));
  }
  batch.erase(upload_key(json::string_or(call.input, "Bucket"), json::string_or(call.input, "Key"),
                         upload_id));
  CHECK_OK(commit(state, batch, std::move(gone)));
  return json::Object{};
}

ApiResult<json::Value> list_parts(State& state, Call& call) {
  TRY(const auto upload, load_upload(state, call.input));
  const auto upload_id = json::string_or(call.input, "UploadId");
  TRY(const auto stored, load_parts(state, upload_id));
  const auto limit = static_cast<size_t>(std::clamp<int64_t>(
      json::int_at(call.input, "MaxParts").value_or(static_cast<int64_t>(kPageKeys)), 1,
      static_cast<int64_t>(kPageKeys)));
  int64_t marker = 0;
  if (const auto* given = json::find(call.input, "PartNumberMarker")) {
    marker = given->is_string() ? std::atoll(given->as_string().c_str())
                                : json::int_at(call.input, "PartNumberMarker").value_or(0);
  }
  json::Array list;
  bool truncated = false;
  for (const auto& [number, part] : stored) {
    if (number <= marker) continue;
    if (list.size() == limit) {
      truncated = true;
      break;
    }
    list.emplace_back(json::Object{{"PartNumber", number},
                                   {"LastModified", part.at("LastModified")},
                                   {"ETag", part.at("ETag")},
                                   {"Size", part.at("Size")}});
  }
  json::Object out{{"Bucket", json::string_or(call.input, "Bucket")},
                   {"Key", json::string_or(call.input, "Key")},
                   {"UploadId", upload_id},
                   {"MaxParts", limit},
                   {"IsTruncated", truncated},
                   {"Owner", owner(state)},
                   {"StorageClass", json::string_or(upload, "StorageClass", "STANDARD")}};
  if (truncated) out["NextPartNumberMarker"] = list.back().at("PartNumber");
  if (!list.empty()) out["Parts"] = std::move(list);
  return out;
}

ApiResult<json::Value> list_uploads(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto name = json::string_or(bucket, "Name");
  for (const auto* member : {"Delimiter", "KeyMarker", "UploadIdMarker"}) {
    if (!json::string_or(call.input, member).empty()) {
      return aws::fail(
          aws::ApiError::unsupported(fmt::format("ListMultipartUploads with {}", member)));
    }
  }
  const auto prefix = json::string_or(call.input, "Prefix");
  json::Array list;
  CHECK_OK(
      services::scan(state.context.store, store::Key("s3").add("upload").add(name), {},
                     [&](std::string_view, const json::Object& upload) {
                       if (json::string_or(upload, "Key").starts_with(prefix)) {
                         list.emplace_back(json::Object{
                             {"UploadId", upload.at("UploadId")},
                             {"Key", upload.at("Key")},
                             {"Initiated", upload.at("Initiated")},
                             {"StorageClass", json::string_or(upload, "StorageClass", "STANDARD")},
                             {"Owner", owner(state)}});
                       }
                       return list.size() < kPageKeys;
                     }));
  json::Object out{
      {"Bucket", name}, {"Prefix", prefix}, {"MaxUploads", kPageKeys}, {"IsTruncated", false}};
  if (!list.empty()) out["Uploads"] = std::move(list);
  return out;
}

}  // namespace

void add_multipart_operations(const Add& add) {
  add("CreateMultipartUpload", create);
  add("UploadPart", upload_part);
  add("UploadPartCopy", upload_part_copy);
  add("CompleteMultipartUpload", complete);
  add("AbortMultipartUpload", abort_upload);
  add("ListParts", list_parts);
  add("ListMultipartUploads", list_uploads);
}

}  // namespace dew::s3
