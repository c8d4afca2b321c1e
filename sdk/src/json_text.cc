#include "json_text.h"

#include <dew/json.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace dew {

Result<json::value> parse_json(std::string_view text, json::storage_ptr storage) {
  json::error_code ec;
  json::parse_options options;
  options.max_depth = json_text::kMaxJsonDepth;
  json::value value = json::parse(text, ec, std::move(storage), options);
  if (ec) return fail("MalformedJson", ec.message());
  return value;
}

namespace json_text {
namespace {

// Length of the valid UTF-8 sequence at `at` (RFC 3629), 0 when there is none.
size_t utf8_length(std::string_view text, size_t at) {
  auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : 0U;
  };
  auto tail = [&](size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned c = byte(at);
  if (c < 0x80) return 1;
  if (c >= 0xc2 && c <= 0xdf) return tail(at + 1) ? 2 : 0;
  if (c >= 0xe0 && c <= 0xef) {
    const unsigned d = byte(at + 1);
    if (!tail(at + 1) || !tail(at + 2) || (c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f))
      return 0;
    return 3;
  }
  if (c >= 0xf0 && c <= 0xf4) {
    const unsigned d = byte(at + 1);
    if (!tail(at + 1) || !tail(at + 2) || !tail(at + 3) || (c == 0xf0 && d < 0x90) ||
        (c == 0xf4 && d > 0x8f))
      return 0;
    return 4;
  }
  return 0;
}

constexpr std::array<bool, 256> plain_bytes() {
  std::array<bool, 256> table{};
  for (size_t i = 0x20; i < 0x80; ++i) table[i] = i != '"' && i != '\\';
  return table;
}
constexpr auto kPlain = plain_bytes();

// How many of the eight bytes at `text` come before the first that ends a run of a string's plain
// bytes: a quote, a backslash, a control character. Events are mostly strings, so they are passed
// eight bytes at a time.
size_t plain_run(const char* text) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  // A byte's high bit is set when it is 0 (or below 0x20); beyond the first such byte the borrow
  // may set others.
  const uint64_t ends = (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
                         ((word - kOnes * 0x20) & ~word)) &
                        kHighs;
  return static_cast<size_t>(std::countr_zero(ends)) / 8;
}

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
            static_cast<char>(0x80 | (code & 63))};
  } else {
    out += {static_cast<char>(0xf0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
            static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
  }
}

std::optional<uint32_t> hex4(std::string_view text, size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  uint32_t value = 0;
  const char* end = text.data() + at + 4;
  const auto [stop, ec] = std::from_chars(text.data() + at, end, value, 16);
  if (ec != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  size_t run = 0;
  size_t at = 0;
  while (at < text.size()) {
    const auto c = static_cast<uint8_t>(text[at]);
    if (kPlain[c]) {
      ++at;
      continue;
    }
    const size_t length = c >= 0x80 ? utf8_length(text, at) : 0;
    if (length > 0) {
      at += length;
      continue;
    }
    out.append(text.substr(run, at - run));
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c >= 0x80) {
          out += "\xef\xbf\xbd";
        } else {
          out += {'\\', 'u', '0', '0', kDigits[c >> 4], kDigits[c & 15]};
        }
    }
    run = ++at;
  }
  out.append(text.substr(run));
  out += '"';
}

void append_int(std::string& out, int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void Cursor::skip_space() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') break;
    ++at_;
  }
}

bool Cursor::eat(char c) {
  skip_space();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

std::optional<std::string_view> Cursor::string() {
  if (peek() != '"') return std::nullopt;
  const size_t begin = ++at_;
  while (at_ < text_.size()) {
    while (at_ + 8 <= text_.size()) {
      const size_t run = plain_run(text_.data() + at_);
      at_ += run;
      if (run < 8) break;
    }
    if (at_ == text_.size()) break;
    const auto c = static_cast<uint8_t>(text_[at_]);
    if (c == '"') return text_.substr(begin, at_++ - begin);
    if (c < 0x20) return std::nullopt;
    at_ += c == '\\' ? 2 : 1;
  }
  return std::nullopt;
}

std::optional<std::string_view> Cursor::value() {
  skip_space();
  const size_t begin = at_;
  if (!skip_value()) return std::nullopt;
  return text_.substr(begin, at_ - begin);
}

bool Cursor::skip_value() {
  const char c = peek();
  if (c == '"') return string().has_value();
  if (c == '{' || c == '[') return skip_container();
  const size_t begin = at_;
  while (at_ < text_.size()) {
    const char d = text_[at_];
    const bool scalar = (d >= '0' && d <= '9') || (d >= 'a' && d <= 'z') || d == '-' || d == '+' ||
                        d == '.' || d == 'E';
    if (!scalar) break;
    ++at_;
  }
  return at_ > begin;
}

// Iterative, so that hostile nesting costs no stack. Commas and colons inside are only required to
// be plausible: whoever wants the inside parses it.
bool Cursor::skip_container() {
  char stack[kMaxJsonDepth];
  int depth = 0;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '"') {
      if (!string()) return false;
      continue;
    }
    ++at_;
    if (c == '{' || c == '[') {
      if (depth == kMaxJsonDepth) return false;
      stack[depth++] = c == '{' ? '}' : ']';
    } else if (c == '}' || c == ']') {
      if (stack[--depth] != c) return false;
      if (depth == 0) return true;
    }
  }
  return false;
}

std::optional<std::string> unescape(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  size_t at = 0;
  while (at < raw.size()) {
    const size_t slash = raw.find('\\', at);
    out.append(raw.substr(at, slash == std::string_view::npos ? slash : slash - at));
    if (slash == std::string_view::npos) break;
    if (slash + 1 >= raw.size()) return std::nullopt;
    at = slash + 2;
    switch (raw[slash + 1]) {
      case '"':
        out += '"';
        break;
      case '\\':
        out += '\\';
        break;
      case '/':
        out += '/';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u': {
        auto code = hex4(raw, at);
        if (!code) return std::nullopt;
        at += 4;
        if (*code >= 0xdc00 && *code <= 0xdfff) return std::nullopt;
        if (*code >= 0xd800 && *code <= 0xdbff) {
          if (raw.substr(at, 2) != "\\u") return std::nullopt;
          const auto low = hex4(raw, at + 2);
          if (!low || *low < 0xdc00 || *low > 0xdfff) return std::nullopt;
          at += 6;
          code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
        }
        append_utf8(out, *code);
        break;
      }
      default:
        return std::nullopt;
    }
  }
  return out;
}

}  // namespace json_text
}  // namespace dew
