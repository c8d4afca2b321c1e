// A cloud in our own process, for as long as `dew up`, `dew serve` or `dew exec` runs.
#pragma once

#include <memory>
#include <string>

#include "cli/api_client.h"
#include "cli/deployer.h"
#include "cli/launcher.h"

namespace dew::cli {

inline constexpr std::chrono::milliseconds kStopDeadline{10'000};

std::string local_endpoint(uint16_t port);

// Makes the directory, private to the user, and keeps it out of version control.
Result<void> prepare_data_directory(const std::string& path);

// $XDG_STATE_HOME/dewpoint, else ~/.local/state/dewpoint
std::string default_state_directory();

// --xray-port: -1 where it was not given.
void set_xray_port(CloudOptions& options, int port);

// Sets the engine's log level; an error names the levels.
Result<void> set_log_level(const std::string& level);

// POST /_dew/http: the application's URL.
Result<std::string> open_http(ApiClient& api, const std::string& api_id, const std::string& stage,
                              uint16_t port);

}  // namespace dew::cli
