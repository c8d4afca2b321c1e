#include "services/xray/segment.h"

#include <array>
#include <cmath>

#include "aws/trace_header.h"
#include "base/encoding.h"
#include "json/json.h"

namespace dew::xray {

namespace {

// Far enough for every clock, near enough for a number of milliseconds.
constexpr double kMaxSeconds = 1e11;

bool is_time(const json::Object& document, std::string_view member) {
  const auto seconds = json::number_at(document, member);
  return seconds && std::isfinite(*seconds) && *seconds >= 0 && *seconds < kMaxSeconds;
}

// Nothing when the document is in order, else the error's code.
std::string_view fault_of(const json::Object& document) {
  const auto text = [&](std::string_view member) {
    return json::string_at(document, member).value_or(std::string_view());
  };
  if (!document.contains("id")) return "MissingId";
  if (!aws::is_segment_id(text("id"))) return "InvalidId";
  if (!document.contains("trace_id")) return "MissingTraceId";
  if (!aws::is_trace_id(text("trace_id"))) return "InvalidTraceId";
  if (!document.contains("name")) return "MissingName";
  if (text("name").empty() || text("name").size() > kMaxNameBytes || !is_valid_utf8(text("name")))
    return "InvalidName";
  if (!document.contains("start_time")) return "MissingStartTime";
  if (!is_time(document, "start_time")) return "InvalidStartTime";
  const bool in_progress = json::bool_at(document, "in_progress").value_or(false);
  if (document.contains("end_time")) {
    if (!is_time(document, "end_time") ||
        *json::number_at(document, "end_time") < *json::number_at(document, "start_time")) {
      return "InvalidEndTime";
    }
  } else if (!in_progress) {
    return "MissingEndTime";
  }
  if (document.contains("parent_id") && !aws::is_segment_id(text("parent_id")))
    return "InvalidParentId";
  if (document.contains("type")) {
    if (text("type") != "subsegment") return "InvalidType";
    if (!document.contains("parent_id")) return "MissingParentId";
  }
  return {};
}

void read_one(const json::Object& document, std::string text, std::vector<Segment>& accepted,
              std::vector<Refusal>& refused) {
  if (const auto fault = fault_of(document); !fault.empty()) {
    refused.push_back({json::string_or(document, "id"), std::string(fault)});
    return;
  }
  Segment segment;
  segment.trace_id = json::string_or(document, "trace_id");
  segment.id = json::string_or(document, "id");
  segment.start_ms = static_cast<int64_t>(*json::number_at(document, "start_time") * 1000);
  segment.text = std::move(text);
  accepted.push_back(std::move(segment));
}

}  // namespace

void read_document(std::string_view text, std::vector<Segment>& accepted,
                   std::vector<Refusal>& refused) {
  if (text.size() > kMaxDocumentBytes) {
    refused.push_back({"", "DocumentTooLarge"});
    return;
  }
  // Most documents need no more than this, and none of the allocator.
  std::array<unsigned char, 8 * 1024> memory;
  json::Arena arena(memory.data(), memory.size());
  const auto value = json::parse(text, &arena);
  if (!value) {
    refused.push_back({"", "ParseError"});
    return;
  }
  if (value->is_object()) {
    read_one(value->get_object(), std::string(text), accepted, refused);
    return;
  }
  if (!value->is_array() || value->get_array().size() > kMaxDocumentsInList) {
    refused.push_back({"", "ParseError"});
    return;
  }
  for (const auto& element : value->get_array()) {
    if (element.is_object()) {
      read_one(element.get_object(), json::dump(element), accepted, refused);
    } else {
      refused.push_back({"", "ParseError"});
    }
  }
}

}  // namespace dew::xray
