// ListParts and ListMultipartUploads.
#include <algorithm>

#include "base/encoding.h"
#include "services/s3/multipart.h"

namespace dew::s3 {

namespace {

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
  const bool named = upload.contains("ChecksumAlgorithm");
  json::Array list;
  bool truncated = false;
  for (const auto& [number, part] : stored) {
    if (number <= marker) continue;
    if (list.size() == limit) {
      truncated = true;
      break;
    }
    json::Object entry{{"PartNumber", number},
                       {"LastModified", part.at("LastModified")},
                       {"ETag", part.at("ETag")},
                       {"Size", part.at("Size")}};
    if (const auto* sums = json::object_at(part, "Checksums"); sums != nullptr && named) {
      for (const auto& [name, value] : *sums) entry[name] = value;
    }
    list.emplace_back(std::move(entry));
  }
  json::Object out{{"Bucket", json::string_or(call.input, "Bucket")},
                   {"Key", json::string_or(call.input, "Key")},
                   {"UploadId", upload_id},
                   {"MaxParts", limit},
                   {"IsTruncated", truncated},
                   {"Owner", owner(state)},
                   {"StorageClass", json::string_or(upload, "StorageClass", "STANDARD")}};
  out["PartNumberMarker"] = marker;
  for (const auto* member : {"ChecksumAlgorithm", "ChecksumType"}) {
    if (const auto* value = json::find(upload, member)) out[member] = *value;
  }
  if (truncated) out["NextPartNumberMarker"] = list.back().at("PartNumber");
  if (!list.empty()) out["Parts"] = std::move(list);
  return out;
}

// In the order of keys, and of ids within one; keys that share what comes before the delimiter
// count as one common prefix.
ApiResult<json::Value> list_uploads(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto name = json::string_or(bucket, "Name");
  const auto prefix = json::string_or(call.input, "Prefix");
  const auto delimiter = json::string_or(call.input, "Delimiter");
  const auto key_marker = json::string_or(call.input, "KeyMarker");
  const auto id_marker = json::string_or(call.input, "UploadIdMarker");
  const bool encode = json::string_or(call.input, "EncodingType") == "url";
  const auto shown = [&](std::string_view text) {
    return encode ? url_encode(text, Slash::kKeep) : std::string(text);
  };
  const auto limit = static_cast<size_t>(std::clamp<int64_t>(
      json::int_at(call.input, "MaxUploads").value_or(static_cast<int64_t>(kPageKeys)), 0,
      static_cast<int64_t>(kPageKeys)));
  json::Array list;
  json::Array prefixes;
  std::string group;
  std::string last_key;
  std::string last_id;
  bool truncated = false;
  const auto visit = [&](std::string_view, const json::Object& upload) {
    const auto key = json::string_or(upload, "Key");
    const auto id = json::string_or(upload, "UploadId");
    if (!key.starts_with(prefix)) return true;
    // The id counts only together with its key.
    if (!key_marker.empty() && (key < key_marker || (key == key_marker && id <= id_marker)))
      return true;
    if (key == key_marker && id_marker.empty()) return true;
    const auto cut = delimiter.empty() ? std::string::npos : key.find(delimiter, prefix.size());
    const auto common =
        cut == std::string::npos ? std::string() : key.substr(0, cut + delimiter.size());
    if (!common.empty() && (common == group || common == key_marker)) return true;
    if (list.size() + prefixes.size() == limit) {
      truncated = true;
      return false;
    }
    last_key = common.empty() ? key : common;
    last_id = common.empty() ? id : "";
    if (!common.empty()) {
      group = common;
      prefixes.emplace_back(json::Object{{"Prefix", shown(common)}});
      return true;
    }
    json::Object entry{{"UploadId", id},
                       {"Key", shown(key)},
                       {"Initiated", upload.at("Initiated")},
                       {"StorageClass", json::string_or(upload, "StorageClass", "STANDARD")},
                       {"Owner", owner(state)},
                       {"Initiator", owner(state)}};
    for (const auto* member : {"ChecksumAlgorithm", "ChecksumType"}) {
      if (const auto* value = json::find(upload, member)) entry[member] = *value;
    }
    list.emplace_back(std::move(entry));
    return true;
  };
  CHECK_OK(
      services::scan(state.context.store, store::Key("s3").add("upload").add(name), {}, visit));
  json::Object out{{"Bucket", name},
                   {"Prefix", shown(prefix)},
                   {"KeyMarker", shown(key_marker)},
                   {"UploadIdMarker", id_marker},
                   {"MaxUploads", limit},
                   {"IsTruncated", truncated}};
  if (!delimiter.empty()) out["Delimiter"] = shown(delimiter);
  if (encode) out["EncodingType"] = "url";
  if (truncated) {
    out["NextKeyMarker"] = shown(last_key);
    out["NextUploadIdMarker"] = last_id;
  }
  if (!list.empty()) out["Uploads"] = std::move(list);
  if (!prefixes.empty()) out["CommonPrefixes"] = std::move(prefixes);
  return out;
}

}  // namespace

void add_upload_listings(const Add& add) {
  add("ListParts", list_parts);
  add("ListMultipartUploads", list_uploads);
}

}  // namespace dew::s3
