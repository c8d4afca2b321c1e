#include "cloud/admin.h"

#include <fmt/format.h>

#include "aws/authenticate.h"
#include "cloud/clock_offset.h"

namespace dew::cloud {

namespace {

http::Response answer(int status, const json::Object& body) {
  return http::Response::json(status, json::dump(body) + "\n");
}
http::Response refuse(int status, std::string message) {
  return answer(status, {{"message", std::move(message)}});
}

json::Object clock_state(const MovableClock& clock) {
  const auto offset = clock.offset();
  return {{"now", iso8601_ms(clock.now())},
          {"machine", iso8601_ms(SystemClock().now())},
          {"offsetSeconds", static_cast<double>(offset.count()) / 1e6},
          {"moved", offset.count() != 0},
          {"waiting", clock.waiting()}};
}

}  // namespace

void Admin::handle(http::Request request, http::Responder respond) {
  const std::string_view path = request.path();
  const bool get = request.method == "GET" || request.method == "HEAD";
  if (path == "/_dew/health" && get) {
    if (!ready_) return respond(answer(503, {{"status", "starting"}, {"version", DEW_VERSION}}));
    json::Object healthy{{"status", "ready"}, {"version", DEW_VERSION}};
    if (const auto moved = clock_notice(clock_); !moved.empty()) healthy["clock"] = moved;
    return respond(answer(200, healthy));
  }
  // Health is everybody's; what follows tells and changes too much for other machines.
  if (!aws::is_loopback(request.remote_address))
    return respond(refuse(403, "administration is for this machine only"));
  if (path == "/_dew/info" && get) return respond(answer(200, info_()));
  if (path == "/_dew/clock" && get) return respond(answer(200, clock_state(clock_)));
  if (path == "/_dew/clock" && request.method == "POST")
    return move_clock(request, std::move(respond));
  if (path == "/_dew/metrics" && get) {
    return workers_.post([this, respond = std::move(respond)]() mutable {
      http::Response out = http::Response::text(200, metrics_());
      out.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
      respond(std::move(out));
    });
  }
  if (path == "/_dew/http" && request.method == "POST") {
    // Opening a port may block: not on the io thread.
    return workers_.post(
        [this, request = std::move(request), respond = std::move(respond)]() mutable {
          open_port(request, std::move(respond));
        });
  }
  respond(refuse(404, fmt::format("no such endpoint: {} {}", request.method, path)));
}

void Admin::move_clock(const http::Request& request, http::Responder respond) {
  const auto body = json::parse(request.body);
  const auto* object = body ? body->if_object() : nullptr;
  const auto seconds = object ? json::number_at(*object, "advanceSeconds") : std::nullopt;
  const double most = std::chrono::duration<double>(kMaxClockMove).count();
  if (!seconds || !(*seconds > 0 && *seconds <= most)) {
    return respond(refuse(
        400, fmt::format(R"(expected {{"advanceSeconds": a number above 0, at most {:.0f}}}: )"
                         "the clock never goes backwards",
                         most)));
  }
  const auto by = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::duration<double>(*seconds));
  // Long, perhaps: functions run. Not on the clock's thread, which the answer would hold up.
  clock_.advance(by, [this, respond = std::move(respond)](Result<void> moved) mutable {
    respond(moved ? answer(200, clock_state(clock_)) : refuse(400, moved.error().message));
  });
}

void Admin::open_port(const http::Request& request, http::Responder respond) {
  const auto body = json::parse(request.body);
  const auto* object = body ? body->if_object() : nullptr;
  const auto api_id = object ? json::string_at(*object, "apiId") : std::nullopt;
  const auto stage = object ? json::string_at(*object, "stage") : std::nullopt;
  const auto port = object ? json::int_at(*object, "port") : std::nullopt;
  if (!api_id || !stage || !port || *port < 0 || *port > 65535) {
    return respond(
        refuse(400, R"(expected {"apiId": string, "stage": string, "port": 0 to 65535})"));
  }
  const auto opened =
      apps_.open(static_cast<uint16_t>(*port), std::string(*api_id), std::string(*stage));
  if (!opened) return respond(refuse(409, opened.error().message));
  respond(answer(
      200, {{"url", fmt::format("http://localhost:{}/{}", *opened, *stage)}, {"port", *opened}}));
}

}  // namespace dew::cloud
