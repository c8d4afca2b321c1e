// The small pieces of the stored bytes of metrics (docs/formats/cloudwatch.md): varints, doubles,
// weights. Reading bounds-checks everything: a damaged record is an error, never a crash.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dew::cloudwatch {

inline void put_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

inline std::optional<uint64_t> take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

inline void put_double(std::string& out, double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(bits >> shift & 0xff);
}

// Finite ones only.
inline std::optional<double> take_double(std::string_view& bytes) {
  if (bytes.size() < 8) return std::nullopt;
  uint64_t bits = 0;
  for (int i = 7; i >= 0; --i)
    bits = bits << 8 | static_cast<unsigned char>(bytes[static_cast<size_t>(i)]);
  bytes.remove_prefix(8);
  const auto value = std::bit_cast<double>(bits);
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

// Numbers that are mostly whole and small: twice the number, or 1 and the double.
inline void put_weight(std::string& out, double value) {
  constexpr double kWhole = 4503599627370496.0;  // 2^52
  if (value >= 0 && value < kWhole && value == std::floor(value) && !std::signbit(value)) {
    put_varint(out, static_cast<uint64_t>(value) << 1);
  } else {
    put_varint(out, 1);
    put_double(out, value);
  }
}

inline std::optional<double> take_weight(std::string_view& bytes) {
  const auto first = take_varint(bytes);
  if (!first) return std::nullopt;
  if (*first == 1) return take_double(bytes);
  if ((*first & 1) != 0) return std::nullopt;
  return static_cast<double>(*first >> 1);
}

}  // namespace dew::cloudwatch
