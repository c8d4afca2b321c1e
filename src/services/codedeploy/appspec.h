// AppSpec: which alias of which function a deployment moves from which version to which, and which
// functions validate it. YAML or JSON (which YAML includes).
// docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
// docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
//
// Pure and thread-safe. Limits: kMaxAppSpecBytes, kMaxAppSpecNodes, kMaxAppSpecDepth.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"

namespace dew::codedeploy {

inline constexpr size_t kMaxAppSpecBytes = 100 * 1024;
inline constexpr size_t kMaxAppSpecNodes = 1000;
inline constexpr size_t kMaxAppSpecDepth = 20;

struct AppSpec {
  std::string function;
  std::string alias;
  std::string current;  // versions
  std::string target;
  std::string before;  // BeforeAllowTraffic's function, empty: none
  std::string after;   // AfterAllowTraffic's

  bool operator==(const AppSpec&) const = default;
};

// The error says what is wrong with it, in a sentence.
Result<AppSpec> parse_appspec(std::string_view text);
// As JSON, which parse_appspec reads back.
std::string to_text(const AppSpec& spec);

}  // namespace dew::codedeploy
