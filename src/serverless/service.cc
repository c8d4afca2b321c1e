#include "serverless/service.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "serverless/schema.h"

namespace dew::serverless {

namespace fs = std::filesystem;

namespace {

bool lists_plugin(const Node* plugins, std::string_view name) {
  if (plugins && plugins->is_map()) plugins = plugins->find("modules");
  if (!plugins || !plugins->is_list()) return false;
  return std::any_of(plugins->items.begin(), plugins->items.end(),
                     [&](const Node& item) { return item.text == name; });
}

std::vector<std::string> strings_of(const Node* node) {
  std::vector<std::string> out;
  if (!node) return out;
  if (node->is_string()) out.push_back(node->text);
  for (const auto& item : node->items) out.push_back(item.scalar_text());
  return out;
}

bool holds(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// What serverless-dotenv-plugin does: see dotenv.h.
Result<void> load_plugin_dotenv(Resolver& resolver, const VariableSources& sources,
                                Service& service, EnvPairs& environment) {
  TRY(const Node* config, resolver.resolve("custom.dotenv"));
  std::string env = "development";
  if (const auto it = sources.options.find("stage"); it != sources.options.end()) env = it->second;
  if (const auto node_env = sources.env("NODE_ENV"); node_env && !node_env->empty())
    env = *node_env;
  std::vector<std::string> names = plugin_file_names(env);
  bool expand = true;
  if (config && config->is_map()) {
    if (const Node* base = config->find("basePath")) {
      for (auto& name : names) name.insert(0, base->scalar_text());
    }
    if (const Node* path = config->find("path")) names = strings_of(path);
    if (const Node* variable_expansion = config->find("variableExpansion"))
      expand = variable_expansion->scalar_text() != "false";
  }
  TRY(environment, load_dotenv(service.directory, names, sources.env, expand));
  for (const auto& name : names)
    service.files.push_back((fs::path(service.directory) / name).lexically_normal().string());
  resolver.add_env(environment);
  if (!config || !config->is_map()) return {};
  if (const Node* required = config->find("required")) {
    for (const auto& name : strings_of(required->find("env"))) {
      const bool known =
          sources.env(name) || std::any_of(environment.begin(), environment.end(),
                                           [&](const auto& p) { return p.first == name; });
      if (!known)
        return fail_at(required->mark, "custom.dotenv.required.env",
                       fmt::format("neither the environment nor an .env file sets {}", name));
    }
    const Node* file = required->find("file");
    if (file && file->boolean && environment.empty())
      return fail_at(required->mark, "custom.dotenv.required.file", "there is no .env file");
  }
  const auto include = strings_of(config->find("include"));
  const auto exclude = strings_of(config->find("exclude"));
  const bool everything = include.empty() || (include.size() == 1 && include[0] == "*");
  std::erase_if(environment, [&](const auto& pair) {
    return everything ? holds(exclude, pair.first) : !holds(include, pair.first);
  });
  return {};
}

// Names may hold variables, which elsewhere keys may not.
Result<std::vector<SeedParameter>> seed_parameters(Resolver& resolver, const Node* parameters) {
  std::vector<SeedParameter> out;
  if (!parameters || parameters->is_null()) return out;
  const std::string path = "custom.dew.parameters";
  if (!parameters->is_map())
    return fail_at(parameters->mark, path, "must be a map from parameter name to value");
  for (const auto& [name, mark, value] : parameters->entries) {
    TRY(auto resolved, resolver.resolve_text(name, mark, path + "." + name));
    SeedParameter parameter{std::move(resolved), "SecureString", value.scalar_text()};
    if (value.is_map()) {
      const Node* text = value.find("value");
      if (!text) return fail_at(mark, path + "." + name, "the key 'value' is missing");
      parameter.value = text->scalar_text();
      if (const Node* type = value.find("type")) parameter.type = type->scalar_text();
    }
    if (parameter.value.empty()) return fail_at(mark, path + "." + name, "must not be empty");
    out.push_back(std::move(parameter));
  }
  return out;
}

Result<Service> finish(Node root, Service service, LoadOptions options) {
  Resolver resolver(root, options.sources);
  TRY(const Node* use_dotenv, resolver.resolve("useDotenv"));
  TRY(const Node* plugins, resolver.resolve("plugins"));
  const bool plugin = lists_plugin(plugins, "serverless-dotenv-plugin");
  EnvPairs environment;
  if (plugin) CHECK_OK(load_plugin_dotenv(resolver, options.sources, service, environment));
  TRY(service.stage, resolver.stage());
  if (!plugin && use_dotenv && use_dotenv->scalar_text() == "true") {
    std::vector<std::string> names{".env." + service.stage};
    std::error_code error;
    if (!fs::exists(fs::path(service.directory) / names[0], error)) names = {".env"};
    TRY(auto pairs, load_dotenv(service.directory, names, options.sources.env));
    resolver.add_env(std::move(pairs));
    service.hides_dotenv = true;
    service.files.push_back((fs::path(service.directory) / names[0]).string());
  }
  service.hides_dotenv = service.hides_dotenv || plugin;
  TRY(service.region, resolver.region());
  TRY(const Node* parameters, resolver.resolve("custom.dew.parameters"));
  TRY(const auto seeds, seed_parameters(resolver, parameters));
  if (options.seed && !seeds.empty()) CHECK_OK(options.seed(seeds));
  CHECK_OK(resolver.resolve_all());
  for (const auto& file : resolver.files_read()) service.files.push_back(file);
  CHECK_OK(check_schema(root, service.warnings, options.other_plugins));
  if (!environment.empty()) {
    Node* provider = root.find("provider");
    if (!provider->find("environment")) provider->set("environment", Node::map(provider->mark));
    for (auto& [name, value] : environment)
      provider->find("environment")->set(name, Node::of(value, provider->mark));
  }
  service.name = root.find("service")->text;
  service.root = std::move(root);
  return service;
}

}  // namespace

std::string Service::stack_name() const {
  const Node* named = at("provider.stackName");
  return named ? named->text : fmt::format("{}-{}", name, stage);
}

std::string Service::api_stage() const {
  const Node* named = at("provider.apiGateway.stage");
  return named ? named->text : stage;
}

std::string Service::log_group(const std::string& key) const {
  const Node* functions = at("functions");
  const Node* function = functions ? functions->find(key) : nullptr;
  const Node* logs = function ? function->find("logs") : nullptr;
  if (!logs) logs = at("provider.logs.lambda");
  const Node* group = logs ? logs->find("logGroup") : nullptr;
  return group ? group->text : "/aws/lambda/" + function_name(key);
}

std::string Service::function_name(const std::string& key) const {
  const Node* functions_node = root.find("functions");
  const Node* function = functions_node ? functions_node->find(key) : nullptr;
  const Node* named = function ? function->find("name") : nullptr;
  return named ? named->text : fmt::format("{}-{}-{}", name, stage, key);
}

std::vector<std::pair<std::string, const Node*>> Service::functions() const {
  std::vector<std::pair<std::string, const Node*>> out;
  if (const Node* map = root.find("functions")) {
    for (const auto& entry : map->entries) out.emplace_back(entry.key, &entry.value);
  }
  return out;
}

std::vector<std::pair<std::string, const Node*>> Service::layers() const {
  std::vector<std::pair<std::string, const Node*>> out;
  if (const Node* map = root.find("layers")) {
    for (const auto& entry : map->entries) out.emplace_back(entry.key, &entry.value);
  }
  return out;
}

std::vector<BuildCommand> Service::build_commands() const {
  std::vector<BuildCommand> out;
  const Node* build = at("custom.dew.build");
  if (!build) return out;
  for (const auto& command : strings_of(build)) out.push_back({"", command});
  for (const auto& entry : build->entries) {
    for (const auto& command : strings_of(&entry.value)) out.push_back({entry.key, command});
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> Service::stack_tags() const {
  std::vector<std::pair<std::string, std::string>> tags;
  bool has_stage = false;
  if (const Node* node = at("provider.stackTags")) {
    for (const auto& entry : node->entries) {
      std::string folded = entry.key;
      std::transform(folded.begin(), folded.end(), folded.begin(),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      has_stage = has_stage || folded == "STAGE";
      tags.emplace_back(entry.key, entry.value.text);
    }
  }
  if (!has_stage) tags.emplace(tags.begin(), "STAGE", stage);
  return tags;
}

bool Service::has_http_events() const {
  for (const auto& [key, function] : functions()) {
    const Node* events = function->find("events");
    if (events && !events->items.empty()) return true;
  }
  return false;
}

int Service::http_port() const {
  const Node* port = at("custom.serverless-offline.httpPort");
  return port ? static_cast<int>(port->integer) : -1;
}

Result<std::string> find_config(const std::string& directory) {
  std::error_code error;
  for (const auto* name : {"serverless.yml", "serverless.yaml", "serverless.json"}) {
    if (fs::is_regular_file(fs::path(directory) / name, error)) return std::string(name);
  }
  for (const auto* name : {"serverless.js", "serverless.ts", "serverless.mjs", "serverless.cjs"}) {
    if (fs::is_regular_file(fs::path(directory) / name, error)) {
      return fail(
          ErrorKind::kInvalid,
          fmt::format(
              "{} is a program, and Dewpoint runs no JavaScript to read a configuration: print it "
              "as YAML once (serverless print > serverless.yml)",
              name));
    }
  }
  if (!fs::is_directory(directory, error))
    return fail(ErrorKind::kNotFound, fmt::format("there is no directory {}", directory));
  return fail(
      ErrorKind::kNotFound,
      fmt::format("{} has no serverless.yml (nor .yaml, .json): name the service's directory",
                  directory == "." ? "this directory" : directory));
}

Result<Service> load_service(LoadOptions options) {
  TRY(const auto name, find_config(options.directory));
  std::error_code error;
  Service service;
  service.directory = fs::canonical(options.directory, error).string();
  if (error) return fail(ErrorKind::kIo, fmt::format("{}: {}", options.directory, error.message()));
  service.file = name;
  const fs::path path = fs::path(service.directory) / name;
  service.files.push_back(path.string());
  if (fs::file_size(path, error) > kDocumentBytes) {
    return fail(ErrorKind::kInvalid, fmt::format("{}: larger than {} bytes", name, kDocumentBytes));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::kIo, fmt::format("{} cannot be read", path.string()));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  TRY(Node root, name.ends_with(".json") ? parse_json(text, name) : parse_yaml(text, name));
  if (!root.is_map())
    return fail_at(root.mark, "", "must be a map of keys (service, provider, functions, ...)");
  options.sources.service_directory = service.directory;
  return finish(std::move(root), std::move(service), std::move(options));
}

Result<Service> load_service_text(std::string_view yaml, LoadOptions options) {
  TRY(Node root, parse_yaml(yaml, "serverless.yml"));
  if (!root.is_map())
    return fail_at(root.mark, "", "must be a map of keys (service, provider, functions, ...)");
  Service service;
  service.directory = options.directory;
  service.file = "serverless.yml";
  options.sources.service_directory = options.directory;
  return finish(std::move(root), std::move(service), std::move(options));
}

}  // namespace dew::serverless
