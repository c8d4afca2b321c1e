// dew remove: the stack and everything in it.
#include <fmt/format.h>

#include "cli/deployer.h"
#include "cli/options.h"
#include "cli/project.h"
#include "cli/terminal.h"

namespace dew::cli {

int run_remove(const RemoveOptions& options) {
  ApiClient api = client_for(options.common);
  const auto service = load_project(options.common, &api, Seed::kNo);
  if (!service) return report(service.error(), options.common.json);
  const auto removed = remove_service(api, *service, options.common.verbose);
  if (!removed) return report(removed.error(), options.common.json);
  const std::string name = service->stack_name();
  if (options.common.json) {
    print_out(json::dump_pretty(json::Object{{"stack", name}, {"removed", *removed}}));
  } else if (*removed) {
    print_progress(fmt::format("{} the stack {}", styled(Style::kGreen, "Removed"), name));
  } else {
    print_progress(fmt::format("There is no stack {} to remove", name));
  }
  return kDone;
}

}  // namespace dew::cli
