#include "services/dynamodb/number.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dew::dynamodb {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::array<Wide, 39> kPowersOfTen = [] {
  std::array<Wide, 39> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// 77 decimal digits, enough to add any two numbers whose digits are within reach of each other.
// Least significant digit first.
struct LongDecimal {
  static constexpr int kDigits = 2 * Number::kMaxDigits + 1;
  std::array<int8_t, kDigits> digits{};
};

constexpr uint8_t kNegativeTag = 0x01;
constexpr uint8_t kZeroTag = 0x02;
constexpr uint8_t kPositiveTag = 0x03;

}  // namespace

std::string message(NumberError error, std::string_view text) {
  switch (error) {
    case NumberError::kMalformed:
      if (text.empty()) return "The parameter cannot be converted to a numeric value";
      return fmt::format("The parameter cannot be converted to a numeric value: {}", text);
    case NumberError::kOverflow:
      return "Number overflow. Attempting to store a number with magnitude larger than supported "
             "range";
    case NumberError::kUnderflow:
      return "Number underflow. Attempting to store a number with magnitude smaller than supported "
             "range";
    case NumberError::kTooManyDigits:
      return "Attempting to store more than 38 significant digits in a Number";
  }
  return {};
}

std::expected<Number, NumberError> Number::normalized(Coefficient coefficient, int exponent,
                                                      bool negative) {
  Number out;
  if (coefficient == 0) return out;
  while (coefficient % 10 == 0) {
    coefficient /= 10;
    ++exponent;
  }
  out.coefficient_ = coefficient;
  out.exponent_ = exponent;
  out.negative_ = negative;
  const int leading = out.leading_exponent();
  if (leading > kMaxExponent) return std::unexpected(NumberError::kOverflow);
  if (leading < kMinExponent) return std::unexpected(NumberError::kUnderflow);
  if (out.digits() > kMaxDigits) return std::unexpected(NumberError::kTooManyDigits);
  return out;
}

std::expected<Number, NumberError> Number::parse(std::string_view text) {
  if (text.size() > kMaxTextBytes) return std::unexpected(NumberError::kMalformed);
  size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) negative = text[at++] == '-';

  Coefficient coefficient = 0;
  int exponent = 0;
  int significant = 0;  // digits since the first that is not zero
  int pending_zeros = 0;
  bool point = false;
  bool any_digit = false;
  bool too_many = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(text[at])) break;
    any_digit = true;
    if (point) --exponent;
    if (text[at] == '0') {  // zeros only count once another digit follows
      if (significant > 0) ++pending_zeros;
      continue;
    }
    significant += pending_zeros + 1;
    if (significant > kMaxDigits) {
      too_many = true;
      pending_zeros = 0;
      continue;
    }
    coefficient = coefficient * kPowersOfTen[static_cast<size_t>(pending_zeros + 1)] +
                  static_cast<Coefficient>(text[at] - '0');
    pending_zeros = 0;
  }
  if (!any_digit) return std::unexpected(NumberError::kMalformed);
  exponent += pending_zeros;

  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    bool negative_exponent = false;
    if (at < text.size() && (text[at] == '+' || text[at] == '-'))
      negative_exponent = text[at++] == '-';
    if (at == text.size()) return std::unexpected(NumberError::kMalformed);
    int written = 0;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      written = std::min(written * 10 + (text[at] - '0'), 100'000);
    }
    exponent += negative_exponent ? -written : written;
  }
  if (at != text.size()) return std::unexpected(NumberError::kMalformed);
  if (significant == 0) return Number();
  if (too_many) {
    // The leading digit's exponent decides first whether the magnitude is out of range.
    const int leading = exponent + significant - 1;
    if (leading > kMaxExponent) return std::unexpected(NumberError::kOverflow);
    if (leading < kMinExponent) return std::unexpected(NumberError::kUnderflow);
    return std::unexpected(NumberError::kTooManyDigits);
  }
  return normalized(coefficient, exponent, negative);
}

int Number::digits() const {
  const auto* end = std::upper_bound(kPowersOfTen.begin(), kPowersOfTen.end(), coefficient_);
  return std::max(1, static_cast<int>(end - kPowersOfTen.begin()));
}

int Number::leading_exponent() const { return is_zero() ? 0 : exponent_ + digits() - 1; }

int Number::digits_into(char* out) const {
  const int count = digits();
  Coefficient rest = coefficient_;
  for (int i = count - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  return count;
}

std::string Number::to_string() const {
  std::array<char, kMaxDigits + 2> digits_text{};
  const int count = digits_into(digits_text.data());
  const std::string_view digits_view(digits_text.data(), static_cast<size_t>(count));
  std::string out;
  if (negative_) out += '-';
  if (exponent_ >= 0) {
    out += digits_view;
    out.append(static_cast<size_t>(exponent_), '0');
  } else if (-exponent_ < count) {
    const auto whole = static_cast<size_t>(count + exponent_);
    out += digits_view.substr(0, whole);
    out += '.';
    out += digits_view.substr(whole);
  } else {
    out += "0.";
    out.append(static_cast<size_t>(-exponent_ - count), '0');
    out += digits_view;
  }
  return out;
}

size_t Number::stored_bytes() const {
  if (is_zero()) return 1;
  const int count = digits();
  const bool odd = leading_exponent() % 2 != 0;
  const int pairs = odd ? (count + 1) / 2 : count / 2 + 1;
  return static_cast<size_t>(1 + pairs + (negative_ ? 1 : 0));
}

std::expected<Number, NumberError> Number::plus(const Number& other) const {
  if (is_zero()) return other;
  if (other.is_zero()) return *this;
  const int low = std::min(exponent_, other.exponent_);
  const int high = std::max(leading_exponent(), other.leading_exponent());
  // Without a common position the exact sum has all digits between the two ends.
  if (high - low + 1 > LongDecimal::kDigits - 1)
    return std::unexpected(NumberError::kTooManyDigits);

  LongDecimal sum;
  const auto accumulate = [&](const Number& number) {
    std::array<char, kMaxDigits + 2> text{};
    const int count = number.digits_into(text.data());
    for (int i = 0; i < count; ++i) {
      const auto position = static_cast<size_t>(number.exponent_ - low + (count - 1 - i));
      const auto digit = static_cast<int8_t>(text[static_cast<size_t>(i)] - '0');
      sum.digits[position] =
          static_cast<int8_t>(sum.digits[position] + (number.negative_ ? -digit : digit));
    }
  };
  accumulate(*this);
  accumulate(other);

  int top = LongDecimal::kDigits - 1;
  while (top >= 0 && sum.digits[static_cast<size_t>(top)] == 0) --top;
  if (top < 0) return Number();
  const bool negative = sum.digits[static_cast<size_t>(top)] < 0;
  int carry = 0;
  for (auto& digit : sum.digits) {
    int value = (negative ? -digit : digit) + carry;
    carry = value < 0 ? -1 : value / 10;
    value -= carry * 10;
    digit = static_cast<int8_t>(value);
  }
  top = LongDecimal::kDigits - 1;
  while (sum.digits[static_cast<size_t>(top)] == 0) --top;
  int bottom = 0;
  while (sum.digits[static_cast<size_t>(bottom)] == 0) ++bottom;
  if (low + top > kMaxExponent) return std::unexpected(NumberError::kOverflow);
  if (top - bottom + 1 > kMaxDigits) return std::unexpected(NumberError::kTooManyDigits);
  Coefficient coefficient = 0;
  for (int i = top; i >= bottom; --i) {
    coefficient = coefficient * 10 + static_cast<Coefficient>(sum.digits[static_cast<size_t>(i)]);
  }
  return normalized(coefficient, low + bottom, negative);
}

std::expected<Number, NumberError> Number::minus(const Number& other) const {
  Number opposite = other;
  if (!opposite.is_zero()) opposite.negative_ = !opposite.negative_;
  return plus(opposite);
}

std::strong_ordering Number::operator<=>(const Number& other) const {
  const auto sign = [](const Number& number) {
    return number.is_zero() ? 0 : number.negative_ ? -1 : 1;
  };
  if (sign(*this) != sign(other)) return sign(*this) <=> sign(other);
  if (is_zero()) return std::strong_ordering::equal;
  std::strong_ordering magnitude = leading_exponent() <=> other.leading_exponent();
  if (magnitude == std::strong_ordering::equal) {
    // Same leading position: scale the shorter coefficient up; both stay below 10^38.
    const int mine = digits();
    const int theirs = other.digits();
    Coefficient a = coefficient_;
    Coefficient b = other.coefficient_;
    if (mine < theirs) a *= kPowersOfTen[static_cast<size_t>(theirs - mine)];
    if (theirs < mine) b *= kPowersOfTen[static_cast<size_t>(mine - theirs)];
    magnitude = a <=> b;
  }
  return negative_ ? 0 <=> magnitude : magnitude;
}

void Number::append_ordered(std::string& out) const {
  if (is_zero()) {
    out += static_cast<char>(kZeroTag);
    return;
  }
  const uint8_t flip = negative_ ? 0xff : 0x00;
  const auto put = [&](int byte) { out += static_cast<char>(static_cast<uint8_t>(byte) ^ flip); };
  out += static_cast<char>(negative_ ? kNegativeTag : kPositiveTag);
  put(leading_exponent() - kMinExponent);
  std::array<char, kMaxDigits + 2> text{};
  const int count = digits_into(text.data());
  for (int i = 0; i < count; i += 2) {
    const int tens = text[static_cast<size_t>(i)] - '0';
    const int ones = i + 1 < count ? text[static_cast<size_t>(i + 1)] - '0' : 0;
    put(tens * 10 + ones + 1);
  }
  put(0);
}

bool Number::read_ordered(std::string_view& bytes, Number& out) {
  if (bytes.empty()) return false;
  const auto tag = static_cast<uint8_t>(bytes[0]);
  bytes.remove_prefix(1);
  if (tag == kZeroTag) {
    out = Number();
    return true;
  }
  if (tag != kNegativeTag && tag != kPositiveTag) return false;
  const uint8_t flip = tag == kNegativeTag ? 0xff : 0x00;
  if (bytes.empty()) return false;
  const int leading = (static_cast<uint8_t>(bytes[0]) ^ flip) + kMinExponent;
  Coefficient coefficient = 0;
  int pairs = 0;
  int last = 0;
  size_t at = 1;
  for (;; ++at) {
    if (at >= bytes.size()) return false;
    const int pair = static_cast<uint8_t>(bytes[at]) ^ flip;
    if (pair == 0) break;
    if (pair > 100 || ++pairs > kMaxDigits / 2) return false;
    last = pair;
    coefficient = coefficient * 100 + static_cast<Coefficient>(pair - 1);
  }
  bytes.remove_prefix(at + 1);
  const auto number = normalized(coefficient, leading - (2 * pairs - 1), tag == kNegativeTag);
  // Only what append_ordered writes is accepted: a leading digit, and no pair 00 at the end.
  if (!number || last == 1 || number->is_zero() || number->leading_exponent() != leading)
    return false;
  out = *number;
  return true;
}

}  // namespace dew::dynamodb
