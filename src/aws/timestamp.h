// The timestamp forms of AWS's protocols. Inside, a timestamp is seconds since the epoch (a double,
// good to microseconds for any date of this century). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dew::aws {

// 2014-04-29T18:30:38Z, with .123 only where there is a fraction or `always_ms`.
enum class Millis { kIfAny, kAlways };
std::string format_iso8601(double seconds, Millis millis = Millis::kIfAny);
// Tue, 29 Apr 2014 18:30:38 GMT
std::string format_rfc822(double seconds);
// 1398796238 or 1398796238.123
std::string format_unix(double seconds);

// With or without a fraction; Z or an offset; a date alone is midnight UTC.
std::optional<double> parse_iso8601(std::string_view text);
std::optional<double> parse_rfc822(std::string_view text);
std::optional<double> parse_unix(std::string_view text);
// Any of the three, as AWS's query services accept them.
std::optional<double> parse_timestamp(std::string_view text);

}  // namespace dew::aws
