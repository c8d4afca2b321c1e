// dew releases: what each alias runs, and the deployments that brought it there.
#include <fmt/format.h>

#include "base/clock.h"
#include "cli/options.h"
#include "cli/project.h"
#include "cli/release_calls.h"
#include "cli/terminal.h"

namespace dew::cli {

namespace {

std::string time_text(double seconds) {
  constexpr double kMicroseconds = 1e6;
  return seconds <= 0 ? "-"
                      : iso8601(TimePoint(std::chrono::microseconds(
                            static_cast<int64_t>(seconds * kMicroseconds))));
}

json::Object as_json(const AliasState& alias) {
  json::Object weights;
  double own = 100;
  for (const auto& [version, weight] : alias.weights) {
    weights[version] = weight * 100;
    own -= weight * 100;
  }
  weights[alias.version] = own;
  return {{"function", alias.function},
          {"alias", alias.alias},
          {"version", alias.version},
          {"weights", std::move(weights)}};
}

json::Object as_json(const Release& release) {
  json::Object out{{"id", release.id},
                   {"application", release.group.application},
                   {"group", release.group.name},
                   {"function", release.function},
                   {"alias", release.alias},
                   {"from", release.current},
                   {"to", release.target},
                   {"weight", release.weight},
                   {"status", release.status},
                   {"creator", release.creator},
                   {"config", release.config},
                   {"created", time_text(release.created)}};
  if (release.ended()) out["completed"] = time_text(release.completed);
  if (!release.error_code.empty()) {
    out["error"] = json::Object{{"code", release.error_code}, {"message", release.error_message}};
  }
  if (!release.rollback_id.empty()) out["rolledBackBy"] = release.rollback_id;
  if (!release.triggered_by.empty()) out["rollsBack"] = release.triggered_by;
  return out;
}

void show(const Release& release) {
  const auto style = release.status == "Succeeded" ? Style::kGreen
                     : release.ended()             ? Style::kRed
                                                   : Style::kYellow;
  const auto what = release.function.empty()
                        ? std::string("not yet started")
                        : fmt::format("{} -> {}", release.current, release.target);
  print_out(fmt::format(
      "  {} {} {} {}{}", time_text(release.created), release.id,
      styled(style,
             release.ended() ? release.status
                             : fmt::format("{} ({:.4g} %)", release.status, release.weight),
             1),
      what,
      release.is_rollback() ? fmt::format(" (rollback of {})", release.triggered_by)
                            : fmt::format(" ({})", release.config)));
  if (!release.error_code.empty()) {
    print_out(fmt::format("    {}: {}", release.error_code, release.error_message));
  }
  if (!release.rollback_id.empty()) {
    print_out(fmt::format("    taken back by {}", release.rollback_id));
  }
}

}  // namespace

int run_releases(const ReleasesOptions& options) {
  ApiClient api = client_for(options.common);
  const auto service = load_project(options.common, &api, Seed::kNo);
  if (!service) return report(service.error(), options.common.json);
  const auto aliases = stack_aliases(api, service->stack_name());
  if (!aliases) return report(aliases.error().to_error(), options.common.json);
  const auto groups = stack_groups(api, service->stack_name());
  if (!groups) return report(groups.error().to_error(), options.common.json);
  std::vector<Release> releases;
  for (const auto& group : *groups) {
    auto some = releases_of(api, group, Which::kAll, options.number);
    if (!some) return report(some.error().to_error(), options.common.json);
    std::ranges::move(*some, std::back_inserter(releases));
  }
  if (options.common.json) {
    json::Array now;
    for (const auto& alias : *aliases) now.push_back(as_json(alias));
    json::Array history;
    for (const auto& release : releases) history.push_back(as_json(release));
    print_out(json::dump_pretty(json::Object{{"stack", service->stack_name()},
                                             {"aliases", std::move(now)},
                                             {"releases", std::move(history)}}));
    return kDone;
  }
  if (aliases->empty()) {
    print_out(
        fmt::format("The stack {} has no aliases: give a function deploymentSettings "
                    "(serverless-plugin-canary-deployments)",
                    service->stack_name()));
  }
  for (const auto& alias : *aliases) {
    print_out(fmt::format("{}: {}", styled(Style::kBold, alias.name(), 1), alias.traffic()));
    for (const auto& release : releases) {
      if (release.name() == alias.name()) show(release);
    }
  }
  for (const auto& release : releases) {
    if (release.function.empty()) show(release);
  }
  return kDone;
}

}  // namespace dew::cli
