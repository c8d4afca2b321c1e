// The words of the filter expression language, for its parser and its printer. Internal to this
// folder; plain data.
#pragma once

#include <utility>

#include "services/xray/filter.h"

namespace dew::xray {

struct Word {
  std::string_view text;
  Keyword keyword;
};
inline constexpr Word kWords[] = {{"ok", Keyword::kOk},
                                  {"error", Keyword::kError},
                                  {"throttle", Keyword::kThrottle},
                                  {"fault", Keyword::kFault},
                                  {"partial", Keyword::kPartial},
                                  {"inferred", Keyword::kInferred},
                                  {"first", Keyword::kFirst},
                                  {"last", Keyword::kLast},
                                  {"remote", Keyword::kRemote},
                                  {"root", Keyword::kRoot},
                                  {"responsetime", Keyword::kResponseTime},
                                  {"duration", Keyword::kDuration},
                                  {"index", Keyword::kIndex},
                                  {"coverage", Keyword::kCoverage},
                                  {"http.status", Keyword::kHttpStatus},
                                  {"http.url", Keyword::kHttpUrl},
                                  {"http.method", Keyword::kHttpMethod},
                                  {"http.useragent", Keyword::kHttpUserAgent},
                                  {"http.clientip", Keyword::kHttpClientIp},
                                  {"user", Keyword::kUser},
                                  {"name", Keyword::kName},
                                  {"type", Keyword::kType},
                                  {"message", Keyword::kMessage},
                                  {"availabilityzone", Keyword::kAvailabilityZone},
                                  {"instance.id", Keyword::kInstanceId},
                                  {"resource.arn", Keyword::kResourceArn},
                                  {"group.name", Keyword::kGroupName},
                                  {"group.arn", Keyword::kGroupArn}};

struct Sign {
  std::string_view text;
  Comparison comparison;
};
// Longer ones before their beginnings.
inline constexpr Sign kSigns[] = {{"!=", Comparison::kNotEqual},     {"<=", Comparison::kLessEqual},
                                  {">=", Comparison::kGreaterEqual}, {"=", Comparison::kEqual},
                                  {"<", Comparison::kLess},          {">", Comparison::kGreater}};
inline constexpr Sign kVerbs[] = {{"CONTAINS", Comparison::kContains},
                                  {"BEGINSWITH", Comparison::kBeginsWith},
                                  {"ENDSWITH", Comparison::kEndsWith}};

inline constexpr std::pair<std::string_view, Filter::Cause> kCauses[] = {
    {"fault", Filter::Cause::kFault},
    {"error", Filter::Cause::kError},
    {"responsetime", Filter::Cause::kResponseTime}};
inline constexpr std::pair<std::string_view, Filter::Element> kElements[] = {
    {"service", Filter::Element::kService},
    {"entity", Filter::Element::kEntity},
    {"exception", Filter::Element::kException}};

enum class Type { kBoolean, kNumber, kString, kAny };

inline Type type_of(Keyword keyword) {
  if (keyword <= Keyword::kRoot) return Type::kBoolean;
  if (keyword <= Keyword::kHttpStatus) return Type::kNumber;
  return keyword == Keyword::kAnnotation ? Type::kAny : Type::kString;
}

// What only a root cause's list has; and what it has beside that.
inline bool is_of_list(Keyword keyword) {
  return keyword == Keyword::kFirst || keyword == Keyword::kLast || keyword == Keyword::kRemote ||
         keyword == Keyword::kIndex || keyword == Keyword::kCoverage;
}
inline bool is_of_cause(Keyword keyword) {
  return is_of_list(keyword) || keyword == Keyword::kInferred || keyword == Keyword::kName ||
         keyword == Keyword::kType || keyword == Keyword::kMessage;
}

inline bool is_group(Keyword keyword) {
  return keyword == Keyword::kGroupName || keyword == Keyword::kGroupArn;
}

}  // namespace dew::xray
