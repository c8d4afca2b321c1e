// What arrives with an object: its bytes, its checksums, its headers; and which of them are
// refused.
#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "services/s3/checksum.h"
#include "services/s3/state.h"

namespace dew::s3 {

namespace {

constexpr std::array<std::string_view, 4> kAlgorithms = {"CRC32", "CRC32C", "SHA1", "SHA256"};

// Headers that are kept and given back as they came.
constexpr std::array<std::string_view, 6> kKept = {"CacheControl",    "ContentDisposition",
                                                   "ContentEncoding", "ContentLanguage",
                                                   "Expires",         "StorageClass"};

constexpr std::array<std::string_view, 14> kRefused = {"SSECustomerAlgorithm",
                                                       "SSECustomerKey",
                                                       "SSECustomerKeyMD5",
                                                       "SSEKMSKeyId",
                                                       "SSEKMSEncryptionContext",
                                                       "ObjectLockMode",
                                                       "ObjectLockRetainUntilDate",
                                                       "ObjectLockLegalHoldStatus",
                                                       "WebsiteRedirectLocation",
                                                       "GrantFullControl",
                                                       "GrantRead",
                                                       "GrantReadACP",
                                                       "GrantWriteACP",
                                                       "GrantWrite"};

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

std::unexpected<aws::ApiError> bad_checksum(std::string_view algorithm) {
  return aws::fail(
      "BadDigest",
      fmt::format("The {} you specified did not match the calculated checksum.", algorithm));
}

}  // namespace

ApiResult<std::string> take_body(Call& call, json::Object& checksums) {
  auto* member = call.input.if_contains("Body");
  std::string body;
  if (member != nullptr && member->is_string()) body = std::string(json::view(member->as_string()));
  http::Headers trailers;
  if (call.http != nullptr &&
      call.http->headers.get("x-amz-content-sha256").starts_with("STREAMING-")) {
    auto decoded = decode_aws_chunked(body);
    if (!decoded) {
      return aws::fail("IncompleteBody",
                       "The request body terminated unexpectedly: " + decoded.error().message);
    }
    const auto length = call.http->headers.get("x-amz-decoded-content-length");
    if (!length.empty() && length != std::to_string(decoded->body.size())) {
      return aws::fail("IncompleteBody",
                       "You did not provide the number of bytes specified by the "
                       "x-amz-decoded-content-length HTTP header");
    }
    body = std::move(decoded->body);
    trailers = std::move(decoded->trailers);
  }
  if (const auto digest = json::string_at(call.input, "ContentMD5")) {
    const auto raw = base64_decode(*digest);
    if (!raw || raw->size() != 16) {
      return aws::fail("InvalidDigest", "The Content-MD5 you specified was invalid.");
    }
    if (*raw != md5(body)) {
      return aws::fail("BadDigest",
                       "The Content-MD5 you specified did not match what we received.");
    }
  }
  const auto wanted = json::string_or(call.input, "ChecksumAlgorithm");
  for (const auto algorithm : kAlgorithms) {
    const auto name = fmt::format("Checksum{}", algorithm);
    const auto header = fmt::format("x-amz-checksum-{}", algorithm);
    std::string sent = json::string_or(call.input, name);
    if (sent.empty() && trailers.has(header)) sent = trailers.get(header);
    if (sent.empty() && wanted != algorithm) continue;
    const auto actual = *checksum(algorithm, body);
    if (!sent.empty() && sent != actual) return bad_checksum(algorithm);
    checksums[name] = actual;
  }
  return body;
}

ApiResult<void> check_acl(const json::Object& input) {
  const auto acl = json::string_or(input, "ACL", "private");
  if (acl == "private" || acl == "bucket-owner-full-control" || acl == "bucket-owner-read")
    return {};
  return aws::fail(
      aws::ApiError::unsupported("the access control list '" + acl + "' (use a bucket policy)"));
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
  CHECK_OK(check_acl(input));
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
