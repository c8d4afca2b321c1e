// Multipart uploads. Parts are bodies of their own until the upload is completed.
// docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
#include "services/s3/multipart.h"

#include <map>

#include "base/encoding.h"
#include "base/ids.h"
#include "services/s3/checksum.h"
#include "services/s3/lifecycle.h"
#include "services/s3/put.h"

namespace dew::s3 {

namespace {

std::unexpected<aws::ApiError> no_such_upload() {
  return aws::fail("NoSuchUpload",
                   "The specified upload does not exist. The upload ID may be invalid, or the "
                   "upload may have been aborted or completed.",
                   404);
}

}  // namespace

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

namespace {

store::Key part_key(std::string_view upload_id, int64_t number) {
  return part_prefix(upload_id).add(static_cast<uint64_t>(number));
}

// docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html, "Multipart upload
// checksums": which algorithm goes with which type.
ApiResult<std::string> checksum_type(const json::Object& input) {
  const auto algorithm = json::string_or(input, "ChecksumAlgorithm");
  const auto given = json::string_or(input, "ChecksumType");
  if (algorithm.empty()) {
    if (given.empty()) return std::string();
    return aws::fail("InvalidRequest",
                     "The x-amz-checksum-type header can only be used with the "
                     "x-amz-checksum-algorithm header.");
  }
  const bool sha = algorithm.starts_with("SHA");
  const bool whole_only = algorithm == "CRC64NVME";
  const auto type = !given.empty() ? given : whole_only ? "FULL_OBJECT" : "COMPOSITE";
  if ((sha && type == "FULL_OBJECT") || (whole_only && type == "COMPOSITE")) {
    return aws::fail("InvalidRequest",
                     fmt::format("The {} checksum type cannot be used with the {} checksum "
                                 "algorithm.",
                                 type, algorithm));
  }
  return std::string(type);
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
  TRY(const auto type, checksum_type(call.input));
  if (const auto* algorithm = json::find(call.input, "ChecksumAlgorithm")) {
    upload["ChecksumAlgorithm"] = *algorithm;
    upload["ChecksumType"] = type;
    out["ChecksumAlgorithm"] = *algorithm;
    out["ChecksumType"] = type;
  }
  if (const auto* encryption = json::find(upload, "ServerSideEncryption")) {
    out["ServerSideEncryption"] = *encryption;
  }
  store::Batch batch;
  services::save(batch, upload_key(name, key, id), upload);
  CHECK_OK(commit(state, batch));
  return out;
}

ApiResult<void> check_part_number(const json::Object& input) {
  const auto number = json::int_at(input, "PartNumber").value_or(0);
  if (number >= 1 && number <= kMaxParts) return {};
  return aws::fail("InvalidArgument",
                   "Part number must be an integer between 1 and 10000, inclusive");
}

// Keeps one part, whose bytes are on disk; what was there under its number is replaced.
ApiResult<json::Object> store_part(State& state, const json::Object& input, BodyWriter& body) {
  const auto number = json::int_at(input, "PartNumber").value_or(0);
  const auto upload_id = json::string_or(input, "UploadId");
  json::Object part;
  part["PartNumber"] = number;
  part["Size"] = static_cast<int64_t>(body.size());
  part["ETag"] = '"' + hex_encode(body.md5()) + '"';
  part["LastModified"] = state.context.clock.now_seconds();
  part["Checksums"] = checksum_members(body.checksums());
  TRY(const auto id, body.publish());
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
  CHECK_OK(check_part_number(call.input));
  const auto algorithm = json::string_or(upload, "ChecksumAlgorithm");
  if (!algorithm.empty() && !call.body && !call.input.contains("Checksum" + algorithm))
    call.input["ChecksumAlgorithm"] = algorithm;
  TRY(const auto body, receive(state, call));
  if (!algorithm.empty() && !body->checksums().contains(algorithm)) {
    return aws::fail("InvalidRequest",
                     fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, "
                                 "actual checksum Type: {}",
                                 algorithm, body->checksums().begin()->first));
  }
  TRY(const auto part, store_part(state, call.input, *body));
  auto out = checksum_members(body->checksums());
  out["ETag"] = part.at("ETag");
  return out;
}

ApiResult<json::Value> upload_part_copy(State& state, Call& call) {
  TRY(const auto upload, load_upload(state, call.input));
  CHECK_OK(check_part_number(call.input));
  TRY(const auto source, parse_copy_source(json::string_or(call.input, "CopySource")));
  const auto source_input = source.input();
  CHECK_OK(load_bucket(state, source_input));
  TRY(const auto from, find_source(state, source, call));
  CHECK_OK(check_conditions(call.input, from, "CopySource"));
  const auto size = static_cast<uint64_t>(json::int_at(from, "Size").value_or(0));
  TRY(const auto range, parse_range(json::string_or(call.input, "CopySourceRange"), size));
  const auto algorithm =
      json::string_or(upload, "ChecksumAlgorithm", std::string(kDefaultAlgorithm));
  BodyWriter body(state.bodies, {find_algorithm(algorithm)->name});
  CHECK_OK(state.bodies->each(json::string_or(from, "Body"), range.offset, range.length,
                              [&](std::string_view bytes) -> Result<void> {
                                auto written = body.write(bytes);
                                if (written) return {};
                                return fail(ErrorKind::kIo, written.error().message);
                              }));
  body.finish();
  TRY(const auto part, store_part(state, call.input, body));
  auto result = checksum_members(body.checksums());
  result["ETag"] = part.at("ETag");
  result["LastModified"] = part.at("LastModified");
  json::Object out{{"CopyPartResult", std::move(result)}};
  if (source.version) out["CopySourceVersionId"] = *source.version;
  return out;
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

std::unexpected<aws::ApiError> invalid_part() {
  return aws::fail("InvalidPart",
                   "One or more of the specified parts could not be found.  The part may not have "
                   "been uploaded, or the specified entity tag may not match the part's entity "
                   "tag.");
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
      return invalid_part();
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

// The object of the parts: its bytes one after the other, its entity tag and checksum made of
// theirs.
ApiResult<void> assemble(const State& state, const std::vector<json::Object>& parts,
                         json::Object& record) {
  const auto named = json::string_or(record, "ChecksumAlgorithm");
  const auto algorithm = named.empty() ? std::string(kDefaultAlgorithm) : named;
  const bool composite = json::string_or(record, "ChecksumType") == "COMPOSITE";
  Digest whole(find_algorithm(algorithm)->kind);
  BodyFile file(state.bodies);
  std::string digests;
  std::string checksums;
  json::Array sizes;
  int64_t size = 0;
  for (const auto& part : parts) {
    const auto bytes = json::int_at(part, "Size").value_or(0);
    sizes.emplace_back(bytes);
    size += bytes;
    digests += raw_digest(unquoted(json::string_or(part, "ETag")));
    if (const auto* sums = json::object_at(part, "Checksums"))
      checksums += base64_decode(json::string_or(*sums, "Checksum" + algorithm)).value_or("");
    const auto copied =
        state.bodies->each(json::string_or(part, "Body"), 0, static_cast<uint64_t>(bytes),
                           [&](std::string_view piece) -> Result<void> {
                             if (!composite) whole.update(piece);
                             return file.write(piece);
                           });
    if (copied) continue;
    // Replaced while the upload was being completed.
    if (copied.error().kind == ErrorKind::kNotFound) return invalid_part();
    return std::unexpected(aws::ApiError(copied.error()));
  }
  record["Size"] = size;
  record["PartSizes"] = std::move(sizes);
  record["ETag"] = fmt::format("\"{}-{}\"", hex_encode(md5(digests)), parts.size());
  record["ChecksumType"] = composite ? "COMPOSITE" : "FULL_OBJECT";
  record["Checksums"] = json::Object{
      {"Checksum" + algorithm,
       composite ? fmt::format("{}-{}", checksum(algorithm, checksums).value_or(""), parts.size())
                 : base64_encode(whole.finish())}};
  TRY(record["Body"], file.publish());
  return {};
}

// What the client says of the whole, if it does.
ApiResult<void> check_whole(const json::Object& input, const json::Object& record) {
  const auto size = json::int_at(record, "Size").value_or(0);
  if (const auto expected = json::int_at(input, "MpuObjectSize"); expected && *expected != size) {
    return aws::fail("InvalidRequest",
                     fmt::format("The provided 'x-amz-mp-object-size' header value {} does not "
                                 "match what was computed: {}",
                                 *expected, size));
  }
  for (const auto& [name, value] : record.at("Checksums").as_object()) {
    const auto sent = json::string_at(input, name);
    if (sent && *sent != json::view(value.as_string())) {
      return aws::fail("BadDigest", fmt::format("The {} you specified did not match the calculated "
                                                "checksum.",
                                                std::string_view(name)));
    }
  }
  return {};
}

ApiResult<json::Value> complete(State& state, Call& call) {
  TRY(auto record, load_upload(state, call.input));
  const auto upload_id = json::string_or(call.input, "UploadId");
  TRY(const auto stored, load_parts(state, upload_id));
  TRY(const auto parts, choose_parts(call.input, stored));
  CHECK_OK(assemble(state, parts, record));
  if (auto fine = check_whole(call.input, record); !fine) {
    state.bodies->remove(json::string_or(record, "Body"));
    return std::unexpected(std::move(fine).error());
  }
  record["LastModified"] = state.context.clock.now_seconds();
  for (const auto* mine : {"UploadId", "Initiated", "ChecksumAlgorithm"}) record.erase(mine);

  const auto bucket = json::string_or(call.input, "Bucket");
  const auto key = json::string_or(call.input, "Key");
  Change change;
  for (const auto& [number, part] : stored) {
    change.batch.erase(part_key(upload_id, number));
    change.bodies.push_back(json::string_or(part, "Body"));
  }
  change.batch.erase(upload_key(bucket, key, upload_id));
  CHECK_OK(put_record(state, call.input, record, std::move(change), UploadId::kMustExist));
  auto out = upload_result(record);
  if (const auto its = load_bucket(state, call.input)) add_expiration(*its, record, out);
  out["Location"] = fmt::format("{}/{}/{}", state.context.config.endpoint(), bucket,
                                url_encode(key, Slash::kKeep));
  out["Bucket"] = bucket;
  out["Key"] = key;
  return out;
}

}  // namespace

ApiResult<json::Value> abort_upload(State& state, const json::Object& input) {
  std::lock_guard lock(state.mutex);
  CHECK_OK(load_upload(state, input));
  const auto upload_id = json::string_or(input, "UploadId");
  TRY(const auto stored, load_parts(state, upload_id));
  store::Batch batch;
  std::vector<std::string> gone;
  for (const auto& [number, part] : stored) {
    batch.erase(part_key(upload_id, number));
    gone.push_back(json::string_or(part, "Body"));
  }
  batch.erase(
      upload_key(json::string_or(input, "Bucket"), json::string_or(input, "Key"), upload_id));
  CHECK_OK(commit(state, batch, std::move(gone)));
  return json::Object{};
}

void add_multipart_operations(const Add& add) {
  add("CreateMultipartUpload", create);
  add("UploadPart", upload_part);
  add("UploadPartCopy", upload_part_copy);
  add("CompleteMultipartUpload", complete);
  add("AbortMultipartUpload",
      [](State& state, Call& call) { return abort_upload(state, call.input); });
}

}  // namespace dew::s3
