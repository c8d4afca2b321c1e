#include <arpa/inet.h>

#include "services/apigateway/json_schema_node.h"

namespace dew::apigateway {

namespace {

// RFC 3339, section 5.6. A leap second is the last of a day in UTC.
bool is_date_time(std::string_view text) {
  static const RE2 kForm(
      R"((\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|([+-])(\d{2}):(\d{2})))");
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::string sign;
  std::string offset_hour;
  std::string offset_minute;
  if (!RE2::FullMatch(text, kForm, &year, &month, &day, &hour, &minute, &second, &sign,
                      &offset_hour, &offset_minute)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60 || offset_hour > "23" ||
      offset_minute > "59") {
    return false;
  }
  if (second < 60) return true;
  constexpr int kDay = 24 * 60;
  const int offset = sign.empty() ? 0 : std::stoi(offset_hour) * 60 + std::stoi(offset_minute);
  const int utc = hour * 60 + minute + (sign == "-" ? offset : -offset);
  return (utc + kDay) % kDay == kDay - 1;
}

bool is_email(std::string_view text) {
  static const RE2 kForm(
      R"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)");
  return RE2::FullMatch(text, kForm);
}

// RFC 1034, section 3.1
bool is_hostname(std::string_view text) {
  static const RE2 kForm(
      R"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*)");
  constexpr size_t kMaxNameBytes = 253;
  return text.size() <= kMaxNameBytes && RE2::FullMatch(text, kForm);
}

bool is_address(int family, std::string_view text) {
  in6_addr out{};
  return text.find('\0') == std::string_view::npos &&
         inet_pton(family, std::string(text).c_str(), &out) == 1;
}
bool is_ipv4(std::string_view text) { return is_address(AF_INET, text); }
bool is_ipv6(std::string_view text) { return is_address(AF_INET6, text); }

// RFC 3986, section 3 and appendix A.
bool is_uri(std::string_view text) {
  static const RE2 kForm(
      R"re([A-Za-z][A-Za-z0-9+.-]*:)re"
      R"re((?://(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*@)?)re"
      R"re((?:\[([^\[\]]*)\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::\d*)?)re"
      R"re((?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)*|)re"
      R"re(/?(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)*|/?))re"
      R"re((?:\?(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})|[/?])*)?)re"
      R"re((?:#(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})|[/?])*)?)re");
  std::string literal;
  if (!RE2::FullMatch(text, kForm, &literal)) return false;
  return literal.empty() || is_ipv6(literal) || literal.front() == 'v' || literal.front() == 'V';
}

}  // namespace

JsonSchema::Node::Check schema_format(std::string_view name) {
  static constexpr std::pair<std::string_view, JsonSchema::Node::Check> kKnown[] = {
      {"date-time", is_date_time}, {"email", is_email}, {"hostname", is_hostname},
      {"ipv4", is_ipv4},           {"ipv6", is_ipv6},   {"uri", is_uri},
  };
  for (const auto& [known, check] : kKnown) {
    if (known == name) return check;
  }
  return nullptr;
}

}  // namespace dew::apigateway
