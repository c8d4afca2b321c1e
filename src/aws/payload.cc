#include "aws/payload.h"

#include <algorithm>
#include <charconv>

#include "aws/authenticate.h"
#include "base/encoding.h"

namespace dew::aws {

namespace {

constexpr size_t kSha256Digits = 64;
constexpr size_t kShownBytes = 64;  // of what a client sent, in an error

bool is_checksum(std::string_view header) {
  constexpr std::string_view kPrefix = "x-amz-checksum-";
  return header.size() > kPrefix.size() && http::iequals(header.substr(0, kPrefix.size()), kPrefix);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `each` for every element of a comma-separated header.
template <class Each>
void elements(std::string_view list, Each each) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (const auto element = trim(list.substr(0, comma)); !element.empty()) each(element);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
}

bool names_aws_chunked(const http::Request& head) {
  bool out = false;
  elements(head.headers.get("content-encoding"),
           [&](std::string_view coding) { out |= coding == "aws-chunked"; });
  return out;
}

void take_coding_out(http::Request& head) {
  std::string kept;
  elements(head.headers.get("content-encoding"), [&](std::string_view coding) {
    if (coding != "aws-chunked") kept += (kept.empty() ? "" : ",") + std::string(coding);
  });
  if (kept.empty()) {
    head.headers.erase("content-encoding");
  } else {
    head.headers.set("content-encoding", kept);
  }
}

// The trailers are those that x-amz-trailer, a signed header, announces: no more and no fewer.
bool as_announced(const http::Request& head, const http::Headers& trailers) {
  size_t announced = 0;
  bool all = true;
  elements(head.headers.get("x-amz-trailer"), [&](std::string_view name) {
    ++announced;
    all &= trailers.has(name);
  });
  return all && announced == trailers.size();
}

}  // namespace

ApiResult<Payload> Payload::open(const http::Request& head, std::optional<ChunkSigning> signing) {
  Payload out;
  const auto hash = s3_payload_hash(head);
  const bool streaming = hash.starts_with("STREAMING-");
  if (hash.size() == kSha256Digits) {
    out.expected_ = hash;
    out.sha256_.emplace(DigestKind::kSha256);
  } else if (streaming || names_aws_chunked(head)) {
    const bool is_signed = hash == kStreamingSigned || hash == kStreamingSignedTrailer;
    if (!is_signed) signing.reset();
    out.chunks_.emplace(std::move(signing), hash != kStreamingSigned);
  }
  if (!out.chunks_) return out;
  const auto length = head.headers.get("x-amz-decoded-content-length");
  uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bytes);
  if (error == std::errc() && !length.empty() && end == length.data() + length.size()) {
    out.announced_ = bytes;
  } else if (streaming) {
    return fail("MissingContentLength", "You must provide the Content-Length HTTP header.", 411);
  }
  return out;
}

ApiResult<void> Payload::feed(std::string_view bytes, const Emit& emit) {
  if (chunks_) {
    return chunks_->feed(bytes, [&](std::string_view plain) -> ApiResult<void> {
      bytes_ += plain.size();
      if (announced_ && bytes_ > *announced_) {
        return fail("IncompleteBody",
                    "The request body is longer than x-amz-decoded-content-length says", 400);
      }
      return emit(plain);
    });
  }
  if (sha256_) sha256_->update(bytes);
  bytes_ += bytes.size();
  return emit(bytes);
}

ApiResult<void> Payload::finish(http::Request& head) {
  if (sha256_ && hex_encode(sha256_->finish()) != expected_) {
    return fail("XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                400);
  }
  if (!chunks_) return {};
  CHECK_OK(chunks_->finish());
  if (announced_ && bytes_ != *announced_) {
    return fail("IncompleteBody",
                "You did not provide the number of bytes specified by the "
                "x-amz-decoded-content-length HTTP header",
                400);
  }
  if (!as_announced(head, chunks_->trailers())) {
    return fail("MalformedTrailerError",
                "The trailers are not those that the x-amz-trailer header announces", 400);
  }
  for (const auto& trailer : chunks_->trailers()) {
    // A trailer becomes a header: it must not become one that says what is to be done.
    if (!is_checksum(trailer.name)) {
      return fail(ApiError::unsupported("the trailer " + trailer.name.substr(0, kShownBytes)));
    }
    head.headers.set(trailer.name, trailer.value);
  }
  take_coding_out(head);
  return {};
}

ApiResult<void> read_payload(http::Request& request, std::optional<ChunkSigning> signing) {
  TRY(auto payload, Payload::open(request, std::move(signing)));
  std::string plain;
  CHECK_OK(payload.feed(request.body, [&](std::string_view bytes) -> ApiResult<void> {
    if (payload.framed()) plain += bytes;
    return {};
  }));
  CHECK_OK(payload.finish(request));
  if (payload.framed()) request.body = std::move(plain);
  return {};
}

}  // namespace dew::aws
