// How the command line starts a cloud in its own process (`dew up`, `dew serve`, `dew exec`). The
// cloud is the composition root and lies above the command line, so it hands in the function;
// everything afterwards goes over HTTP like any other client's calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dew::cli {

// Whether policies decide; audit lets everything through and logs what would be denied.
enum class IamMode { kEnforce, kAudit, kOff };
IamMode parse_iam(std::string_view text);
std::string_view iam_text(IamMode mode);  // for a banner
// Whether unknown keys and unsigned requests act as the administrator, or are refused
// (aws/authenticate.h).
enum class Auth { kRelaxed, kStrict };

// What happens when a port is taken by another program.
enum class PortTaken { kError, kAnother };

struct CloudOptions {
  std::string bind_address = "127.0.0.1";
  uint16_t port = 4566;       // AWS APIs; 0: any free port
  uint16_t http_port = 3000;  // the application's API, opened by POST /_dew/http; 0: any free port
  uint16_t xray_port = 2000;  // X-Ray's daemon, UDP and TCP on 127.0.0.1; 0: any free port
  PortTaken xray_port_taken = PortTaken::kAnother;
  std::string otlp_url;  // where traces are sent as well; empty: nowhere
  std::string data_directory;
  std::string region = "us-east-1";
  bool fsync = true;
  IamMode iam = IamMode::kEnforce;
  std::string
      alarm_webhook;    // alarms' actions that are no functions are POSTed there; may be empty
  int emf_port = -1;    // TCP, for embedded metrics as the CloudWatch agent takes them; -1: none
  bool metrics = true;  // the services tell CloudWatch what they do
  Auth auth = Auth::kRelaxed;  // another address than the loopback one refuses to start relaxed
};

class RunningCloud {
 public:
  virtual ~RunningCloud() = default;
  virtual uint16_t port() const = 0;
  virtual uint16_t xray_port() const = 0;
  // A sentence for the banner when the cloud's clock is ahead of the machine's, else empty.
  virtual std::string clock_notice() const = 0;
  // Drains: answers what is in flight, stops functions, flushes the store.
  virtual void stop(std::chrono::milliseconds deadline) = 0;
};

using LaunchCloud = std::function<Result<std::unique_ptr<RunningCloud>>(const CloudOptions&)>;

// The whole command line. Returns the process's exit status: 0 done, 1 failed, 2 wrong usage.
int run(int argc, char** argv, const LaunchCloud& launch);

}  // namespace dew::cli
