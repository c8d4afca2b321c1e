#include "aws/trace_header.h"

#include <algorithm>

#include "base/ids.h"

namespace dew::aws {

namespace {

constexpr size_t kSegmentDigits = 16;
constexpr int kTimeDigits = 8;
constexpr size_t kRandomDigits = 24;
constexpr size_t kTraceIdBytes = 2 + kTimeDigits + 1 + kRandomDigits;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool is_trace_id(std::string_view text) {
  return text.size() == kTraceIdBytes && text.starts_with("1-") && text[2 + kTimeDigits] == '-' &&
         is_hex(text.substr(2, kTimeDigits)) && is_hex(text.substr(3 + kTimeDigits));
}

bool is_segment_id(std::string_view text) { return text.size() == kSegmentDigits && is_hex(text); }

TraceHeader parse_trace_header(std::string_view text) {
  TraceHeader out;
  while (!text.empty()) {
    const size_t end = text.find(';');
    const std::string_view field = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const size_t equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trimmed(field.substr(0, equals));
    const std::string_view value = trimmed(field.substr(equals + 1));
    if (name == "Root" && is_trace_id(value)) out.root = value;
    if (name == "Parent" && is_segment_id(value)) out.parent = value;
    if (name == "Sampled" && value == "1") out.sampled = Sampled::kYes;
    if (name == "Sampled" && value == "0") out.sampled = Sampled::kNo;
  }
  return out;
}

std::string trace_header(std::string_view root, std::string_view parent, Sampled sampled) {
  std::string out = "Root=";
  out += root;
  if (!parent.empty()) out.append(";Parent=").append(parent);
  if (sampled != Sampled::kUndecided) out += sampled == Sampled::kYes ? ";Sampled=1" : ";Sampled=0";
  return out;
}

std::string new_trace_id(TimePoint now) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  std::string out = "1-";
  for (int shift = 4 * (kTimeDigits - 1); shift >= 0; shift -= 4)
    out += "0123456789abcdef"[(seconds >> shift) & 15];
  return out.append("-").append(random_hex(kRandomDigits));
}

std::string new_segment_id() { return random_hex(kSegmentDigits); }

}  // namespace dew::aws
