#include "services/cloudwatch/alarms.h"

#include <algorithm>

#include "base/log.h"
#include "services/cloudwatch/alarm_reason.h"
#include "services/cloudwatch/errors.h"
#include "services/records.h"

namespace dew::cloudwatch {

namespace {

constexpr std::string_view kUnchecked = "Unchecked:";

store::Key alarms_key() { return store::Key("cloudwatch").add("alarm"); }
store::Key history_key() { return store::Key("cloudwatch").add("history"); }

std::unexpected<aws::ApiError> not_found(const std::string& name) {
  return aws::fail("ResourceNotFound", fmt::format("Unknown Alarm: {}", name), 404);
}

int64_t floor_to(int64_t time, int64_t step) { return time / step * step; }

// Whether a percentile of one of the data points that decide means nothing yet.
bool too_few_samples(const Alarm& alarm, const std::vector<EvaluatedPoint>& range, int deciding) {
  const auto& watched = alarm.watched();
  if (!alarm.skip_low_samples || !watched.metric ||
      watched.metric->statistic.kind != Statistic::Kind::kPercentile)
    return false;
  const double needed = samples_needed(*watched.metric->statistic.low);
  for (auto it = range.rbegin(); it != range.rend() && deciding > 0; ++it) {
    if (!it->value) continue;
    --deciding;
    if (it->samples < needed) return true;
  }
  return false;
}

}  // namespace

Alarms::Alarms(const services::Context& context, MetricStore& store, Recorder& recorder)
    : context_(context), store_(store), recorder_(recorder) {}

Result<void> Alarms::load() {
  const auto prefix = alarms_key();
  const auto cursor = context_.store.cursor(prefix, prefix.prefix_end());
  const std::scoped_lock lock(mutex_);
  for (; cursor->valid(); cursor->next()) {
    TRY(const auto value, json::parse(cursor->value()));
    if (!value.is_object()) return fail(ErrorKind::kIo, "a stored alarm is damaged");
    const auto& record = value.as_object();
    auto alarm = record.contains("AlarmRule") ? parse_composite_alarm(record)
                                              : parse_metric_alarm(record, context_.config.account);
    if (!alarm) return fail(ErrorKind::kIo, "a stored alarm is damaged: " + alarm.error().message);
    alarms_.insert_or_assign((*alarm)->name, *alarm);
    schedule(**alarm);
  }
  return cursor->status();
}

void Alarms::stop() {
  const std::scoped_lock lock(mutex_);
  stopping_ = true;
  for (auto& [name, alarm] : alarms_) alarm->timer.cancel();
}

void Alarms::schedule(Alarm& alarm) {
  alarm.timer.cancel();
  if (stopping_ || alarm.composite) return;
  const int64_t settled_s =
      context_.clock.now_ms() / 1000 - std::chrono::seconds(kSettleTime).count();
  const int64_t end_s = floor_to(settled_s, alarm.period_s) + alarm.period_s;
  const TimePoint due = TimePoint(std::chrono::seconds(end_s)) + kSettleTime;
  alarm.timer = context_.clock.at(
      due, [this, name = alarm.name](const ClockHold& hold) { evaluate(name, hold); });
}

std::optional<AlarmState> Alarms::state_of(const std::string& name) const {
  const auto it = alarms_.find(name);
  if (it == alarms_.end()) return std::nullopt;
  return it->second->state;
}

// The reason of a state is that of its beginning; only the one of a new alarm says nothing yet.
bool Alarms::keeps(AlarmState state, const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto it = alarms_.find(name);
  return it == alarms_.end() ||
         (it->second->state == state &&
          !json::string_or(it->second->record, "StateReason").starts_with(kUnchecked));
}

void Alarms::evaluate(const std::string& name, const ClockHold& hold) {
  AlarmPtr alarm;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = alarms_.find(name);
    if (stopping_ || it == alarms_.end()) return;
    alarm = it->second;
    schedule(*alarm);
  }
  recorder_.settle();
  auto change = judge(*alarm);
  if (!change) {
    log::warn("the alarm {} could not be evaluated: {}", name, change.error().message);
    return;
  }
  if (!*change || keeps((*change)->state, name)) return;
  if (auto done = transition(name, **std::move(change), hold); !done)
    log::error("the alarm {}: {}", name, done.error().message);
}

// Of an alarm's configuration, which does not change once it is put.
aws::ApiResult<std::optional<Alarms::Change>> Alarms::judge(const Alarm& alarm) {
  const TimePoint now = context_.clock.now();
  const int64_t settled_s =
      context_.clock.now_ms() / 1000 - std::chrono::seconds(kSettleTime).count();
  const int64_t end_s = floor_to(settled_s, alarm.period_s);
  const int periods = alarm.limits.evaluation_periods + kExtraPeriods;
  const Window window{end_s - periods * alarm.period_s, end_s};
  TRY(const auto results, QueryRun(store_, alarm.queries, window, [&](int64_t period_s) {
                            return floor_to(window.begin_s, period_s);
                          }).run());
  if (results.size() != 1)
    return validation("the alarm's expression must give one time series, and gives " +
                      std::to_string(results.size()));
  std::map<int64_t, Aggregate> aggregates;
  const auto& watched = alarm.watched();
  if (watched.metric) {
    const auto series = store_.find(watched.metric->metric, watched.metric->unit);
    TRY(aggregates, read_periods(store_, series, window, alarm.period_s));
  }
  std::vector<EvaluatedPoint> range;
  std::vector<DataPoint> points;
  for (int64_t begin = window.begin_s; begin < window.end_s; begin += alarm.period_s) {
    const auto it = results[0].series.values.find(begin);
    EvaluatedPoint point{.begin_s = begin};
    if (it == results[0].series.values.end()) {
      points.push_back(DataPoint::kMissing);
    } else {
      point.value = it->second;
      const auto stored = aggregates.find(begin);
      if (stored != aggregates.end()) point.samples = stored->second.count;
      points.push_back(breaches(it->second, alarm.comparison, alarm.threshold)
                           ? DataPoint::kBreaching
                           : DataPoint::kWithin);
    }
    range.push_back(point);
  }
  const auto verdict = evaluate_alarm(points, alarm.limits);
  if (!verdict.state || too_few_samples(alarm, range, verdict.evaluated)) return std::nullopt;
  return Change{*verdict.state, state_reason(alarm, verdict, range, *verdict.state),
                json::dump(state_reason_data(alarm, range, now))};
}

void Alarms::save(const Alarm& alarm, store::Batch& batch) {
  services::save(batch, alarms_key().add(alarm.name), alarm.record);
}

aws::ApiResult<void> Alarms::commit(const store::Batch& batch) {
  TRY(const auto sequence, context_.store.commit(batch));
  (void)sequence;
  return {};
}

void Alarms::add_history(const Alarm& alarm, std::string_view type, std::string summary,
                         json::Object data, store::Batch& batch) {
  const auto now_us = static_cast<uint64_t>(context_.clock.now().time_since_epoch().count());
  history_number_ = std::max(history_number_ + 1, now_us);
  data["version"] = "1.0";
  const int64_t now_ms = now_us / 1000;
  const json::Object item{{"AlarmName", alarm.name},
                          {"AlarmType", alarm.composite ? "CompositeAlarm" : "MetricAlarm"},
                          {"Timestamp", static_cast<double>(now_ms) / 1000},
                          {"HistoryItemType", type},
                          {"HistorySummary", std::move(summary)},
                          {"HistoryData", json::dump(data)}};
  services::save(batch, history_key().add(history_number_), item);
}

void Alarms::apply(Alarm& alarm, const Change& change, store::Batch& batch,
                   std::vector<std::pair<AlarmAction, std::string>>& actions) {
  const json::Object previous = alarm.record;
  const AlarmState from = alarm.state;
  const double now = context_.clock.now_seconds();
  alarm.record["StateValue"] = state_text(change.state);
  alarm.record["StateReason"] = change.reason;
  alarm.record["StateReasonData"] = change.reason_data;
  if (change.reason_data.empty()) alarm.record.erase("StateReasonData");
  alarm.record["StateUpdatedTimestamp"] = now;
  if (change.state == from) return save(alarm, batch);
  alarm.record["StateTransitionedTimestamp"] = now;
  alarm.state = change.state;
  save(alarm, batch);
  const auto state = [](const json::Object& record) {
    json::Object out{{"stateValue", json::string_or(record, "StateValue")},
                     {"stateReason", json::string_or(record, "StateReason")}};
    if (const auto data = json::parse(json::string_or(record, "StateReasonData")))
      out["stateReasonData"] = *data;
    return out;
  };
  add_history(alarm, "StateUpdate",
              fmt::format("Alarm updated from {} to {}", state_text(from), state_text(alarm.state)),
              {{"oldState", state(previous)}, {"newState", state(alarm.record)}}, batch);
  if (!alarm.actions_enabled()) return;
  for (auto& action : alarm.actions_for(alarm.state)) {
    actions.emplace_back(AlarmAction{std::move(action), alarm.arn,
                                     alarm_event(alarm, previous, context_.config.account,
                                                 context_.config.region, context_.clock.now())},
                         alarm.name);
  }
}

// Composite alarms whose rule now says otherwise, and those that follow from them. A circle stops:
// each is looked at a bounded number of times.
void Alarms::follow(store::Batch& batch,
                    std::vector<std::pair<AlarmAction, std::string>>& actions) {
  constexpr int kMaxRounds = 10;
  for (int round = 0; round < kMaxRounds; ++round) {
    bool changed = false;
    for (auto& [name, alarm] : alarms_) {
      if (!alarm->composite) continue;
      const bool holds = alarm->rule.holds([this](const std::string& of) { return state_of(of); });
      const auto state = holds ? AlarmState::kAlarm : AlarmState::kOk;
      if (state == alarm->state) continue;
      changed = true;
      std::vector<std::string> names;
      alarm->rule.alarms(names);
      json::Array triggering;
      for (const auto& of : names) {
        const auto it = alarms_.find(of);
        if (it == alarms_.end()) continue;
        triggering.push_back(
            json::Object{{"arn", it->second->arn},
                         {"state", json::Object{{"value", state_text(it->second->state)},
                                                {"timestamp", alarm_time(context_.clock.now())}}}});
      }
      const std::string reason =
          fmt::format("{} transitioned to {}, as its rule is {} of the states of: {}", alarm->arn,
                      state_text(state), holds ? "true" : "false", fmt::join(names, ", "));
      apply(*alarm,
            {state, reason, json::dump(json::Object{{"triggeringAlarms", std::move(triggering)}})},
            batch, actions);
    }
    if (!changed) return;
  }
}

aws::ApiResult<void> Alarms::transition(const std::string& name, Change change, ClockHold hold) {
  store::Batch batch;
  std::vector<std::pair<AlarmAction, std::string>> actions;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = alarms_.find(name);
    if (it == alarms_.end()) return not_found(name);
    if (it->second->state == change.state &&
        json::string_or(it->second->record, "StateReason") == change.reason)
      return {};
    apply(*it->second, change, batch, actions);
    follow(batch, actions);
    CHECK_OK(commit(batch));
  }
  run_actions(std::move(actions), hold);
  return {};
}

void Alarms::run_actions(std::vector<std::pair<AlarmAction, std::string>> actions,
                         const ClockHold& hold) {
  for (auto& [action, name] : actions) {
    const std::string what = action.action;
    auto noted = [this, name, what](Result<void> done) {
      const std::scoped_lock lock(mutex_);
      const auto it = alarms_.find(name);
      if (it == alarms_.end()) return;
      store::Batch batch;
      json::Object data{{"actionState", done ? "Succeeded" : "Failed"},
                        {"notificationResource", what}};
      if (!done) data["error"] = done.error().message;
      add_history(*it->second, "Action",
                  done ? fmt::format("Successfully executed action {}", what)
                       : fmt::format("Failed to execute action {}. {}", what, done.error().message),
                  std::move(data), batch);
      if (auto written = commit(batch); !written)
        log::error("the history of the alarm {} could not be written", name);
    };
    if (actions_ == nullptr) {
      noted(fail(ErrorKind::kUnavailable, "There is nobody to carry out actions."));
    } else {
      actions_->run(std::move(action), hold, std::move(noted));
    }
  }
}

aws::ApiResult<void> Alarms::put(AlarmPtr alarm) {
  store::Batch batch;
  std::vector<std::pair<AlarmAction, std::string>> actions;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = alarms_.find(alarm->name);
    const double now = context_.clock.now_seconds();
    if (it == alarms_.end() && alarms_.size() >= kMaxAlarms)
      return aws::fail("LimitExceeded", "There are too many alarms in this cloud.");
    if (it != alarms_.end() && it->second->composite != alarm->composite)
      return validation(
          fmt::format("The alarm {} exists already, and is of the other type.", alarm->name));
    std::vector<std::string> names;
    alarm->rule.alarms(names);
    for (const auto& name : names) {
      if (!alarms_.contains(name))
        return validation(fmt::format(
            "Could not save the composite alarm as alarms [{}] in the alarm rule do not exist",
            name));
    }
    alarm->arn = fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", context_.config.region,
                             context_.config.account, alarm->name);
    alarm->record["AlarmArn"] = alarm->arn;
    alarm->record["AlarmConfigurationUpdatedTimestamp"] = now;
    if (it != alarms_.end()) {
      // "its state is left unchanged"; tags are only taken when it is made.
      it->second->timer.cancel();
      for (const auto* member : {"StateValue", "StateReason", "StateReasonData", "Tags",
                                 "StateUpdatedTimestamp", "StateTransitionedTimestamp"}) {
        alarm->record.erase(member);
        if (const auto* old = json::find(it->second->record, member)) alarm->record[member] = *old;
      }
      alarm->state = it->second->state;
    } else {
      alarm->record["StateValue"] = state_text(alarm->state);
      alarm->record["StateReason"] = fmt::format("{} Initial alarm creation", kUnchecked);
      alarm->record["StateUpdatedTimestamp"] = now;
      alarm->record["StateTransitionedTimestamp"] = now;
    }
    const bool made = it == alarms_.end();
    add_history(*alarm, "ConfigurationUpdate",
                fmt::format("Alarm \"{}\" {}", alarm->name, made ? "created" : "updated"),
                {{"type", made ? "Create" : "Update"},
                 {made ? "createdAlarm" : "updatedAlarm", shown_alarm(*alarm)}},
                batch);
    alarms_.insert_or_assign(alarm->name, alarm);
    save(*alarm, batch);
    follow(batch, actions);
    CHECK_OK(commit(batch));
    if (!alarm->composite && !stopping_)
      alarm->timer = context_.clock.at(
          context_.clock.now(),
          [this, name = alarm->name](const ClockHold& hold) { evaluate(name, hold); });
  }
  run_actions(std::move(actions), context_.clock.hold());
  return {};
}

aws::ApiResult<void> Alarms::remove(const std::vector<std::string>& names) {
  const std::scoped_lock lock(mutex_);
  store::Batch batch;
  for (const auto& name : names) {
    const auto it = alarms_.find(name);
    if (it == alarms_.end()) return not_found(name);
    for (const auto& [other, alarm] : alarms_) {
      std::vector<std::string> used;
      alarm->rule.alarms(used);
      if (std::ranges::find(used, name) != used.end() &&
          std::ranges::find(names, other) == names.end())
        return validation(
            fmt::format("Cannot delete {} as there are composite alarm(s) depending on it.", name));
    }
    batch.erase(alarms_key().add(name).str());
    add_history(*it->second, "ConfigurationUpdate", fmt::format("Alarm \"{}\" deleted", name),
                {{"type", "Delete"}, {"deletedAlarm", shown_alarm(*it->second)}}, batch);
  }
  CHECK_OK(commit(batch));
  for (const auto& name : names) {
    const auto it = alarms_.find(name);
    if (it == alarms_.end()) continue;  // named twice
    it->second->timer.cancel();
    alarms_.erase(it);
  }
  return {};
}

aws::ApiResult<void> Alarms::set_state(const std::string& name, AlarmState state,
                                       std::string reason, std::string reason_data) {
  return transition(name, {state, std::move(reason), std::move(reason_data)},
                    context_.clock.hold());
}

aws::ApiResult<void> Alarms::enable_actions(const std::vector<std::string>& names, bool enabled) {
  const std::scoped_lock lock(mutex_);
  store::Batch batch;
  for (const auto& name : names) {
    const auto it = alarms_.find(name);
    if (it == alarms_.end()) continue;  // as AWS does
    if (it->second->actions_enabled() == enabled) continue;
    it->second->record["ActionsEnabled"] = enabled;
    save(*it->second, batch);
    add_history(*it->second, "ConfigurationUpdate", fmt::format("Alarm \"{}\" updated", name),
                {{"type", "Update"}, {"updatedAlarm", shown_alarm(*it->second)}}, batch);
  }
  if (batch.empty()) return {};
  return commit(batch);
}

aws::ApiResult<void> Alarms::change_tags(const std::string& arn,
                                         const std::function<void(json::Array&)>& change) {
  const std::scoped_lock lock(mutex_);
  const auto it = alarms_.find(alarm_name(arn));
  if (it == alarms_.end() || it->second->arn != arn)
    return aws::fail("ResourceNotFoundException", fmt::format("Unknown resource: {}", arn), 404);
  const auto* old = json::array_at(it->second->record, "Tags");
  json::Array tags = old ? *old : json::Array();
  change(tags);
  if (old != nullptr && tags == *old) return {};
  it->second->record["Tags"] = std::move(tags);
  store::Batch batch;
  save(*it->second, batch);
  return commit(batch);
}

std::optional<json::Object> Alarms::find(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto it = alarms_.find(name);
  if (it == alarms_.end()) return std::nullopt;
  return it->second->record;
}

void Alarms::each(const std::function<void(const Alarm&)>& visit) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, alarm] : alarms_) visit(*alarm);
}

Result<void> Alarms::history(bool newest_first,
                             const std::function<bool(json::Object&&)>& visit) const {
  const auto prefix = history_key();
  const auto cursor = context_.store.cursor(
      prefix, prefix.prefix_end(),
      newest_first ? store::Direction::kBackward : store::Direction::kForward);
  for (; cursor->valid(); cursor->next()) {
    TRY(auto value, json::parse(cursor->value()));
    if (!value.is_object()) return fail(ErrorKind::kIo, "a stored history item is damaged");
    if (!visit(std::move(value.as_object()))) return {};
  }
  return cursor->status();
}

Result<void> Alarms::forget_history() {
  const auto oldest = context_.clock.now() - kHistoryKept;
  const auto cursor = context_.store.cursor(
      history_key(), history_key().add(static_cast<uint64_t>(oldest.time_since_epoch().count())));
  store::Batch batch;
  for (; cursor->valid(); cursor->next()) batch.erase(cursor->key());
  CHECK_OK(cursor->status());
  if (batch.empty()) return {};
  TRY(const auto sequence, context_.store.commit(batch));
  (void)sequence;
  return {};
}

}  // namespace dew::cloudwatch
