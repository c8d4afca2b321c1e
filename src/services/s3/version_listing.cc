// ListObjectVersions, and what a client may know of one object (GetObjectAttributes).
// docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
#include <algorithm>

#include "base/encoding.h"
#include "services/s3/listing.h"
#include "services/s3/versions.h"

namespace dew::s3 {

namespace {

struct Entry {
  std::string key;
  json::Object record;
  bool newest = false;
};

struct Page {
  std::vector<Entry> entries;
  std::vector<std::string> prefixes;
  bool truncated = false;
  std::string last_key;
  std::string last_version;  // empty after a common prefix

  size_t size() const { return entries.size() + prefixes.size(); }
};

struct Marker {
  std::string key;
  std::string version;  // empty: everything of the key is done
};

// A key's versions, newest first; those up to the marker left out.
ApiResult<std::vector<Entry>> versions_of(const State& state, std::string_view bucket,
                                          const std::string& key, json::Object newest,
                                          const Marker& marker) {
  std::vector<Entry> out;
  out.push_back({key, std::move(newest), true});
  CHECK_OK(services::scan(state.context.store, version_prefix(bucket, key), {},
                          [&](std::string_view, json::Object record) {
                            out.push_back({key, std::move(record), false});
                            return true;
                          }));
  if (key != marker.key) return out;
  const auto at = std::ranges::find_if(
      out, [&](const Entry& entry) { return version_id(entry.record) == marker.version; });
  out.erase(out.begin(), at == out.end() ? out.end() : at + 1);
  return out;
}

ApiResult<Page> walk(const State& state, std::string_view bucket, const ListOptions& options,
                     const Marker& marker) {
  Page page;
  if (options.limit == 0) return page;
  auto begin = raw_prefix(bucket, options.prefix);
  const auto end = after_prefix(bucket, options.prefix);
  if (!marker.key.empty()) {
    const auto at = object_key(bucket, marker.key).str();
    // The key itself again, if some of its versions are left.
    begin = std::max(begin, marker.version.empty() ? at + '\0' : at);
  }
  const auto base = store::Key("s3").add("object").add(bucket).str().size();
  auto cursor = state.context.store.cursor(begin, end);
  while (cursor->valid()) {
    const auto key = store::KeyReader(cursor->key().substr(base)).text();
    if (!key)
      return std::unexpected(
          aws::ApiError(Error{ErrorKind::kInternal, "a stored object key is malformed"}));
    const auto cut = options.delimiter.empty()
                         ? std::string::npos
                         : key->find(options.delimiter, options.prefix.size());
    if (cut != std::string::npos) {
      auto group = key->substr(0, cut + options.delimiter.size());
      cursor = state.context.store.cursor(after_prefix(bucket, group), end);
      if (group == marker.key) continue;
      if (page.size() == options.limit) {
        page.truncated = true;
        break;
      }
      page.last_key = group;
      page.last_version.clear();
      page.prefixes.push_back(std::move(group));
      continue;
    }
    TRY(auto record, json::parse(cursor->value()));
    TRY(auto versions, versions_of(state, bucket, *key, std::move(record.as_object()), marker));
    for (auto& entry : versions) {
      if (page.size() == options.limit) {
        page.truncated = true;
        break;
      }
      page.last_key = *key;
      page.last_version = version_id(entry.record);
      page.entries.push_back(std::move(entry));
    }
    if (page.truncated) break;
    cursor->next();
  }
  CHECK_OK(cursor->status());
  return page;
}

ApiResult<json::Value> list_versions(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto name = json::string_or(bucket, "Name");
  TRY(const auto options, parse_options(call.input));
  const Marker marker{json::string_or(call.input, "KeyMarker"),
                      json::string_or(call.input, "VersionIdMarker")};
  if (marker.key.empty() && !marker.version.empty()) {
    return aws::fail("InvalidArgument",
                     "A version-id marker cannot be specified without a key marker.");
  }
  TRY(const auto page, walk(state, name, options, marker));
  json::Array versions;
  json::Array markers;
  for (const auto& entry : page.entries) {
    json::Object out;
    if (is_delete_marker(entry.record)) {
      out["Key"] = options.shown(entry.key);
      out["LastModified"] = entry.record.at("LastModified");
    } else {
      out = object_summary(options, entry.record);
    }
    out["VersionId"] = version_id(entry.record);
    out["IsLatest"] = entry.newest;
    out["Owner"] = owner(state);
    (is_delete_marker(entry.record) ? markers : versions).emplace_back(std::move(out));
  }
  json::Object out{{"Name", name},
                   {"Prefix", options.shown(options.prefix)},
                   {"MaxKeys", options.limit},
                   {"IsTruncated", page.truncated},
                   {"KeyMarker", options.shown(marker.key)},
                   {"VersionIdMarker", marker.version}};
  if (!options.delimiter.empty()) out["Delimiter"] = options.shown(options.delimiter);
  if (options.encode) out["EncodingType"] = "url";
  json::Array prefixes;
  for (const auto& prefix : page.prefixes)
    prefixes.emplace_back(json::Object{{"Prefix", options.shown(prefix)}});
  if (!versions.empty()) out["Versions"] = std::move(versions);
  if (!markers.empty()) out["DeleteMarkers"] = std::move(markers);
  if (!prefixes.empty()) out["CommonPrefixes"] = std::move(prefixes);
  if (page.truncated) {
    out["NextKeyMarker"] = options.shown(page.last_key);
    if (!page.last_version.empty()) out["NextVersionIdMarker"] = page.last_version;
  }
  return out;
}

// The parts that an object was uploaded in, a page of them.
json::Object part_page(const json::Object& input, const json::Array& sizes) {
  const auto limit =
      std::clamp<int64_t>(json::int_at(input, "MaxParts").value_or(static_cast<int64_t>(kPageKeys)),
                          0, static_cast<int64_t>(kPageKeys));
  const auto after =
      std::max<int64_t>(0, std::atoll(json::string_or(input, "PartNumberMarker", "0").c_str()));
  json::Array list;
  int64_t number = after;
  while (number < static_cast<int64_t>(sizes.size()) && static_cast<int64_t>(list.size()) < limit) {
    const auto& size = sizes[static_cast<size_t>(number)];
    list.emplace_back(json::Object{{"PartNumber", ++number}, {"Size", size}});
  }
  const bool truncated = number < static_cast<int64_t>(sizes.size());
  json::Object out{{"TotalPartsCount", sizes.size()},
                   {"MaxParts", limit},
                   {"IsTruncated", truncated},
                   {"PartNumberMarker", std::to_string(after)}};
  if (truncated) out["NextPartNumberMarker"] = std::to_string(number);
  if (!list.empty()) out["Parts"] = std::move(list);
  return out;
}

ApiResult<json::Value> get_attributes(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  TRY(const auto record, find_object(state, json::string_or(bucket, "Name"),
                                     json::string_or(call.input, "Key"), call));
  const auto* wanted = json::array_at(call.input, "ObjectAttributes");
  json::Object out{{"LastModified", record.at("LastModified")}};
  if (versioning_of(bucket) != Versioning::kNever) out["VersionId"] = version_id(record);
  for (const auto& entry : wanted == nullptr ? json::Array{} : *wanted) {
    const auto name = json::str(entry);
    if (name == "ETag") {
      auto etag = json::string_or(record, "ETag");
      std::erase(etag, '"');
      out["ETag"] = etag;
    } else if (name == "Checksum") {
      json::Object sums;
      if (const auto* stored = json::object_at(record, "Checksums")) sums = *stored;
      if (sums.empty()) continue;
      sums["ChecksumType"] = json::string_or(record, "ChecksumType", "FULL_OBJECT");
      out["Checksum"] = std::move(sums);
    } else if (name == "ObjectParts") {
      if (const auto* sizes = json::array_at(record, "PartSizes"))
        out["ObjectParts"] = part_page(call.input, *sizes);
    } else if (name == "StorageClass") {
      out["StorageClass"] = json::string_or(record, "StorageClass", "STANDARD");
    } else if (name == "ObjectSize") {
      out["ObjectSize"] = record.at("Size");
    } else {
      return aws::fail("InvalidArgument", "Invalid attribute name specified.");
    }
  }
  return out;
}

}  // namespace

void add_version_listing(const Add& add) {
  add("ListObjectVersions", list_versions);
  add("GetObjectAttributes", get_attributes);
}

}  // namespace dew::s3
