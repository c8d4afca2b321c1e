// X-Amzn-Trace-Id: which trace a request belongs to, under which segment, and whether that trace is
// recorded. docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
//
//   Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1
//
// Pure functions. What cannot be read counts as absent: a header is a client's, and never a reason
// to refuse its request.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace dew::aws {

enum class Sampled { kUndecided, kNo, kYes };

struct TraceHeader {
  std::string_view root;    // empty: none, or malformed
  std::string_view parent;  // empty: none, or malformed
  Sampled sampled = Sampled::kUndecided;
};

// The views point into `text`.
TraceHeader parse_trace_header(std::string_view text);

std::string trace_header(std::string_view root, std::string_view parent, Sampled sampled);

// 1-8 hex digits of seconds-24 random hex digits
std::string new_trace_id(TimePoint now);
std::string new_segment_id();  // 16 hex digits

bool is_trace_id(std::string_view text);
bool is_segment_id(std::string_view text);

}  // namespace dew::aws
