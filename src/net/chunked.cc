#include "net/chunked.h"

#include <algorithm>
#include <charconv>

namespace dew::net {

namespace {
constexpr ProtocolError kMalformed{400, "The chunked body is malformed"};
constexpr ProtocolError kTrailerTooLong{431, "The trailer is too large"};
constexpr ProtocolError kBodyTooLong{413, "Request body too large"};
}  // namespace

std::expected<bool, ProtocolError> ChunkedDecoder::take_line(std::string_view& in, size_t limit,
                                                             ProtocolError too_long) {
  if (line_whole_) {
    line_.clear();
    line_whole_ = false;
  }
  const size_t end = in.find('\n');
  const size_t take = end == std::string_view::npos ? in.size() : end + 1;
  if (line_.size() + take > limit) return std::unexpected(too_long);
  line_.append(in.substr(0, take));
  in.remove_prefix(take);
  if (end == std::string_view::npos) return false;
  if (line_.size() < 2 || line_[line_.size() - 2] != '\r') return std::unexpected(kMalformed);
  line_.resize(line_.size() - 2);
  line_whole_ = true;
  if (!is_field_value(line_)) return std::unexpected(kMalformed);
  return true;
}

std::expected<void, ProtocolError> ChunkedDecoder::read_size() {
  const size_t digits = std::min(line_.find_first_of("; \t"), line_.size());
  const auto [end, ec] = std::from_chars(line_.data(), line_.data() + digits, left_, 16);
  if (digits == 0 || digits > 13 || ec != std::errc{} || end != line_.data() + digits) {
    return std::unexpected(kMalformed);
  }
  // Only an extension may follow, white space before it allowed.
  const size_t next = line_.find_first_not_of(" \t", digits);
  if (next != std::string::npos && line_[next] != ';') return std::unexpected(kMalformed);
  return {};
}

std::expected<size_t, ProtocolError> ChunkedDecoder::feed(std::string_view in, std::string& body,
                                                          uint64_t limit) {
  const size_t size = in.size();
  while (state_ != State::kDone && !in.empty()) {
    switch (state_) {
      case State::kSize: {
        auto whole = take_line(in, kMaxChunkLineBytes, kMalformed);
        if (!whole) return std::unexpected(whole.error());
        if (!*whole) break;
        if (auto ok = read_size(); !ok) return std::unexpected(ok.error());
        if (left_ > limit || body.size() > limit - left_) return std::unexpected(kBodyTooLong);
        state_ = left_ == 0 ? State::kTrailer : State::kData;
        break;
      }
      case State::kData: {
        const size_t take = std::min<uint64_t>(left_, in.size());
        body.append(in.substr(0, take));
        in.remove_prefix(take);
        left_ -= take;
        if (left_ == 0) state_ = State::kDataEnd;
        break;
      }
      case State::kDataEnd: {
        auto whole = take_line(in, 2, kMalformed);
        if (!whole) return std::unexpected(whole.error());
        if (*whole) state_ = State::kSize;
        break;
      }
      case State::kTrailer: {
        auto whole = take_line(in, kMaxTrailerBytes - trailer_bytes_, kTrailerTooLong);
        if (!whole) return std::unexpected(whole.error());
        if (!*whole) break;
        trailer_bytes_ += line_.size() + 2;
        if (line_.empty()) {
          state_ = State::kDone;
        } else if (const size_t colon = line_.find(':');
                   !is_token(std::string_view(line_).substr(0, colon)) ||
                   colon == std::string::npos) {
          return std::unexpected(kMalformed);
        }
        break;
      }
      case State::kDone:
        break;
    }
  }
  return size - in.size();
}

}  // namespace dew::net
