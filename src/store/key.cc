#include "store/key.h"

namespace dew::store {

Key& Key::add(std::string_view text) {
  for (const char c : text) {
    bytes_ += c;
    if (c == '\0') bytes_ += '\xff';
  }
  bytes_ += '\0';
  bytes_ += '\x01';
  return *this;
}

Key& Key::add(uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes_ += static_cast<char>(number >> shift & 0xff);
  return *this;
}

std::string Key::prefix_end() const {
  std::string out = bytes_;
  while (!out.empty() && static_cast<unsigned char>(out.back()) == 0xff) out.pop_back();
  if (!out.empty()) out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
  return out;
}

std::optional<std::string> KeyReader::text() {
  std::string out;
  for (size_t i = 0; i + 1 < rest_.size(); ++i) {
    if (rest_[i] != '\0') {
      out += rest_[i];
    } else if (rest_[i + 1] == '\x01') {
      rest_.remove_prefix(i + 2);
      return out;
    } else if (rest_[i + 1] == '\xff') {
      out += '\0';
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> KeyReader::number() {
  if (rest_.size() < 8) return std::nullopt;
  uint64_t out = 0;
  for (int i = 0; i < 8; ++i)
    out = out << 8 | static_cast<unsigned char>(rest_[static_cast<size_t>(i)]);
  rest_.remove_prefix(8);
  return out;
}

}  // namespace dew::store
