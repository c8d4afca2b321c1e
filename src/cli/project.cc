#include "cli/project.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/cloud_calls.h"
#include "cli/credentials.h"
#include "cli/terminal.h"

namespace dew::cli {

namespace {

serverless::VariableSources sources_for(const CommonOptions& options) {
  serverless::VariableSources sources;
  if (!options.stage.empty()) sources.options["stage"] = options.stage;
  if (!options.region.empty()) sources.options["region"] = options.region;
  for (const auto& param : options.params) {
    const size_t equals = param.find('=');
    sources.params[param.substr(0, equals)] = param.substr(equals + 1);
  }
  sources.env = [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  sources.instance_id = std::to_string(SystemClock().now_ms());
  return sources;
}

template <class T>
Result<T> lower(CallResult<T> result) {
  if (!result) return std::unexpected(result.error().to_error());
  return std::move(*result);
}

// What the document says without its cloud; nothing when that cannot be told.
std::string early(const CommonOptions& options,
                  const std::function<std::string(serverless::Resolver&)>& ask) {
  const auto name = serverless::find_config(options.directory);
  if (!name) return {};
  std::ifstream file(std::filesystem::path(options.directory) / *name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto root = name->ends_with(".json") ? serverless::parse_json(text, *name)
                                       : serverless::parse_yaml(text, *name);
  if (!root || !root->is_map()) return {};
  auto sources = sources_for(options);
  sources.service_directory = options.directory;
  serverless::Resolver resolver(*root, std::move(sources));
  return ask(resolver);
}

}  // namespace

Destination destination_of(const CommonOptions& options) {
  if (options.aws) return Destination::aws(region_of(options));
  if (!options.endpoint.empty()) return Destination::endpoint(options.endpoint);
  const char* named = std::getenv("AWS_ENDPOINT_URL");
  return Destination::endpoint(named && *named ? named : "http://127.0.0.1:4566");
}

Result<serverless::Service> load_project(const CommonOptions& options, ApiClient* api, Seed seed) {
  serverless::LoadOptions load;
  load.directory = options.directory;
  load.sources = sources_for(options);
  if (options.ignore_plugins) load.other_plugins = serverless::OtherPlugins::kIgnored;
  if (api) {
    load.sources.ssm =
        [api](const std::string& name, bool decrypt,
              const std::string& region) -> Result<std::optional<serverless::SsmParameter>> {
      if (!region.empty() && region != api->region()) {
        return fail(ErrorKind::kInvalid,
                    "parameters of another region (" + region + ") cannot be read here");
      }
      return lower(get_parameter(*api, name, decrypt));
    };
    load.sources.cf = [api](const std::string& stack, const std::string& output,
                            const std::string& region) -> Result<std::optional<std::string>> {
      if (!region.empty() && region != api->region()) {
        return fail(ErrorKind::kInvalid,
                    "stacks of another region (" + region + ") cannot be read here");
      }
      TRY(const auto found, lower(describe_stack(*api, stack)));
      if (!found) return std::nullopt;
      const auto it = found->outputs.find(output);
      return it == found->outputs.end() ? std::nullopt : std::optional(it->second);
    };
    load.sources.account_id = [api] { return lower(account_id(*api)); };
    if (seed == Seed::kYes) {
      load.seed = [api](const std::vector<serverless::SeedParameter>& parameters) -> Result<void> {
        for (const auto& parameter : parameters) {
          TRY(const bool made, lower(put_parameter_if_absent(*api, parameter)));
          if (made)
            print_progress(fmt::format("{} parameter {} ({})", styled(Style::kGreen, "+"),
                                       parameter.name, parameter.type));
        }
        return {};
      };
    }
  }
  TRY(auto service, serverless::load_service(std::move(load)));
  for (const auto& warning : service.warnings) print_warning(warning);
  return service;
}

std::string region_of(const CommonOptions& options) {
  if (!options.region.empty()) return options.region;
  const std::string region =
      early(options, [](serverless::Resolver& resolver) { return resolver.region().value_or(""); });
  return region.empty() ? "us-east-1" : region;
}

int http_port_of(const CommonOptions& options) {
  const std::string port = early(options, [](serverless::Resolver& resolver) {
    const auto node = resolver.resolve("custom.serverless-offline.httpPort");
    return node && *node ? (*node)->scalar_text() : std::string();
  });
  const int value = port.empty() ? -1 : std::atoi(port.c_str());
  return value >= 0 && value <= 65535 ? value : -1;
}

bool has_config(const std::string& directory) {
  return serverless::find_config(directory).has_value();
}

ApiClient client_for(const CommonOptions& options) {
  const Destination destination = destination_of(options);
  const std::string region = region_of(options);
  const char* named = std::getenv("AWS_ENDPOINT_URL");
  const bool chosen = options.aws || !options.endpoint.empty() || (named && *named);
  if (!chosen && options.profile.empty()) {
    return ApiClient(destination, region,
                     []() -> Result<Credentials> { return credentials_from_environment(); });
  }
  CredentialSources sources;
  sources.profile = options.profile;
  sources.weaker_profile = early(options, [](serverless::Resolver& resolver) {
    const auto node = resolver.resolve("provider.profile");
    return node && *node ? (*node)->scalar_text() : std::string();
  });
  if (destination.is_local()) sources.weaker_profile.clear();  // that one is AWS's
  sources.assume = [destination, region](const Credentials& from,
                                         const RoleToAssume& role) -> Result<Credentials> {
    ApiClient sts(destination, region, [from]() -> Result<Credentials> { return from; });
    return lower(assume_role(sts, role));
  };
  return ApiClient(destination, region, [sources, destination]() -> Result<Credentials> {
    auto found = find_credentials(sources);
    if (!found && found.error().kind == ErrorKind::kNotFound && destination.is_local() &&
        sources.profile.empty() && !std::getenv("AWS_PROFILE"))
      return Credentials{"test", "test", ""};
    return found;
  });
}

int report(const Error& error, bool json) {
  if (json) print_out(json::dump(json::Object{{"error", error.message}}));
  print_error(error.message);
  return kFailed;
}

}  // namespace dew::cli
