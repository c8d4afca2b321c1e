// Glob patterns as the Serverless Framework's package.patterns understands them (micromatch with
// dot files).
//
//   *  anything within one part of a path     **  any number of parts     ?  one character
//   [a-z] [!a-z]  a character class           {a,b} {1..9}  alternatives  \x  the character x
//
// Extended patterns !(x), +(x), @(x), ?(x), *(x) are refused with an error. Matching is bounded
// (kGlobSteps), so a hostile pattern cannot stall. Pure; thread-safe once made.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dew::serverless {

inline constexpr size_t kGlobSteps = 100'000;
inline constexpr size_t kGlobAlternatives = 1'000;
inline constexpr size_t kGlobBytes = 4'096;

class Glob {
 public:
  static Result<Glob> parse(std::string_view pattern);

  bool matches(std::string_view path) const;
  // Could a path below `directory` match? Errs on the side of yes.
  bool may_match_below(std::string_view directory) const;
  // Does it match every path below `directory`?
  bool covers(std::string_view directory) const;

 private:
  std::vector<std::string> alternatives_;  // braces expanded
};

}  // namespace dew::serverless
