// Listings of objects: the newest version of each key that is not a delete marker.
#include "services/s3/listing.h"

#include <algorithm>

#include "base/encoding.h"
#include "services/s3/versions.h"

namespace dew::s3 {

namespace {

struct Page {
  json::Array contents;  // records
  std::vector<std::string> prefixes;
  bool truncated = false;
  std::string last;  // the last key or common prefix that the page holds
};

}  // namespace

// The bytes that every key of the bucket starting with `prefix` starts with in the store: the key
// codec ends a string with two bytes, which are taken off.
std::string raw_prefix(std::string_view bucket, std::string_view prefix) {
  auto bytes = object_key(bucket, prefix).str();
  bytes.resize(bytes.size() - 2);
  return bytes;
}

std::string after_prefix(std::string_view bucket, std::string_view prefix) {
  return store::Key().add_raw(raw_prefix(bucket, prefix)).prefix_end();
}

namespace {

// Keys in byte order after `after`; a key that holds the delimiter beyond the prefix counts once,
// as a common prefix, however many keys share it.
ApiResult<Page> walk(const State& state, std::string_view bucket, std::string_view prefix,
                     std::string_view delimiter, std::string_view after, size_t limit) {
  Page page;
  if (limit == 0) return page;
  auto begin = raw_prefix(bucket, prefix);
  const auto end = after_prefix(bucket, prefix);
  if (!after.empty()) {
    auto past = object_key(bucket, after).str() + '\0';
    if (!delimiter.empty() && after.starts_with(prefix)) {
      // A marker inside a common prefix, or a common prefix itself: all of that group is done.
      const auto cut = after.substr(prefix.size()).find(delimiter);
      if (cut != std::string_view::npos) {
        past = after_prefix(bucket, after.substr(0, prefix.size() + cut + delimiter.size()));
      }
    }
    begin = std::max(begin, past);
  }
  const auto base = store::Key("s3").add("object").add(bucket).str().size();
  auto cursor = state.context.store.cursor(begin, end);
  while (cursor->valid()) {
    const auto key = store::KeyReader(cursor->key().substr(base)).text();
    if (!key)
      return std::unexpected(
          aws::ApiError(Error{ErrorKind::kInternal, "a stored object key is malformed"}));
    TRY(auto record, json::parse(cursor->value()));
    // A key whose newest version is a delete marker is not there, nor does it make a common prefix.
    if (is_delete_marker(record.as_object())) {
      cursor->next();
      continue;
    }
    if (page.contents.size() + page.prefixes.size() == limit) {
      page.truncated = true;
      break;
    }
    const auto cut = delimiter.empty() ? std::string::npos : key->find(delimiter, prefix.size());
    if (cut != std::string::npos) {
      page.prefixes.push_back(key->substr(0, cut + delimiter.size()));
      page.last = page.prefixes.back();
      cursor = state.context.store.cursor(after_prefix(bucket, page.last), end);
      continue;
    }
    record.as_object()["Key"] = *key;
    page.contents.push_back(std::move(record));
    page.last = *key;
    cursor->next();
  }
  CHECK_OK(cursor->status());
  return page;
}

}  // namespace

std::string ListOptions::shown(std::string_view text) const {
  return encode ? url_encode(text, Slash::kKeep) : std::string(text);
}

ApiResult<ListOptions> parse_options(const json::Object& input) {
  ListOptions options;
  options.prefix = json::string_or(input, "Prefix");
  options.delimiter = json::string_or(input, "Delimiter");
  options.encode = json::string_or(input, "EncodingType") == "url";
  const auto limit = json::int_at(input, "MaxKeys").value_or(static_cast<int64_t>(kPageKeys));
  if (limit < 0) {
    return aws::fail("InvalidArgument",
                     "Argument maxKeys must be an integer between 0 and 2147483647");
  }
  options.limit = std::min(static_cast<size_t>(limit), kPageKeys);
  return options;
}

json::Object object_summary(const ListOptions& options, const json::Object& record) {
  json::Object out;
  out["Key"] = options.shown(json::string_or(record, "Key"));
  out["LastModified"] = record.at("LastModified");
  out["ETag"] = record.at("ETag");
  out["Size"] = record.at("Size");
  out["StorageClass"] = json::string_or(record, "StorageClass", "STANDARD");
  return out;
}

namespace {

// The members that every listing has in common.
json::Object common(const ListOptions& options, const Page& page, std::string_view bucket) {
  json::Object out;
  out["Name"] = bucket;
  out["Prefix"] = options.shown(options.prefix);
  if (!options.delimiter.empty()) out["Delimiter"] = options.shown(options.delimiter);
  out["MaxKeys"] = options.limit;
  out["IsTruncated"] = page.truncated;
  if (options.encode) out["EncodingType"] = "url";
  json::Array prefixes;
  for (const auto& prefix : page.prefixes) {
    prefixes.emplace_back(json::Object{{"Prefix", options.shown(prefix)}});
  }
  if (!prefixes.empty()) out["CommonPrefixes"] = std::move(prefixes);
  return out;
}

ApiResult<json::Value> list_v2(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto name = json::string_or(bucket, "Name");
  TRY(const auto options, parse_options(call.input));
  std::string after = json::string_or(call.input, "StartAfter");
  if (const auto token = json::string_at(call.input, "ContinuationToken")) {
    const auto decoded = base64_decode(*token);
    if (!decoded || decoded->empty()) {
      return aws::fail("InvalidArgument", "The continuation token provided is incorrect");
    }
    after = *decoded;
  }
  TRY(const auto page, walk(state, name, options.prefix, options.delimiter, after, options.limit));
  auto out = common(options, page, name);
  json::Array contents;
  for (const auto& record : page.contents) {
    auto entry = object_summary(options, record.as_object());
    if (json::bool_at(call.input, "FetchOwner").value_or(false)) entry["Owner"] = owner(state);
    contents.emplace_back(std::move(entry));
  }
  out["KeyCount"] = contents.size() + page.prefixes.size();
  if (!contents.empty()) out["Contents"] = std::move(contents);
  if (const auto token = json::string_at(call.input, "ContinuationToken"))
    out["ContinuationToken"] = *token;
  if (const auto start = json::string_at(call.input, "StartAfter"))
    out["StartAfter"] = options.shown(*start);
  if (page.truncated) out["NextContinuationToken"] = base64_encode(page.last);
  return out;
}

ApiResult<json::Value> list_v1(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto name = json::string_or(bucket, "Name");
  TRY(const auto options, parse_options(call.input));
  const auto marker = json::string_or(call.input, "Marker");
  TRY(const auto page, walk(state, name, options.prefix, options.delimiter, marker, options.limit));
  auto out = common(options, page, name);
  json::Array contents;
  for (const auto& record : page.contents) {
    auto entry = object_summary(options, record.as_object());
    entry["Owner"] = owner(state);
    contents.emplace_back(std::move(entry));
  }
  if (!contents.empty()) out["Contents"] = std::move(contents);
  out["Marker"] = options.shown(marker);
  // Given only with a delimiter; otherwise the last key serves, says the API reference.
  if (page.truncated && !options.delimiter.empty()) out["NextMarker"] = options.shown(page.last);
  return out;
}

}  // namespace

void add_listing_operations(const Add& add) {
  add("ListObjectsV2", list_v2);
  add("ListObjects", list_v1);
}

}  // namespace dew::s3
