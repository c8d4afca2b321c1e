#include "cli/release_progress.h"

#include <fmt/format.h>

#include "cli/terminal.h"

namespace dew::cli {

void ReleaseProgress::look() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::seconds(api_.destination().is_local() ? 1 : 5);
  const auto groups = stack_groups(api_, stack_);
  if (!groups) return;
  for (const auto& group : *groups) look_at(group);
}

void ReleaseProgress::look_at(const Group& group) {
  const auto running = releases_of(api_, group, Which::kRunning, 2);
  if (!running) return;
  for (const auto& release : *running) {
    if (release.function.empty()) continue;
    auto line =
        fmt::format("  {} {}: {:.4g} % on version {}, {:.4g} % on version {}{}",
                    styled(Style::kCyan, release.id), release.name(), release.weight,
                    release.target, 100 - release.weight, release.current, alarms_text(group));
    if (release.is_rollback()) {
      line = fmt::format("  {} {}: going back to version {}", styled(Style::kYellow, release.id),
                         release.name(), release.target);
    }
    auto& shown = shown_[release.id];
    if (shown == line) continue;
    print_progress(line);
    shown = std::move(line);
  }
}

std::string ReleaseProgress::alarms_text(const Group& group) {
  const auto key = group.application + "/" + group.name;
  auto it = alarms_.find(key);
  if (it == alarms_.end()) {
    it = alarms_.emplace(key, alarms_of(api_, group).value_or(std::vector<std::string>{})).first;
  }
  const auto states = alarm_states(api_, it->second);
  std::string out;
  if (!states) return out;
  for (const auto& [name, state] : *states) {
    const auto style = state == "ALARM" ? Style::kRed : state == "OK" ? Style::kGreen : Style::kDim;
    out += fmt::format("{}{} {}", out.empty() ? "; alarms: " : ", ", name, styled(style, state));
  }
  return out;
}

}  // namespace dew::cli
