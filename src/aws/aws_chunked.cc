#include "aws/aws_chunked.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace dew::aws {

namespace {

constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::unexpected<ApiError> incomplete() {
  return fail("IncompleteBody", "The request body terminated unexpectedly", 400);
}

std::unexpected<ApiError> malformed_trailer() {
  return fail("MalformedTrailerError",
              "The request contained trailing data that was not well-formed or did not conform to "
              "our published schema.",
              400);
}

std::unexpected<ApiError> mismatch() {
  return fail(
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check "
      "your key and signing method.",
      403);
}

// Of "SIZE" or "SIZE;chunk-signature=HEX[;…]".
std::string_view signature_of(std::string_view line) {
  constexpr std::string_view kName = "chunk-signature=";
  while (true) {
    const size_t mark = line.find(';');
    if (mark == std::string_view::npos) return {};
    line = trim(line.substr(mark + 1));
    if (line.starts_with(kName)) return line.substr(kName.size(), line.find(';') - kName.size());
  }
}

}  // namespace

ChunkedReader::ChunkedReader(std::optional<ChunkSigning> signing, bool trailers)
    : signing_(std::move(signing)), with_trailers_(trailers) {}

ApiResult<void> ChunkedReader::begin_chunk() {
  const std::string_view line = line_;
  const std::string_view digits = line.substr(0, line.find(';'));
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (error != std::errc() || digits.empty() || end != digits.data() + digits.size())
    return incomplete();
  signature_ = signature_of(line);
  line_.clear();
  if (signing_ && left_ > 0) {
    if (small_) {
      return fail("InvalidChunkSizeError",
                  fmt::format("Only the last chunk is allowed to have a size less than {} bytes",
                              kMinSignedChunkBytes),
                  403);
    }
    small_ = left_ < kMinSignedChunkBytes;
  }
  state_ = State::kData;
  if (left_ == 0) return end_chunk();
  return {};
}

ApiResult<void> ChunkedReader::end_chunk() {
  const bool last = state_ == State::kData;  // the empty one; others end in kDataEnd
  state_ = last ? State::kTrailers : State::kLine;
  if (!signing_) return {};
  const auto expected = sign_string(
      signing_->key, fmt::format("AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}\n{}",
                                 signing_->timestamp, signing_->scope, signing_->previous,
                                 hex_encode(sha256("")), hex_encode(chunk_.finish())));
  if (!constant_time_equal(expected, signature_)) return mismatch();
  signing_->previous = expected;
  return {};
}

ApiResult<void> ChunkedReader::feed(std::string_view framed, const Emit& emit) {
  while (!framed.empty()) {
    switch (state_) {
      case State::kLine: {
        const size_t end = framed.find('\n');
        line_ += framed.substr(0, end);
        framed = end == std::string_view::npos ? std::string_view{} : framed.substr(end + 1);
        if (line_.size() > kMaxChunkLineBytes) return incomplete();
        if (end == std::string_view::npos) break;
        if (!line_.ends_with('\r')) return incomplete();
        line_.pop_back();
        CHECK_OK(begin_chunk());
        break;
      }
      case State::kData: {
        const auto taken = framed.substr(0, std::min<uint64_t>(left_, framed.size()));
        framed.remove_prefix(taken.size());
        left_ -= taken.size();
        if (signing_) chunk_.update(taken);
        CHECK_OK(emit(taken));
        if (left_ == 0) state_ = State::kDataEnd;
        break;
      }
      case State::kDataEnd:
        line_ += framed.front();
        framed.remove_prefix(1);
        if (line_ == "\r") break;
        if (line_ != "\r\n") return incomplete();
        line_.clear();
        CHECK_OK(end_chunk());
        break;
      case State::kTrailers:
        if (line_.size() + framed.size() > kMaxTrailerBytes) return malformed_trailer();
        line_ += framed;
        return {};
    }
  }
  return {};
}

ApiResult<void> ChunkedReader::finish() {
  if (state_ != State::kTrailers) return incomplete();
  return read_trailers();
}

ApiResult<void> ChunkedReader::read_trailers() {
  std::string_view rest = line_;
  std::string canonical;
  std::string signature;
  while (!rest.empty()) {
    // Some clients end a trailer line with a bare LF, and the last one with nothing.
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !with_trailers_ || trailers_.size() >= kMaxTrailers)
      return malformed_trailer();
    const auto name = line.substr(0, colon);
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (http::iequals(name, kTrailerSignature)) {
      if (!signature.empty()) return malformed_trailer();
      signature = value;
      continue;
    }
    if (trailers_.has(name)) return malformed_trailer();
    for (const char c : name) canonical += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    canonical += fmt::format(":{}\n", value);
    trailers_.add(name, value);
  }
  if (!signing_ || !with_trailers_) return {};
  const auto expected =
      sign_string(signing_->key,
                  fmt::format("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{}", signing_->timestamp,
                              signing_->scope, signing_->previous, hex_encode(sha256(canonical))));
  if (!constant_time_equal(expected, signature)) return mismatch();
  return {};
}

}  // namespace dew::aws
