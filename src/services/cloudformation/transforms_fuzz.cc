// Property: whatever the template and what it includes, applying macros ends within the limits, and
// what is a template afterwards has nothing left to be applied that fails.
#include <cstdlib>

#include "services/cloudformation/rules.h"
#include "services/cloudformation/transforms.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew;
  using namespace dew::cloudformation;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Environment environment;
  environment.account = "000000000000";
  environment.region = "us-east-1";
  const auto ssm = [](const std::string& name) -> ApiResult<std::string> { return name; };
  // An object's content is its key.
  const auto read = [](std::string_view, std::string_view key) -> ApiResult<std::string> {
    return std::string(key);
  };
  const auto made = apply_transforms(text, {}, ssm, environment, read);
  if (!made) return 0;
  if (made->transforms.empty()) {
    if (made->text != text) std::abort();
    return 0;
  }
  if (made->text.size() > kTemplateUrlBytes) std::abort();
  if (!parse_template(made->text)) return 0;
  const auto again = apply_transforms(made->text, {}, ssm, environment, read);
  if (!again || again->transforms.size() > made->transforms.size()) std::abort();
  return 0;
}
