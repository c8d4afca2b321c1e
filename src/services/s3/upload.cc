// What arrives with an object: its bytes, its checksums, its headers; and which of them are
// refused.
#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "services/s3/access.h"
#include "services/s3/checksum.h"

namespace dew::s3 {

namespace {

// Headers that are kept and given back as they came.
constexpr std::array<std::string_view, 6> kKept = {"CacheControl",    "ContentDisposition",
                                                   "ContentEncoding", "ContentLanguage",
                                                   "Expires",         "StorageClass"};

constexpr std::array<std::string_view, 9> kRefused = {
    "SSECustomerAlgorithm",      "SSECustomerKey",
    "SSECustomerKeyMD5",         "SSEKMSKeyId",
    "SSEKMSEncryptionContext",   "ObjectLockMode",
    "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus",
    "WebsiteRedirectLocation"};

// "aws-chunked" names the framing and is not part of the object.
std::string stored_encoding(std::string_view header) {
  std::string out;
  while (!header.empty()) {
    const auto comma = header.find(',');
    auto item = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item.empty() || item == "aws-chunked") continue;
    out += (out.empty() ? "" : ",") + std::string(item);
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::unexpected<aws::ApiError> bad_checksum(std::string_view algorithm) {
  return aws::fail(
      "BadDigest",
      fmt::format("The {} you specified did not match the calculated checksum.", algorithm));
}

}  // namespace

ApiResult<std::shared_ptr<BodyWriter>> receive(State& state, Call& call) {
  std::shared_ptr<BodyWriter> out;
  if (call.body) {
    // Made by this folder (service.cc): what else streams here is ours as well.
    out = std::static_pointer_cast<BodyWriter>(std::move(call.body));
  } else {
    out = std::make_shared<BodyWriter>(state.bodies, wanted_algorithms(call.input));
    const auto* body = call.input.if_contains("Body");
    if (body != nullptr && body->is_string()) CHECK_OK(out->write(json::view(body->as_string())));
  }
  out->finish();
  if (const auto digest = json::string_at(call.input, "ContentMD5")) {
    const auto raw = base64_decode(*digest);
    if (!raw || raw->size() != 16) {
      return aws::fail("InvalidDigest", "The Content-MD5 you specified was invalid.");
    }
    if (*raw != out->md5()) {
      return aws::fail("BadDigest",
                       "The Content-MD5 you specified did not match what we received.");
    }
  }
  int sent_ones = 0;
  for (const auto& [algorithm, actual] : out->checksums()) {
    const auto sent = json::string_or(call.input, fmt::format("Checksum{}", algorithm));
    if (sent.empty()) continue;
    if (++sent_ones > 1) {
      return aws::fail("InvalidRequest",
                       "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                       "allowed.");
    }
    const auto raw = base64_decode(sent);
    if (!raw || raw->size() != base64_decode(actual).value_or("").size()) {
      return aws::fail(
          "InvalidRequest",
          fmt::format("Value for x-amz-checksum-{} header is invalid.", lower(algorithm)));
    }
    if (sent != actual) return bad_checksum(algorithm);
  }
  return out;
}

json::Object checksum_members(const std::map<std::string, std::string>& checksums) {
  json::Object out;
  for (const auto& [algorithm, value] : checksums)
    out[fmt::format("Checksum{}", algorithm)] = value;
  return out;
}

ApiResult<void> check_tags(const json::Array& tags, size_t limit) {
  if (tags.size() > limit) {
    return aws::fail("BadRequest", fmt::format("Object tags cannot be greater than {}", limit));
  }
  std::vector<std::string> seen;
  for (const auto& tag : tags) {
    const auto key = json::string_or(tag.as_object(), "Key");
    const auto value = json::string_or(tag.as_object(), "Value");
    if (key.empty() || key.size() > 128) {
      return aws::fail("InvalidTag", "The TagKey you have provided is invalid");
    }
    if (value.size() > 256)
      return aws::fail("InvalidTag", "The TagValue you have provided is invalid");
    if (std::ranges::find(seen, key) != seen.end()) {
      return aws::fail("InvalidTag", "Cannot provide multiple Tags with the same key");
    }
    seen.push_back(key);
  }
  return {};
}

ApiResult<json::Array> parse_tagging_header(std::string_view header) {
  json::Array tags;
  while (!header.empty()) {
    const auto end = header.find('&');
    const auto pair = header.substr(0, end);
    header = end == std::string_view::npos ? std::string_view() : header.substr(end + 1);
    const auto equals = pair.find('=');
    const auto key = url_decode(pair.substr(0, equals), Plus::kSpace);
    const auto value =
        url_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1),
                   Plus::kSpace);
    if (!key || !value) {
      return aws::fail("InvalidArgument",
                       "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL "
                       "query parameters without tag name duplicates.");
    }
    tags.emplace_back(json::Object{{"Key", *key}, {"Value", *value}});
  }
  CHECK_OK(check_tags(tags, kObjectTags));
  return tags;
}

ApiResult<json::Object> describe_upload(const State& state, const json::Object& bucket,
                                        const json::Object& input) {
  for (const auto name : kRefused) {
    if (input.contains(name)) {
      return aws::fail(aws::ApiError::unsupported(fmt::format("{} on objects", name)));
    }
  }
  CHECK_OK(check_acl(bucket, input));
  if (json::string_or(input, "Key").size() > kKeyBytes) {
    return aws::fail("KeyTooLongError", "Your key is too long");
  }
  json::Object record;
  record["LastModified"] = state.context.clock.now_seconds();
  record["ContentType"] = json::string_or(input, "ContentType", "binary/octet-stream");
  for (const auto name : kKept) {
    if (const auto* value = json::find(input, name)) record[name] = *value;
  }
  if (const auto encoding = json::string_at(record, "ContentEncoding")) {
    const auto stored = stored_encoding(*encoding);
    if (stored.empty()) {
      record.erase("ContentEncoding");
    } else {
      record["ContentEncoding"] = stored;
    }
  }
  if (const auto* metadata = json::object_at(input, "Metadata")) {
    size_t size = 0;
    for (const auto& [name, value] : *metadata)
      size += name.size() + json::view(value.as_string()).size();
    if (size > kMetadataBytes) {
      return aws::fail("MetadataTooLarge",
                       "Your metadata headers exceed the maximum allowed metadata size");
    }
    if (!metadata->empty()) record["Metadata"] = *metadata;
  }
  if (const auto tagging = json::string_at(input, "Tagging"); tagging && !tagging->empty()) {
    TRY(record["Tags"], parse_tagging_header(*tagging));
  }
  const auto encryption =
      json::string_or(input, "ServerSideEncryption", json::string_or(bucket, "DefaultEncryption"));
  if (!encryption.empty() && encryption != "AES256") {
    return aws::fail(aws::ApiError::unsupported("the server-side encryption '" + encryption + "'"));
  }
  if (!encryption.empty()) record["ServerSideEncryption"] = encryption;
  return record;
}

}  // namespace dew::s3
