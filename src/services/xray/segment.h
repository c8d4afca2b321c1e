// Segment documents: what a client, the daemon's port or this cloud itself says about a piece of
// work. docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
//
// A document is a segment, a subsegment sent apart, or a list of such. Checked here once; kept as
// the text that was sent. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dew::xray {

// docs.aws.amazon.com/general/latest/gr/xray.html, "Segment document size" (64 KB)
inline constexpr size_t kMaxDocumentBytes = 64 * 1024;
inline constexpr size_t kMaxNameBytes = 200;
inline constexpr size_t kMaxDocumentsInList = 1000;

// A document that passed.
struct Segment {
  std::string trace_id;
  std::string id;
  int64_t start_ms = 0;  // since the epoch
  std::string text;
  // Made by this cloud for a call that the function's own SDK may also describe: left out of the
  // trace when it does (trace.h).
  bool automatic_call = false;
};

// A document that did not: UnprocessedTraceSegment of the API.
struct Refusal {
  std::string id;    // as far as it has one
  std::string code;  // ParseError, MissingId, InvalidTraceId, …

  // As the service words it.
  std::string message() const { return "Invalid segment. ErrorCode: " + code; }
};

// Reads one document, appending to either list.
void read_document(std::string_view text, std::vector<Segment>& accepted,
                   std::vector<Refusal>& refused);

}  // namespace dew::xray
