#include "cli/deployer.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/encoding.h"
#include "cli/cloud_calls.h"
#include "cli/process.h"
#include "cli/stack_progress.h"
#include "cli/terminal.h"
#include "serverless/package.h"

namespace dew::cli {

namespace {

// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
constexpr size_t kInlineTemplateBytes = 51'200;
constexpr size_t kKeptDeployments =
    5;  // as the framework: deploymentBucket.maxPreviousDeploymentArtifacts

template <class T>
Result<T> lower(CallResult<T> result) {
  if (!result) return std::unexpected(result.error().to_error());
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return std::move(*result);
  }
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::kIo, fmt::format("{} cannot be read", path));
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

// One deployment of one service.
class Run {
 public:
  Run(ApiClient& api, const DeployRequest& request)
      : api_(api),
        request_(request),
        service_(request.service),
        name_(request.service.stack_name()) {}

  Result<Deployment> run() {
    if (request_.build) CHECK_OK(run_build(service_, request_.build_output_fd));
    TRY(packaged_, package_service(service_, request_.package_directory));
    TRY(auto stack, settled_stack());
    if (!stack) {
      TRY(stack, create());
    } else if (!request_.force) {
      TRY(const bool same, unchanged(*stack));
      if (same) return finish(*stack, false);
    }
    TRY(const auto bucket, bucket_of(*stack));
    CHECK_OK(upload(bucket));
    return update(bucket);
  }

 private:
  // The stack as it stands, after whatever is under way; what a failed creation left is removed.
  Result<std::optional<Stack>> settled_stack() {
    TRY(auto stack, lower(describe_stack(api_, name_)));
    if (!stack) return stack;
    if (stack->in_progress() && stack->status != "REVIEW_IN_PROGRESS") {
      print_progress(fmt::format("Waiting for the stack {} ({})", name_, stack->status));
      StackProgress progress(api_, name_, request_.verbose);
      TRY(stack, progress.wait());
      if (!stack) return stack;
    }
    static constexpr std::string_view kUseless[] = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED",
                                                    "CREATE_FAILED", "REVIEW_IN_PROGRESS"};
    if (std::find(std::begin(kUseless), std::end(kUseless), stack->status) == std::end(kUseless))
      return stack;
    print_progress(fmt::format("Removing what a failed creation left of the stack {}", name_));
    StackProgress progress(api_, name_, request_.verbose);
    CHECK_OK(lower(delete_stack(api_, name_)));
    return progress.wait();
  }

  Result<std::optional<Stack>> create() {
    StackProgress progress(api_, name_, request_.verbose);
    CHECK_OK(lower(create_stack(api_, stack_request(json::dump(packaged_.compiled.create), ""))));
    return progress.wait();
  }

  bool has_releases() const {
    const auto functions = service_.functions();
    return std::ranges::any_of(functions, [](const auto& function) {
      return function.second->find("deploymentSettings") != nullptr;
    });
  }

  StackRequest stack_request(std::string body, std::string url) const {
    return {name_, std::move(body), std::move(url), service_.stack_tags()};
  }

  // The live template says the same, and its code has the same bytes.
  Result<bool> unchanged(const Stack& stack) {
    if (!stack.settled_well()) return false;
    auto live = live_template(api_, name_);
    if (!live)
      return live.error().unreachable() ? Result<bool>(std::unexpected(live.error().to_error()))
                                        : Result<bool>(false);
    if (serverless::normalized_template(*live) !=
        serverless::normalized_template(packaged_.compiled.update))
      return false;
    TRY(const auto bucket, bucket_of(stack));
    const auto* resources =
        live->is_object() ? json::object_at(live->get_object(), "Resources") : nullptr;
    if (!resources) return false;
    for (const auto& artifact : packaged_.artifacts.list) {
      const auto key = live_key(*resources, artifact.file_name);
      if (!key) return false;
      TRY(const auto hash, lower(object_file_hash(api_, bucket, *key)));
      if (hash != artifact.sha256_base64) return false;
    }
    return true;
  }

  static std::optional<std::string> live_key(const json::Object& resources,
                                             const std::string& file_name) {
    for (const auto& member : resources) {
      const auto* resource = member.value().if_object();
      const auto* properties = resource ? json::object_at(*resource, "Properties") : nullptr;
      const auto* code = properties ? json::object_at(*properties, "Code") : nullptr;
      if (properties && !code) code = json::object_at(*properties, "Content");  // of a layer
      const auto key = code ? json::string_at(*code, "S3Key") : std::nullopt;
      if (key && key->ends_with("/" + file_name)) return std::string(*key);
    }
    return std::nullopt;
  }

  Result<std::string> bucket_of(const Stack& stack) const {
    if (!packaged_.compiled.deployment_bucket.empty()) return packaged_.compiled.deployment_bucket;
    const auto it = stack.outputs.find("ServerlessDeploymentBucketName");
    if (it != stack.outputs.end()) return it->second;
    return fail(
        ErrorKind::kInvalid,
        fmt::format(
            "the stack {} is there, but has no deployment bucket: it is not this service's; choose "
            "another provider.stackName",
            name_));
  }

  Result<void> upload(const std::string& bucket) {
    for (const auto& artifact : packaged_.artifacts.list) {
      TRY(auto bytes, read_file(artifact.path));
      artifact_bytes_ += bytes.size();
      CHECK_OK(lower(put_object(api_, bucket, key_of(artifact.file_name), std::move(bytes),
                                "application/zip", artifact.sha256_base64)));
    }
    template_ = json::dump(packaged_.compiled.update);
    const std::string hash = base64_encode(
        sha256(json::dump(serverless::normalized_template(packaged_.compiled.update))));
    return lower(put_object(api_, bucket, key_of("compiled-cloudformation-template.json"),
                            template_, "application/json", hash));
  }

  std::string key_of(std::string_view file) const {
    return fmt::format("{}/{}", packaged_.compiled.artifact_directory, file);
  }

  Result<Deployment> update(const std::string& bucket) {
    const bool small = template_.size() <= kInlineTemplateBytes;
    const std::string url = fmt::format("{}/{}/{}", Destination::aws(api_.region()).url("s3"),
                                        bucket, key_of("compiled-cloudformation-template.json"));
    const StackRequest request = stack_request(small ? template_ : "", small ? "" : url);
    const Node* method = service_.at("provider.deploymentMethod");
    StackProgress progress(api_, name_, request_.verbose);
    if (has_releases()) progress.follow_releases();
    const bool by_change_set = method && method->text == "changesets";
    TRY(const bool changed,
        lower(by_change_set ? change_stack(api_, request) : update_stack(api_, request)));
    TRY(const auto stack, progress.wait());
    if (!stack)
      return fail(ErrorKind::kConflict, fmt::format("the stack {} was deleted meanwhile", name_));
    clean(bucket);
    return finish(*stack, changed);
  }

  // Old artifacts go, all but those of the last deployments. Nobody waits for it to succeed.
  void clean(const std::string& bucket) {
    const std::string& directory = packaged_.compiled.artifact_directory;
    const std::string prefix = directory.substr(0, directory.rfind('/') + 1);
    const auto keys = list_keys(api_, bucket, prefix);
    if (!keys) return;
    std::map<std::string, std::vector<std::string>>
        deployments;  // begins with milliseconds: in order of time
    for (const auto& key : *keys) {
      const size_t slash = key.find('/', prefix.size());
      if (slash != std::string::npos)
        deployments[key.substr(prefix.size(), slash - prefix.size())].push_back(key);
    }
    const Node* most = service_.at("provider.deploymentBucket.maxPreviousDeploymentArtifacts");
    const size_t kept = most ? static_cast<size_t>(most->integer) : kKeptDeployments;
    for (auto it = deployments.begin(); it != deployments.end() && deployments.size() > kept + 1;
         it = deployments.erase(it)) {
      for (const auto& key : it->second) {
        if (!delete_object(api_, bucket, key)) return;
      }
    }
  }

  Result<Deployment> finish(const Stack& stack, bool changed) const {
    return Deployment{changed, name_, stack.outputs, artifact_bytes_};
  }

  using Node = serverless::Node;

  ApiClient& api_;
  const DeployRequest& request_;
  const serverless::Service& service_;
  const std::string name_;
  Packaged packaged_;
  std::string template_;
  size_t artifact_bytes_ = 0;
};

}  // namespace

std::string Deployment::api_id() const {
  const auto it = outputs.find("ServiceEndpoint");
  if (it == outputs.end()) return {};
  std::string_view url = it->second;
  if (const size_t scheme = url.find("://"); scheme != std::string_view::npos)
    url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find('.')));
}

Result<void> run_build(const serverless::Service& service, int output_fd) {
  for (const auto& [function, command] : service.build_commands()) {
    print_progress(fmt::format("{} {}{}", styled(Style::kCyan, "$"), command,
                               function.empty() ? "" : fmt::format("  (for {})", function)));
    RunOptions options;
    options.directory = service.directory;
    options.output_fd = output_fd;
    options.environment = {{"DEW_STAGE", service.stage}, {"DEW_SERVICE", service.name}};
    TRY(const int status, run_shell(command, options));
    if (status != 0)
      return fail(ErrorKind::kInvalid,
                  fmt::format("the build command ended with status {}: {}", status, command));
  }
  return {};
}

Result<Packaged> package_service(const serverless::Service& service, const std::string& directory) {
  Packaged out;
  TRY(out.artifacts, serverless::package(service, directory));
  TRY(out.compiled, serverless::compile(service, out.artifacts, SystemClock().now_ms()));
  CHECK_OK(serverless::write_templates(out.compiled, out.artifacts, service, directory));
  return out;
}

Result<Deployment> deploy_service(ApiClient& api, const DeployRequest& request) {
  return Run(api, request).run();
}

Result<bool> remove_service(ApiClient& api, const serverless::Service& service, bool verbose) {
  const std::string name = service.stack_name();
  TRY(const auto stack, lower(describe_stack(api, name)));
  if (!stack) return false;
  const auto bucket = stack->outputs.find("ServerlessDeploymentBucketName");
  if (bucket != stack->outputs.end()) {
    // A bucket that the user named keeps what other services put there.
    const serverless::Node* prefix = service.at("provider.deploymentPrefix");
    const std::string ours = service.at("provider.deploymentBucket")
                                 ? fmt::format("{}/{}/{}/", prefix ? prefix->text : "serverless",
                                               service.name, service.stage)
                                 : std::string();
    TRY(const auto keys, lower(list_keys(api, bucket->second, ours)));
    for (const auto& key : keys) CHECK_OK(lower(delete_object(api, bucket->second, key)));
  }
  StackProgress progress(api, name, verbose);
  CHECK_OK(lower(delete_stack(api, name)));
  CHECK_OK(progress.wait());
  return true;
}

}  // namespace dew::cli
