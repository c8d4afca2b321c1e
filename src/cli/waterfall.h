// Waterfall: a trace as `dew traces ID` draws it: one line per piece of work, below what it was
// part of, with a bar for when it happened.
//
// Reads the segment documents that X-Ray's BatchGetTraces gives. Inferred segments are left out:
// the call that they were inferred from has a line already. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "json/json.h"

namespace dew::cli {

struct Work {
  std::string id;
  std::string name;
  std::string kind;  // the segment's origin, or a call's operation; may be empty
  double start = 0;  // seconds since the epoch
  double end = 0;
  double own = 0;  // seconds that no work below it covers
  int status = 0;  // of HTTP; 0: none
  bool segment = false;
  bool in_progress = false;
  bool error = false;
  bool fault = false;
  bool throttle = false;
  int depth = 0;
  bool last = false;  // of its siblings
};

struct Waterfall {
  double start = 0;
  double end = 0;
  std::vector<Work> work;  // a piece of work stands before what is below it, earlier ones first
};

// From the Segments of one Trace.
Waterfall read_waterfall(const json::Array& segments);

// `bar_columns` wide bars; `colour`: escape sequences for what went wrong.
enum class Colour { kNo, kYes };
std::vector<std::string> draw(const Waterfall& waterfall, size_t bar_columns, Colour colour);

json::Object to_json(const Waterfall& waterfall);

}  // namespace dew::cli
