// Number: DynamoDB's number, exact. Up to 38 significant decimal digits, magnitudes from 1E-130 to
// 9.99...E+125, and zero; never a binary floating point.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
//
// Invariants: the coefficient has no trailing zero; zero is {0, 0, false}; so equal numbers are
// equal member by member. Value semantics, no allocation.
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace dew::dynamodb {

enum class NumberError {
  kMalformed,      // not a decimal number
  kOverflow,       // magnitude of 1E+126 or more
  kUnderflow,      // not zero, but magnitude below 1E-130
  kTooManyDigits,  // more than 38 significant digits
};

// The message of AWS's ValidationException; `text` is what the client sent.
std::string message(NumberError error, std::string_view text);

class Number {
 public:
  static constexpr int kMaxDigits = 38;
  static constexpr int kMaxExponent = 125;       // of the leading digit
  static constexpr int kMinExponent = -130;      // of the leading digit
  static constexpr size_t kMaxTextBytes = 1024;  // of a number as sent; longer is malformed

  Number() = default;

  // [+-] digits [. digits] [e [+-] digits]; at least one digit; no white space.
  static std::expected<Number, NumberError> parse(std::string_view text);

  // Plain decimal notation without superfluous zeros, as DynamoDB returns numbers: "0", "-1.5",
  // "1000".
  std::string to_string() const;

  bool is_zero() const { return coefficient_ == 0; }
  bool negative() const { return negative_; }
  int digits() const;  // significant digits; 1 for zero
  int leading_exponent()
      const;  // of the first significant digit, as in scientific notation; 0 for zero

  // Bytes that the number takes in an item: one per two digits, aligned to even powers of ten, one
  // for the exponent, one more when negative.
  size_t stored_bytes() const;

  // The exact sum or difference. kTooManyDigits where more than 38 digits would be needed.
  std::expected<Number, NumberError> plus(const Number& other) const;
  std::expected<Number, NumberError> minus(const Number& other) const;

  // Self-delimiting bytes whose order is the order of the numbers: 22 bytes at most
  // (docs/formats/dynamodb-items.md).
  void append_ordered(std::string& out) const;
  // Reads them back and advances `bytes`; false when malformed.
  static bool read_ordered(std::string_view& bytes, Number& out);

  std::strong_ordering operator<=>(const Number& other) const;
  bool operator==(const Number& other) const = default;

 private:
  __extension__ using Coefficient = unsigned __int128;

  static std::expected<Number, NumberError> normalized(Coefficient coefficient, int exponent,
                                                       bool negative);
  // The digits, most significant first, into `out` (at least kMaxDigits); returns how many.
  int digits_into(char* out) const;

  Coefficient coefficient_ = 0;  // below 10^38
  int exponent_ = 0;             // value = coefficient * 10^exponent
  bool negative_ = false;
};

}  // namespace dew::dynamodb
