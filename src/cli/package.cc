// dew package: the templates and the artifacts, for whatever deploys them.
#include <fmt/format.h>

#include <filesystem>

#include "cli/deployer.h"
#include "cli/options.h"
#include "cli/project.h"
#include "cli/terminal.h"

namespace dew::cli {

int run_package(const PackageOptions& options) {
  ApiClient api = client_for(options.common);
  const auto service = load_project(options.common, &api, Seed::kNo);
  if (!service) return report(service.error(), options.common.json);
  if (auto built = run_build(*service, 2); !built)
    return report(built.error(), options.common.json);
  const std::string directory =
      options.package.empty() ? service->directory + "/.serverless" : options.package;
  const auto packaged = package_service(*service, directory);
  if (!packaged) return report(packaged.error(), options.common.json);
  json::Array files;
  for (const auto* name : {"cloudformation-template-create-stack.json",
                           "cloudformation-template-update-stack.json", "serverless-state.json"}) {
    files.push_back(json::Value(directory + "/" + name));
  }
  for (const auto& artifact : packaged->artifacts.list) files.push_back(json::Value(artifact.path));
  if (options.common.json) {
    print_out(
        json::dump_pretty(json::Object{{"directory", directory},
                                       {"artifactDirectory", packaged->compiled.artifact_directory},
                                       {"files", std::move(files)}}));
    return kDone;
  }
  for (const auto& file : files) {
    std::error_code error;
    const std::string path = json::str(file);
    print_out(fmt::format("{}  {}", path, size_text(std::filesystem::file_size(path, error))));
  }
  return kDone;
}

}  // namespace dew::cli
