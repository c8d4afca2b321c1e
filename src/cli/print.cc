// dew print: the configuration with its variables resolved.
#include <fmt/format.h>

#include "cli/options.h"
#include "cli/project.h"
#include "cli/terminal.h"

namespace dew::cli {

int run_print(const PrintOptions& options) {
  ApiClient api = client_for(options.common);
  const auto service = load_project(options.common, &api, Seed::kNo);
  if (!service) return report(service.error(), options.common.json);
  const serverless::Node* node = service->at(options.path);
  if (!node)
    return report(
        {ErrorKind::kNotFound, fmt::format("{} has nothing at {}", service->file, options.path)},
        options.common.json);
  if (options.format == "text") {
    if (node->is_map())
      return report({ErrorKind::kInvalid,
                     "--format text prints a value or a list of values; choose yaml or json"});
    if (node->is_list()) {
      for (const auto& item : node->items) print_out(item.scalar_text());
    } else {
      print_out(node->scalar_text());
    }
    return kDone;
  }
  if (options.format == "json" || options.common.json) {
    print_out(json::dump_pretty(to_json(*node)));
    return kDone;
  }
  std::string yaml = to_yaml(*node);
  while (yaml.ends_with('\n')) yaml.pop_back();
  print_out(yaml);
  return kDone;
}

}  // namespace dew::cli
