// dew rollback: an alias back to the version before. A running deployment is stopped and taken
// back; else CodeDeploy moves the alias all at once, or, where it has no deployment group, the
// alias is moved itself.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "cli/options.h"
#include "cli/project.h"
#include "cli/release_calls.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace dew::cli {

namespace {

constexpr auto kPause = std::chrono::milliseconds(100);
constexpr size_t kHistory = 100;

struct Done {
  std::string alias;
  std::string from;
  std::string to;
  std::string deployment;  // empty: by the alias
};

Result<Release> wait_for(ApiClient& api, const std::string& id) {
  while (true) {
    auto one = release(api, id);
    if (!one) return std::unexpected(one.error().to_error());
    if (one->ended()) return *std::move(one);
    if (Signals::stopping()) return fail(ErrorKind::kUnavailable, "interrupted");
    std::this_thread::sleep_for(kPause);
  }
}

Result<void> check_succeeded(const Release& release) {
  if (release.status == "Succeeded") return {};
  return fail(ErrorKind::kInvalid,
              fmt::format("the deployment {} ended as {}: {}: {}", release.id, release.status,
                          release.error_code, release.error_message));
}

// The deployment group that has deployed to the alias, and what it did, newest first.
struct History {
  Group group;
  std::vector<Release> releases;
};
Result<std::optional<History>> history_of(ApiClient& api, const std::vector<Group>& groups,
                                          const AliasState& alias) {
  for (const auto& group : groups) {
    auto all = releases_of(api, group, Which::kAll, kHistory);
    if (!all) return std::unexpected(all.error().to_error());
    std::erase_if(*all, [&](const Release& one) { return one.name() != alias.name(); });
    if (!all->empty()) return History{group, *std::move(all)};
  }
  return std::nullopt;
}

// Of the last deployment that put the alias where it is; else the published version before it.
Result<std::string> version_before(ApiClient& api, const AliasState& alias,
                                   const std::optional<History>& history) {
  if (history) {
    for (const auto& one : history->releases) {
      if (one.status == "Succeeded" && one.target == alias.version && !one.is_rollback()) {
        return one.current;
      }
    }
  }
  const auto versions = published_versions(api, alias.function);
  if (!versions) return std::unexpected(versions.error().to_error());
  const auto now = std::atoll(alias.version.c_str());
  int64_t before = 0;
  for (const auto version : *versions) {
    if (version < now) before = version;
  }
  if (before > 0) return std::to_string(before);
  return fail(ErrorKind::kNotFound,
              fmt::format("{} has no version before {}", alias.name(), alias.version));
}

Result<Done> roll_back(ApiClient& api, const std::vector<Group>& groups, const AliasState& alias) {
  TRY(const auto history, history_of(api, groups, alias));
  if (history && !history->releases.front().ended()) {
    const auto running = history->releases.front();
    if (running.is_rollback()) {
      TRY(const auto ended, wait_for(api, running.id));
      CHECK_OK(check_succeeded(ended));
      return Done{alias.name(), running.current, running.target, running.id};
    }
    print_progress(fmt::format("Stopping deployment {} of {}", running.id, alias.name()));
    if (auto stopped = stop_release(api, running.id); !stopped) {
      return std::unexpected(stopped.error().to_error());
    }
    TRY(const auto ended, wait_for(api, running.id));
    if (ended.rollback_id.empty()) {
      return fail(ErrorKind::kConflict, fmt::format("the deployment {} ended as {} before it could "
                                                    "be taken back; try again",
                                                    ended.id, ended.status));
    }
    TRY(const auto back, wait_for(api, ended.rollback_id));
    CHECK_OK(check_succeeded(back));
    return Done{alias.name(), back.current, back.target, back.id};
  }
  TRY(const auto version, version_before(api, alias, history));
  if (history) {
    auto id = start_release(api, history->group, alias, version);
    if (!id) return std::unexpected(id.error().to_error());
    TRY(const auto ended, wait_for(api, *id));
    CHECK_OK(check_succeeded(ended));
    return Done{alias.name(), alias.version, version, *id};
  }
  if (auto done = point_alias(api, alias, version); !done) {
    return std::unexpected(done.error().to_error());
  }
  return Done{alias.name(), alias.version, version, ""};
}

}  // namespace

int run_rollback(const RollbackOptions& options) {
  ApiClient api = client_for(options.common);
  const bool as_json = options.common.json;
  const auto service = load_project(options.common, &api, Seed::kNo);
  if (!service) return report(service.error(), as_json);
  auto aliases = stack_aliases(api, service->stack_name());
  if (!aliases) return report(aliases.error().to_error(), as_json);
  if (!options.function.empty()) {
    const auto functions = service->functions();
    if (std::ranges::none_of(functions,
                             [&](const auto& one) { return one.first == options.function; })) {
      return report({ErrorKind::kNotFound,
                     fmt::format("there is no function {} in {}", options.function, service->file)},
                    as_json);
    }
    const auto name = service->function_name(options.function);
    std::erase_if(*aliases, [&](const AliasState& one) { return one.function != name; });
  }
  if (aliases->empty()) {
    return report(
        {ErrorKind::kNotFound,
         fmt::format("nothing to take back: the stack {} has no alias{}", service->stack_name(),
                     options.function.empty() ? "" : " of " + options.function)},
        as_json);
  }
  const auto groups = stack_groups(api, service->stack_name());
  if (!groups) return report(groups.error().to_error(), as_json);
  json::Array out;
  for (const auto& alias : *aliases) {
    const auto done = roll_back(api, *groups, alias);
    if (!done) return report(done.error(), as_json);
    out.push_back(json::Object{{"alias", done->alias},
                               {"from", done->from},
                               {"to", done->to},
                               {"deployment", done->deployment}});
    if (as_json) continue;
    print_out(fmt::format(
        "{}: version {} -> {}{}", done->alias, done->from, done->to,
        done->deployment.empty() ? std::string() : fmt::format(" ({})", done->deployment)));
  }
  if (as_json) print_out(json::dump_pretty(json::Object{{"rolledBack", std::move(out)}}));
  return kDone;
}

}  // namespace dew::cli
