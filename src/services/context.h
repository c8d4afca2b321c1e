// What the cloud gives to every service. References outlive the services.
#pragma once

#include <functional>
#include <string>

#include "aws/caller.h"
#include "aws/registry.h"
#include "base/clock.h"
#include "net/loop.h"
#include "store/store.h"

namespace dew::services {

struct Config {
  std::string account = "000000000000";
  std::string region = "us-east-1";
  uint16_t port = 4566;  // of the AWS APIs, once bound
  // Base URL of the application's API with its stage ("http://localhost:3000/dev"), empty until one
  // is served.
  std::function<std::string()> api_url = [] { return std::string(); };
  std::string xray_daemon;     // its address, 127.0.0.1:2000, once bound
  std::string data_directory;  // files that do not belong in the store: <data>/<service>/
  bool fsync = true;           // files are synced before an answer, as the store's log is
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port); }
};

struct Context {
  const Config& config;
  WaitableClock& clock;
  store::Store& store;
  aws::Caller& caller;
  net::Loops& loops;
  net::Workers& workers;
};

}  // namespace dew::services
