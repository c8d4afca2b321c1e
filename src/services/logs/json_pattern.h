// Filter patterns for JSON events: { $.user.id = 1 && $.actions[0] = "GET" }.
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html, "Using filter
// patterns to match terms in JSON log events".
//
// Comparisons are of value nodes, strings and numbers: a field that is absent, null, a boolean, an
// object or an array satisfies none, != neither. An event that is not JSON matches nothing.
// Immutable, thread-safe. Matching parses the event into a buffer of the thread; nothing is
// allocated until that is full.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"
#include "services/logs/pattern_condition.h"
#include "services/logs/pattern_expression.h"

namespace dew::logs {

inline constexpr size_t kMaxSelectorWildcards = 1;  // of one property selector
inline constexpr size_t kMaxPatternWildcards = 3;   // selectors with wildcards, of one pattern

// $.a.b[0], $.a[*].b, $.*, $.['key.with.dots'].
class Selector {
 public:
  // At the $.
  static aws::ApiResult<Selector> read(PatternReader& in);
  // `text` is a selector and nothing else.
  static aws::ApiResult<Selector> parse(std::string_view text);

  bool has_wildcard() const { return wildcards_ > 0; }
  const std::string& text() const { return text_; }
  // Calls `visit` with each value selected until one call is true; whether one was.
  template <class Visit>
  bool any(const json::Value& root, Visit visit) const {
    return walk(root, 0, visit);
  }
  // The value node selected as text: strings, numbers, true and false. nullopt: there is none.
  std::optional<std::string> value(const json::Value& root) const;

 private:
  struct Step {
    enum class Kind { kKey, kIndex, kAnyKey, kAnyIndex } kind = Kind::kKey;
    std::string key;
    size_t index = 0;
  };
  static aws::ApiResult<Step> bracket(PatternReader& in);

  template <class Visit>
  bool walk(const json::Value& value, size_t depth, Visit& visit) const {
    if (depth == steps_.size()) return visit(value);
    const Step& step = steps_[depth];
    const auto* object = value.if_object();
    const auto* array = value.if_array();
    switch (step.kind) {
      case Step::Kind::kKey: {
        const auto* found = object != nullptr ? object->if_contains(step.key) : nullptr;
        return found != nullptr && walk(*found, depth + 1, visit);
      }
      case Step::Kind::kIndex:
        return array != nullptr && step.index < array->size() &&
               walk((*array)[step.index], depth + 1, visit);
      case Step::Kind::kAnyKey:
        if (object != nullptr)
          for (const auto& member : *object)
            if (walk(member.value(), depth + 1, visit)) return true;
        return false;
      case Step::Kind::kAnyIndex:
        if (array != nullptr)
          for (const auto& element : *array)
            if (walk(element, depth + 1, visit)) return true;
        return false;
    }
    return false;
  }

  std::vector<Step> steps_;
  size_t wildcards_ = 0;
  std::string text_;  // as it was written
};

class JsonPattern {
 public:
  // The whole pattern, in its braces.
  static aws::ApiResult<JsonPattern> parse(std::string_view text);

  bool matches(const json::Value& event) const;
  size_t regexes() const { return regexes_; }
  // What the pattern's selectors select of an event, by their text.
  json::Object extract(const json::Value& event) const;

 private:
  struct Test {
    enum class Kind { kCompare, kIsNull, kIsTrue, kIsFalse, kNotExists } kind = Kind::kCompare;
    Selector selector;
    Condition condition;
    bool holds(const json::Value& event) const;
  };
  static aws::ApiResult<Test> read_test(PatternReader& in, size_t& regexes, size_t& wildcards);

  PatternExpression<Test> tests_;
  size_t regexes_ = 0;
};

// Calls `use(const json::Value&)` with the event's JSON, if it is a JSON object or array.
template <class Use>
void with_json(std::string_view message, Use use) {
  const size_t begin = message.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || (message[begin] != '{' && message[begin] != '[')) return;
  constexpr size_t kBufferBytes = 16 * 1024;
  // Not in the thread's own block, which every thread pays for, touched or not, when it starts.
  thread_local const auto buffer = std::make_unique_for_overwrite<unsigned char[]>(kBufferBytes);
  json::Arena arena(buffer.get(), kBufferBytes);
  if (const auto value = json::parse(message, &arena)) use(*value);
}

}  // namespace dew::logs
