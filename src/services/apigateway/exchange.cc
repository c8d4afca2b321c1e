#include "services/apigateway/exchange.h"

#include <fmt/format.h>

#include <array>

#include "base/encoding.h"
#include "base/ids.h"
#include "services/apigateway/json_text.h"

namespace dew::apigateway {

std::string Exchange::path_parameter(std::string_view name) const {
  for (size_t i = 0; route && i < route->parameters.size() && i < values.size(); ++i) {
    if (route->parameters[i] == name) return std::string(values[i]);
  }
  return {};
}

std::string Exchange::query_parameter(std::string_view name) const {
  std::string found;
  std::string_view rest = request.query();
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const auto pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const size_t equals = pair.find('=');
    if (url_decode(pair.substr(0, equals), Plus::kSpace).value_or("") != name) continue;
    const auto value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    found = url_decode(value, Plus::kSpace).value_or(std::string(value));
  }
  return found;
}

std::string clf_time(TimePoint time) {
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  // The same second comes thousands of times in a row on a busy thread.
  thread_local std::chrono::sys_seconds cached_for{};
  thread_local std::string cached;
  if (cached.empty() || seconds != cached_for) {
    const auto day = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(seconds - day);
    cached =
        fmt::format("{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000", static_cast<unsigned>(date.day()),
                    kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                    clock.hours().count(), clock.minutes().count(), clock.seconds().count());
    cached_for = seconds;
  }
  return cached;
}

void stamp(Exchange& exchange, const Clock& clock) {
  exchange.received = clock.now();
  exchange.request_id = uuid_v4();
  exchange.extended_id = base64_encode(random_bytes(11));  // 16 characters ending in '=', as AWS's
  const auto trace = exchange.request.headers.get("x-amzn-trace-id");
  if (trace.find("Root=") != std::string_view::npos) {
    exchange.trace = trace;
  } else {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(exchange.received.time_since_epoch());
    exchange.trace = fmt::format("Root=1-{:08x}-{}", seconds.count(), random_hex(24));
  }
}

std::string context_value(const Exchange& exchange, std::string_view name, int status) {
  const auto& table = *exchange.table;
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(exchange.received.time_since_epoch());
  if (name == "accountId") return table.account;
  if (name == "apiId") return table.api_id;
  if (name == "stage") return table.stage;
  if (name == "deploymentId") return table.deployment_id;
  if (name == "requestId") return exchange.request_id;
  if (name == "extendedRequestId") return exchange.extended_id;
  if (name == "httpMethod") return exchange.request.method;
  if (name == "path") return exchange.full_path();
  if (name == "protocol") return "HTTP/1.1";
  if (name == "requestTime") return clf_time(exchange.received);
  if (name == "requestTimeEpoch") return std::to_string(since_epoch.count());
  if (name == "domainName") return exchange.domain_name();
  if (name == "domainPrefix") {
    const auto domain = exchange.domain_name();
    return domain.substr(0, domain.find('.'));
  }
  if (name == "resourceId") return exchange.route ? exchange.route->resource_id : std::string();
  if (name == "resourcePath") return exchange.route ? exchange.route->resource_path : std::string();
  if (name == "identity.sourceIp") return exchange.source_ip();
  if (name == "identity.userAgent") return std::string(exchange.request.headers.get("user-agent"));
  if (exchange.admission) {
    constexpr std::string_view kIdentity = "identity.";
    constexpr std::string_view kAuthorizer = "authorizer.";
    if (name.starts_with(kIdentity))
      return exchange.admission->identity(name.substr(kIdentity.size()));
    if (name.starts_with(kAuthorizer))
      return exchange.admission->authorizer_value(name.substr(kAuthorizer.size()));
  }
  if (name == "status") return status == 0 ? std::string() : std::to_string(status);
  if (name == "error.message") return exchange.error_message;
  if (name == "error.responseType") return std::string(exchange.error_type);
  if (name == "error.messageString") {
    if (exchange.error_message.empty()) return "null";
    std::string out;
    append_json_string(out, exchange.error_message);
    return out;
  }
  return {};
}

}  // namespace dew::apigateway
