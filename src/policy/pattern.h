// Pattern: a string of a policy, compiled once: text, the wildcards * and ?, and policy variables.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
//
// Immutable, thread-safe. Matching takes time proportional to pattern times text at worst, and
// allocates only where the pattern has variables.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/context.h"

namespace dew::policy {

// kUnresolved: a variable has no value in the request.
enum class Match { kNo, kYes, kUnresolved };

class Pattern {
 public:
  enum class Case { kSensitive, kFolded };
  enum class Wildcards { kOn, kOff };
  enum class Variables { kOn, kOff };

  Pattern(std::string_view text, Wildcards wildcards, Variables variables,
          Case letters = Case::kSensitive);

  Match matches(std::string_view text, const Context& context) const;
  // An ARN is compared by its six parts, each of which a wildcard does not leave.
  // docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
  Match matches_arn(std::string_view arn, const Context& context) const;
  // Without variables; the text as it was written.
  const std::string& text() const { return text_; }

 private:
  struct Variable {
    size_t at = 0;  // in tokens_
    std::string key;
    std::optional<std::string> fallback;
  };
  enum class Form { kAny, kExact, kPrefix, kGlob, kTemplate };

  bool expand(const Context& context, std::u16string& out) const;

  std::string text_;
  // Bytes, and above them the wildcards.
  std::u16string tokens_;
  std::string literal_;  // of kExact and kPrefix
  std::vector<Variable> variables_;
  Form form_ = Form::kExact;
  Case letters_ = Case::kSensitive;
};

std::string lower(std::string_view text);

}  // namespace dew::policy
