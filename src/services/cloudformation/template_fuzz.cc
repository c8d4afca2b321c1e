// Property: whatever the text, parsing ends within its limits, and a document that was read is read
// again from its JSON form to the same document.
#include <cstdlib>

#include "services/cloudformation/blueprint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = cloudformation::parse_template_text(text);
  if (document && document->is_object()) {
    const auto again = cloudformation::parse_template_text(json::dump(*document));
    if (again && !(*again == *document)) std::abort();
  }
  const auto tmpl = cloudformation::parse_template(text);
  if (tmpl) (void)cloudformation::validate(*tmpl);
  return 0;
}
