#include "services/cloudwatch/emf_intake.h"

#include "base/log.h"

namespace dew::cloudwatch {

EmfIntake::EmfIntake(MetricStore& store, Recorder& recorder, const WaitableClock& clock)
    : store_(store), recorder_(recorder), clock_(clock) {
  recorder_.set_source([this] { take(); });
}

void EmfIntake::add(std::string_view log_group, std::string_view line) {
  while (line.ends_with('\n')) line.remove_suffix(1);
  if (!may_be_emf(line)) return;
  {
    const std::scoped_lock lock(mutex_);
    if (bytes_ + line.size() > kMaxBytes) {
      ++dropped_;
      return;
    }
    bytes_ += line.size();
    lines_.push_back({std::string(log_group), std::string(line)});
  }
  recorder_.wake();
}

void EmfIntake::take() {
  std::vector<Line> lines;
  size_t dropped = 0;
  {
    const std::scoped_lock lock(mutex_);
    lines.swap(lines_);
    bytes_ = 0;
    dropped = std::exchange(dropped_, 0);
  }
  if (dropped > 0)
    log::warn("{} lines with embedded metrics dropped: they came faster than they were read",
              dropped);
  for (const auto& line : lines) record(line);
}

void EmfIntake::record(const Line& line) {
  const auto parsed = parse_emf(line.text);
  if (!parsed) return;
  const int64_t moved_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.offset()).count();
  const int64_t time_s = (parsed->timestamp_ms + moved_ms) / 1000;
  std::vector<Recorder::Sample> samples;
  // As with PutMetricData: from two weeks ago to two hours from now.
  const int64_t now_s = clock_.now_ms() / 1000;
  const bool timely = time_s > now_s - 14 * 86400 && time_s < now_s + 2 * 3600;
  if (timely)
    for (const auto& value : parsed->values) {
      auto* series = store_.series(value.metric, value.unit);
      for (const double one : value.values) samples.push_back({series, one, time_s, 1, value.high});
    }
  if (!parsed->faults.empty()) {
    log::debug("embedded metrics in {}: {}", line.group, parsed->faults.front());
    auto* series =
        store_.series({"AWS/Logs", "EMFValidationErrors", {{"LogGroupName", line.group}}}, kCount);
    samples.push_back({series, static_cast<double>(parsed->faults.size()), clock_.now_ms() / 1000});
  }
  recorder_.record(samples);
}

}  // namespace dew::cloudwatch
