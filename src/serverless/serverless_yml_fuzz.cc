// A serverless.yml from nowhere: read, resolve, check, compile. It never crashes; what succeeds is
// a template that parses back to itself.
#include <cstdint>
#include <cstdlib>

#include "serverless/compile.h"
#include "serverless/glob.h"
#include "serverless/service.h"

namespace dew::serverless {
namespace {

int try_one(std::string_view text) {
  LoadOptions options;
  options.directory = "/nonexistent";
  options.sources.env = [](std::string_view name) -> std::optional<std::string> {
    return name == "A" ? std::optional<std::string>("${self:service}") : std::nullopt;
  };
  options.sources.ssm = [](const std::string& name, bool,
                           const std::string&) -> Result<std::optional<SsmParameter>> {
    if (name.size() % 3 == 0) return std::nullopt;
    return SsmParameter{name.size() % 3 == 1 ? "StringList" : "SecureString", name};
  };
  options.seed = [](const std::vector<SeedParameter>&) -> Result<void> { return {}; };
  const auto service = load_service_text(text, options);
  if (!service) {
    if (service.error().message.empty() || service.error().message.starts_with('\x01')) abort();
    return 0;
  }
  Artifacts artifacts;
  artifacts.list.push_back({"a.zip", "", "hash"});
  for (const auto& [key, function] : service->functions()) artifacts.of_function[key] = 0;
  if (const Node* patterns = service->at("package.patterns")) {
    for (const auto& pattern : patterns->items) {
      if (const auto glob = Glob::parse(pattern.text)) (void)glob->matches("src/index.js");
    }
  }
  const auto compiled = compile(*service, artifacts, 1'700'000'000'000);
  if (!compiled) return 0;
  const std::string rendered = json::dump(compiled->update);
  const auto again = json::parse(rendered);
  if (!again || json::dump(*again) != rendered) abort();
  const auto yaml = parse_yaml(to_yaml(service->root), "again.yml");
  if (yaml && json::dump(to_json(*yaml)) != json::dump(to_json(service->root))) abort();
  return 0;
}

}  // namespace
}  // namespace dew::serverless

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return dew::serverless::try_one({reinterpret_cast<const char*>(data), size});
}
