// dew invoke: one call of a deployed function.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/encoding.h"
#include "cli/api_client.h"
#include "cli/options.h"
#include "cli/project.h"
#include "cli/terminal.h"

namespace dew::cli {

namespace {

Result<std::string> payload_of(const InvokeOptions& options, const std::string& directory) {
  std::string text;
  if (!options.path.empty()) {
    const auto path = options.path == "-"
                          ? std::string("/dev/stdin")
                          : (std::filesystem::path(directory) / options.path).string();
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(ErrorKind::kIo, fmt::format("{} cannot be read", options.path));
    text.assign(std::istreambuf_iterator<char>(file), {});
  } else {
    text = options.data;
  }
  if (text.empty()) return std::string("{}");
  // As in the framework: what is not JSON is sent as a JSON string, and --raw leaves even JSON a
  // string.
  if (options.raw || !json::check(text)) return json::dump(json::Value(text));
  return text;
}

void show(const http::Response& response, const InvokeOptions& options) {
  const auto body = json::parse(response.body);
  if (!response.body.empty()) print_out(body ? json::dump_pretty(*body) : response.body);
  if (!options.log) return;
  const auto log = base64_decode(response.headers.get("x-amz-log-result"));
  if (log && !log->empty()) {
    print_progress(styled(Style::kDim, std::string(60, '-')));
    print_progress(std::string_view(*log).substr(0, log->find_last_not_of('\n') + 1));
  }
}

}  // namespace

int run_invoke(const InvokeOptions& options) {
  ApiClient api = client_for(options.common);
  const auto service = load_project(options.common, &api, Seed::kNo);
  if (!service) return report(service.error());
  const serverless::Node* functions = service->root.find("functions");
  if (!functions || !functions->find(options.function)) {
    std::string names;
    for (const auto& [key, function] : service->functions())
      names += (names.empty() ? "" : ", ") + key;
    return report(
        {ErrorKind::kNotFound, fmt::format("{} has no function {}; it has {}", service->file,
                                           options.function, names.empty() ? "none" : names)});
  }
  auto payload =
      payload_of(options, options.path.empty() ? "" : std::filesystem::current_path().string());
  if (!payload) return report(payload.error());
  http::Headers headers{{"X-Amz-Invocation-Type", options.type},
                        {"Content-Type", "application/json"}};
  if (options.log && options.type == "RequestResponse") headers.add("X-Amz-Log-Type", "Tail");
  std::string target = fmt::format("/2015-03-31/functions/{}/invocations",
                                   url_encode(service->function_name(options.function)));
  if (!options.qualifier.empty()) target += "?Qualifier=" + url_encode(options.qualifier);
  const auto response =
      api.rest("lambda", "POST", std::move(target), std::move(headers), std::move(*payload));
  if (!response) {
    if (response.error().status == 404) {
      return report(
          {ErrorKind::kNotFound,
           fmt::format("the function {} is not deployed at {}: run `dew deploy`",
                       service->function_name(options.function), api.destination().name())});
    }
    return report(response.error().to_error());
  }
  show(*response, options);
  if (response->headers.has("x-amz-function-error")) {
    print_error(
        fmt::format("the function failed ({})", response->headers.get("x-amz-function-error")));
    return kFailed;
  }
  if (options.type != "RequestResponse")
    print_progress(fmt::format("accepted ({})", response->status));
  return kDone;
}

}  // namespace dew::cli
