// What can be said of a policy document as it is written, without a request: where its statements
// stand, and which context keys it asks for. For the simulator's answers, not for evaluation.
//
// Pure functions, thread-safe. Documents have passed Policy::parse.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dew::policy {

// Lines and columns count from 1; a column is that of the character after the place.
struct Place {
  int line = 1;
  int column = 1;
};
// As the simulator gives it: a statement begins after what comes before it (the list's bracket, or
// the statement before it; its own brace where there is no list), and ends after its last brace.
struct Extent {
  Place begin;
  Place end;
};
// In the document's order; empty for one that cannot be read.
std::vector<Extent> statement_extents(std::string_view document);

// The keys of conditions and of policy variables, as they are written. kInvalid: no policy.
Result<std::set<std::string>> context_keys(std::string_view document);

}  // namespace dew::policy
