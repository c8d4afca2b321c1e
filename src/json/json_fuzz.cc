// Whatever parses, prints to something that parses to the same value.
#include <cstdlib>

#include "json/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = dew::json::parse(text);
  if (!value) return 0;
  const auto compact = dew::json::parse(dew::json::dump(*value));
  const auto pretty = dew::json::parse(dew::json::dump_pretty(*value));
  if (!compact || !pretty || *compact != *value || *pretty != *value) std::abort();
  return 0;
}
