// dew traces: what was traced, and one trace as a waterfall.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "cli/log_follower.h"
#include "cli/options.h"
#include "cli/project.h"
#include "cli/terminal.h"
#include "cli/waterfall.h"

namespace dew::cli {

namespace {

constexpr int64_t kDefaultPastMs = 10 * 60 * 1000;
constexpr size_t kBarColumns = 40;

// REST-JSON, as all of X-Ray's operations are.
CallResult<json::Object> call(ApiClient& api, std::string path, const json::Object& input) {
  auto answer = api.rest("xray", "POST", std::move(path), {{"Content-Type", "application/json"}},
                         json::dump(input));
  if (!answer) return std::unexpected(answer.error());
  auto body = json::parse(answer->body);
  if (!body || !body->is_object())
    return std::unexpected(CallError{"BadAnswer", "the cloud's answer is no JSON object", 0});
  return std::move(body->get_object());
}

std::string outcome_of(const json::Object& summary) {
  std::string out;
  for (const auto& [member, word] :
       {std::pair{"HasThrottle", "throttle"}, std::pair{"HasError", "error"},
        std::pair{"HasFault", "fault"}, std::pair{"IsPartial", "partial"}}) {
    if (!json::bool_at(summary, member).value_or(false)) continue;
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out.empty() ? "ok" : out;
}

std::string summary_line(const json::Object& summary) {
  const auto* entry = json::object_at(summary, "EntryPoint");
  const auto* http = json::object_at(summary, "Http");
  std::string what = entry == nullptr ? "?" : json::string_or(*entry, "Name", "?");
  if (http != nullptr && http->contains("HttpMethod")) {
    what += fmt::format("  {} {}", json::string_or(*http, "HttpMethod"),
                        json::string_or(*http, "HttpURL"));
    if (const auto status = json::int_at(*http, "HttpStatus")) what += fmt::format(" {}", *status);
  }
  for (char& c : what) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  const auto start = TimePoint(std::chrono::microseconds(
      static_cast<int64_t>(json::number_at(summary, "MatchedEventTime").value_or(0) * 1e6)));
  const auto outcome = outcome_of(summary);
  return fmt::format("{}  {}  {:>9.1f} ms  {}  {}", iso8601_ms(start),
                     json::string_or(summary, "Id"),
                     json::number_at(summary, "ResponseTime")
                             .value_or(json::number_at(summary, "Duration").value_or(0)) *
                         1000,
                     outcome == "ok" ? outcome : styled(Style::kRed, outcome, 1), what);
}

int list_traces(const TracesOptions& options, ApiClient& api) {
  const int64_t now_ms = SystemClock().now_ms();
  int64_t from_ms = now_ms - kDefaultPastMs;
  if (!options.start_time.empty()) {
    const auto parsed = parse_start_time(options.start_time, now_ms);
    if (!parsed) {
      report(parsed.error());
      return kUsage;
    }
    from_ms = *parsed;
  }
  json::Object input{{"StartTime", static_cast<double>(from_ms) / 1000},
                     {"EndTime", static_cast<double>(now_ms + 1000) / 1000}};
  if (!options.filter.empty()) input["FilterExpression"] = options.filter;
  json::Array found;
  while (true) {
    const auto page = call(api, "/TraceSummaries", input);
    if (!page) return report(page.error().to_error(), options.common.json);
    if (const auto* summaries = json::array_at(*page, "TraceSummaries")) {
      for (const auto& summary : *summaries) {
        if (options.common.json) {
          found.push_back(summary);
        } else {
          print_out(summary_line(summary.as_object()));
        }
      }
    }
    const auto next = json::string_or(*page, "NextToken");
    if (next.empty()) break;
    input["NextToken"] = next;
  }
  if (options.common.json) print_out(json::dump(found));
  return kDone;
}

int show_trace(const TracesOptions& options, ApiClient& api) {
  const auto answer = call(api, "/Traces", {{"TraceIds", json::Array{json::Value(options.id)}}});
  if (!answer) return report(answer.error().to_error(), options.common.json);
  const auto* traces = json::array_at(*answer, "Traces");
  if (traces == nullptr || traces->empty()) {
    return report({ErrorKind::kNotFound,
                   fmt::format("there is no trace {}: `dew traces` lists them", options.id)},
                  options.common.json);
  }
  const auto& trace = traces->front().as_object();
  const auto* segments = json::array_at(trace, "Segments");
  const auto waterfall = read_waterfall(segments == nullptr ? json::Array() : *segments);
  if (options.common.json) {
    auto out = to_json(waterfall);
    out["id"] = options.id;
    print_out(json::dump(out));
    return kDone;
  }
  const bool terminal = styled(Style::kRed, "", 1) != "";
  print_out(fmt::format(
      "{}  {}  {:.1f} ms", options.id,
      iso8601_ms(TimePoint(std::chrono::microseconds(static_cast<int64_t>(waterfall.start * 1e6)))),
      (waterfall.end - waterfall.start) * 1000));
  for (const auto& line : draw(waterfall, kBarColumns, terminal ? Colour::kYes : Colour::kNo))
    print_out(line);
  if (json::bool_at(trace, "LimitExceeded").value_or(false))
    print_warning("the trace is larger than what is kept of one: some of it is missing");
  return kDone;
}

}  // namespace

int run_traces(const TracesOptions& options) {
  ApiClient api = client_for(options.common);
  return options.id.empty() ? list_traces(options, api) : show_trace(options, api);
}

}  // namespace dew::cli
