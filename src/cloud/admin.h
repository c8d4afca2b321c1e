// /_dew/: what `dew` itself, monitors and the console ask the cloud, beside AWS's APIs.
//   GET  /_dew/health  200 {"status":"ready","version":…} once the AWS APIs answer; 503
//                      {"status":"starting"} before; with "clock" when that was moved
//   GET  /_dew/info    region, account, ports, modes, isolation: what a start-up banner shows
//   GET  /_dew/clock   what time it is here: now, machine, offsetSeconds, moved, waiting
//   POST /_dew/clock   {"advanceSeconds": number} moves it, and answers as GET once everything that
//                      came due has happened
//   GET  /_dew/metrics CloudWatch's metrics in Prometheus' text format
//   POST /_dew/http    {"apiId","stage","port"} opens the application's port; 200 {"url":…}; 409
//                      when it is taken
#pragma once

#include <atomic>

#include "base/movable_clock.h"
#include "cloud/app_ports.h"
#include "json/json.h"
#include "net/http.h"
#include "net/loop.h"

namespace dew::cloud {

class Admin {
 public:
  Admin(net::Workers& workers, AppPorts& apps, MovableClock& clock,
        std::function<json::Object()> info, std::function<std::string()> metrics)
      : workers_(workers),
        apps_(apps),
        clock_(clock),
        info_(std::move(info)),
        metrics_(std::move(metrics)) {}

  void handle(http::Request request, http::Responder respond);
  void set_ready() { ready_ = true; }

 private:
  void open_port(const http::Request& request, http::Responder respond);
  void move_clock(const http::Request& request, http::Responder respond);

  net::Workers& workers_;
  AppPorts& apps_;
  MovableClock& clock_;
  const std::function<json::Object()> info_;
  const std::function<std::string()> metrics_;
  std::atomic<bool> ready_ = false;
};

}  // namespace dew::cloud
