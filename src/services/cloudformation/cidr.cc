#include "services/cloudformation/cidr.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>

namespace dew::cloudformation {

namespace {

using Address = unsigned __int128;

constexpr int kMaxBlocks = 256;
constexpr size_t kLongestAddress = 64;

std::unexpected<aws::ApiError> error(std::string message) {
  return invalid("Template error: Fn::Cidr: " + std::move(message));
}

struct Block {
  int family = AF_INET;
  int width = 32;  // bits of an address
  int prefix = 0;
  Address first = 0;
};

std::optional<Block> parse_block(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash >= kLongestAddress) return std::nullopt;
  const std::string address(text.substr(0, slash));
  const auto length = text.substr(slash + 1);
  Block out;
  if (address.find(':') != std::string::npos) {
    out.family = AF_INET6;
    out.width = 128;
  }
  const auto* const end = length.data() + length.size();
  const auto [at, failed] = std::from_chars(length.data(), end, out.prefix);
  if (failed != std::errc{} || at != end || out.prefix < 0 || out.prefix > out.width)
    return std::nullopt;
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(out.family, address.c_str(), bytes.data()) != 1) return std::nullopt;
  for (int i = 0; i < out.width / 8; ++i) out.first = (out.first << 8U) | bytes[i];
  // The block's own first address, whatever host was written.
  const int hosts = out.width - out.prefix;
  out.first = hosts >= 128 ? 0 : (out.first >> unsigned(hosts)) << unsigned(hosts);
  return out;
}

std::string text_of(const Block& block, Address address, int prefix) {
  std::array<unsigned char, 16> bytes{};
  for (int i = block.width / 8; i-- > 0; address >>= 8U)
    bytes[i] = static_cast<unsigned char>(address & 0xffU);
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(block.family, bytes.data(), text.data(), text.size());
  return fmt::format("{}/{}", text.data(), prefix);
}

}  // namespace

ApiResult<json::Array> split_cidr(std::string_view block, int64_t count, int64_t bits) {
  const auto whole = parse_block(block);
  if (!whole) return error(fmt::format("'{}' is not a valid CIDR block", block));
  if (count < 1 || count > kMaxBlocks)
    return error(fmt::format("the count {} is not between 1 and 256", count));
  const int hosts = whole->width - whole->prefix;
  if (bits < 1 || bits > hosts) {
    return error(
        fmt::format("{} holds no block of {} subnet bits, only of 1 to {}", block, bits, hosts));
  }
  // 2^(hosts - bits) blocks; 256 are 2^8.
  const auto doublings = hosts - bits;
  if (doublings < 8 && count > (int64_t{1} << doublings)) {
    return error(fmt::format("{} holds only {} blocks of {} subnet bits, not {}", block,
                             int64_t{1} << doublings, bits, count));
  }
  json::Array out;
  auto next = whole->first;
  for (int64_t i = 0; i < count; ++i) {
    out.emplace_back(text_of(*whole, next, whole->width - static_cast<int>(bits)));
    if (bits < 128) next += Address{1} << unsigned(bits);
  }
  return out;
}

}  // namespace dew::cloudformation
