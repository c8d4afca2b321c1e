// Whatever is read is within the limits, and JSON that says the same is read as the same.
#include <cstdlib>

#include "json/yaml.h"

namespace {

const dew::json::YamlRules kRules{.max_bytes = 65'536, .max_parts = 500, .max_depth = 16};

struct Measure {
  size_t parts = 0;
  size_t depth = 0;
};

void measure(const dew::json::Value& value, size_t depth, Measure& out) {
  ++out.parts;
  if (value.is_array()) {
    out.depth = std::max(out.depth, depth + 1);
    for (const auto& item : value.get_array()) measure(item, depth + 1, out);
  } else if (value.is_object()) {
    out.depth = std::max(out.depth, depth + 1);
    for (const auto& member : value.get_object()) {
      ++out.parts;
      measure(member.value(), depth + 1, out);
    }
  }
}

// What JSON writes as an escape (\/, \ud83d\ude00) YAML's reader may not know.
bool is_simple(std::string_view text) {
  for (const unsigned char c : text) {
    if (c < 0x20 || c > 0x7e || c == '\\') return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = dew::json::parse_yaml(text, kRules);
  if (!value) {
    if (value.error().message.empty()) std::abort();
    return 0;
  }
  Measure found;
  measure(*value, 0, found);
  if (found.parts > kRules.max_parts || found.depth > kRules.max_depth) std::abort();
  const auto written = dew::json::dump(*value);
  if (!is_simple(written) || written.size() > kRules.max_bytes) return 0;
  const auto again = dew::json::parse_yaml(written, kRules);
  if (!again || *again != *value) std::abort();
  return 0;
}
