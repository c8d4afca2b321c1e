// The filter expression language: which traces GetTraceSummaries and a group mean.
// docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
//
//   service("api.example.com") { fault AND responsetime > 2.5 } OR !annotation[tenant] = "a"
//
// AND binds closer than OR, ! closest; AND may be left out. Words and keywords in any case. At the
// top an expression is about the whole trace, in braces about one segment of the service, or one
// call over the edge. A keyword of text alone says that there is one.
//
// rootcause.fault.service { last and name = "Auth" } is about one element of a list: a service, an
// entity or an exception of the fault's, the error's or the response time's root causes, in the
// order from the root on; index counts from 0. rootcause.json = #[{…}] is about a whole cause: what
// the JSON has must be the same, what it lacks may be anything.
//
// Pure functions. Limits: kMaxFilterBytes, kMaxFilterDepth.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "services/xray/trace.h"

namespace dew::xray {

inline constexpr size_t kMaxFilterBytes = 4096;
inline constexpr int kMaxFilterDepth = 32;

enum class Keyword {
  // Boolean
  kOk,
  kError,
  kThrottle,
  kFault,
  kPartial,
  kInferred,
  kFirst,  // of a root cause's list, as the next two
  kLast,
  kRemote,
  kRoot,
  // Number
  kResponseTime,
  kDuration,
  kIndex,     // of a root cause's list
  kCoverage,  // of a response time's entity
  kHttpStatus,
  // String
  kHttpUrl,
  kHttpMethod,
  kHttpUserAgent,
  kHttpClientIp,
  kUser,
  kName,
  kType,
  kMessage,
  kAvailabilityZone,
  kInstanceId,
  kResourceArn,
  // Complex
  kAnnotation,
  kGroupName,
  kGroupArn,
};

enum class Comparison {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kContains,
  kBeginsWith,
  kEndsWith
};

using Literal = std::variant<bool, double, std::string>;

// id(name: "…", type: "…", account.id: "…"), or a name alone. Absent parts match anything.
struct NodeId {
  std::optional<std::string> name;
  std::optional<std::string> type;
  std::optional<std::string> account;

  bool operator==(const NodeId&) const = default;
};

struct Filter {
  enum class Kind {
    kAnd,  // of `children`
    kOr,
    kNot,        // of the one child
    kFlag,       // a keyword alone: a boolean one is true, an annotation or a text is there
    kCompare,    // keyword comparison literal
    kService,    // some segment of such a service, for which the child (if any) holds
    kEdge,       // some call from such a service to such another one, the same
    kCause,      // some element of a list of root causes, the same
    kCauseLike,  // some root cause is like (kNotEqual: none is) one of `pattern`
  };
  enum class Cause { kFault, kError, kResponseTime };
  enum class Element { kService, kEntity, kException };
  Kind kind = Kind::kAnd;
  std::vector<Filter> children;
  Keyword keyword = Keyword::kOk;
  Comparison comparison = Comparison::kEqual;
  std::string key;  // of an annotation
  Literal literal;
  std::optional<NodeId> source;  // of a service: the service
  std::optional<NodeId> target;
  Cause cause = Cause::kFault;
  Element element = Element::kService;
  json::Array pattern;  // of objects like the API's root causes

  bool operator==(const Filter&) const = default;
};

// The error is a sentence that says where.
std::expected<Filter, std::string> parse_filter(std::string_view text);
// Parses to the same filter.
std::string to_string(const Filter& filter);

// The filter of a group, by name or ARN; null: there is no such group.
using GroupFilter = std::function<const Filter*(Keyword by, std::string_view text)>;

bool matches(const Filter& filter, const Trace& trace, const GroupFilter& groups);

// The value of a keyword against another one.
bool compare(const Literal& value, Comparison comparison, const Literal& wanted);
// Of Kind::kCause or kCauseLike.
bool matches_cause(const Filter& filter, const Trace& trace);

// Whether an expression speaks of groups, which a group's own must not.
bool mentions_group(const Filter& filter);

}  // namespace dew::xray
