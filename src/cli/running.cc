#include "cli/running.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/log.h"

namespace dew::cli {

std::string local_endpoint(uint16_t port) { return fmt::format("http://127.0.0.1:{}", port); }

Result<void> prepare_data_directory(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return fail(ErrorKind::kIo, fmt::format("cannot make {}: {}", path, error.message()));
  if (!made) return {};
  chmod(path.c_str(), 0700);
  std::ofstream(std::filesystem::path(path) / ".gitignore") << "*\n";
  return {};
}

std::string default_state_directory() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state && *state == '/') return std::string(state) + "/dewpoint";
  const char* home = std::getenv("HOME");
  return std::string(home && *home ? home : "/var/tmp") + "/.local/state/dewpoint";
}

void set_xray_port(CloudOptions& options, int port) {
  if (port < 0) return;
  options.xray_port = static_cast<uint16_t>(port);
  options.xray_port_taken = PortTaken::kError;
}

Result<void> set_log_level(const std::string& level) {
  static constexpr std::pair<std::string_view, log::Level> kLevels[] = {
      {"debug", log::Level::kDebug},
      {"info", log::Level::kInfo},
      {"warn", log::Level::kWarn},
      {"error", log::Level::kError},
      {"off", log::Level::kOff}};
  for (const auto& [name, value] : kLevels) {
    if (name == level) {
      log::set_level(value);
      return {};
    }
  }
  return fail(ErrorKind::kInvalid,
              fmt::format("no log level '{}': it is one of debug, info, warn, error, off", level));
}

Result<std::string> open_http(ApiClient& api, const std::string& api_id, const std::string& stage,
                              uint16_t port) {
  const json::Object body{{"apiId", api_id}, {"stage", stage}, {"port", port}};
  const auto answer = api.admin("POST", "/_dew/http", &body);
  if (!answer) return fail(ErrorKind::kUnavailable, answer.error().message);
  return json::string_or(*answer, "url");
}

}  // namespace dew::cli
