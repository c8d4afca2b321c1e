// Whatever the criteria: refused, or said of them the opposite of what is said of their negation.
#include <cstdlib>
#include <string>

#include "services/logs/field_selection.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const dew::logs::SystemFields fields{.account = "000000000000", .region = "us-east-1"};
  const auto found = dew::logs::selects(text, fields);
  if (!found || text.find_first_not_of(" \t\r\n") == std::string::npos) return 0;
  const auto opposite = dew::logs::selects("NOT (" + text + ")", fields);
  if (opposite && *opposite == *found) std::abort();
  return 0;
}
