// Alarms: all of them, their states, and their evaluation on the clock.
//
// A metric alarm is looked at when it is put, and then at the end of each of its periods, a few
// seconds late (kSettleTime) so that what belongs to the period has come. A composite alarm follows
// the alarms of its rule at once. A new state, its history and the configuration are one commit;
// actions run after it, at most once, and their outcome is in the history.
//
// Thread-safe: one lock, not held while data are read or actions run. Limits: kMaxAlarms;
// history of kHistoryKept.
#pragma once

#include <functional>
#include <map>
#include <mutex>

#include "aws/call.h"
#include "services/cloudwatch/alarm.h"
#include "services/cloudwatch/alarm_actions.h"
#include "services/cloudwatch/recorder.h"
#include "services/context.h"

namespace dew::cloudwatch {

inline constexpr size_t kMaxAlarms = 10'000;
inline constexpr std::chrono::seconds kSettleTime{2};
inline constexpr std::chrono::hours kHistoryKept{24 * 30};

class Alarms {
 public:
  Alarms(const services::Context& context, MetricStore& store, Recorder& recorder);

  Result<void> load();
  void set_actions(AlarmActions* actions) { actions_ = actions; }
  // Nothing is evaluated any more.
  void stop();

  // Stored when it returns, and looked at soon.
  aws::ApiResult<void> put(AlarmPtr alarm);
  aws::ApiResult<void> remove(const std::vector<std::string>& names);
  aws::ApiResult<void> set_state(const std::string& name, AlarmState state, std::string reason,
                                 std::string reason_data);
  aws::ApiResult<void> enable_actions(const std::vector<std::string>& names, bool enabled);
  // Changes a copy of the record's Tags. ResourceNotFound: no alarm has this ARN.
  aws::ApiResult<void> change_tags(const std::string& arn,
                                   const std::function<void(json::Array&)>& change);

  // A copy of the record; nullopt: there is none.
  std::optional<json::Object> find(const std::string& name) const;
  // By name, with what `visit` must not keep.
  void each(const std::function<void(const Alarm&)>& visit) const;

  // History items from the store, the newest first or last, until `visit` returns false.
  Result<void> history(bool newest_first, const std::function<bool(json::Object&&)>& visit) const;
  Result<void> forget_history();

 private:
  struct Change {
    AlarmState state;
    std::string reason;
    std::string reason_data;
  };

  void schedule(Alarm& alarm);  // with the lock
  void evaluate(const std::string& name, const ClockHold& hold);
  bool keeps(AlarmState state, const std::string& name) const;
  aws::ApiResult<std::optional<Change>> judge(const Alarm& alarm);
  // Commits the change of one alarm and of the composite alarms that follow, and runs the actions.
  aws::ApiResult<void> transition(const std::string& name, Change change, ClockHold hold);
  void apply(Alarm& alarm, const Change& change, store::Batch& batch,
             std::vector<std::pair<AlarmAction, std::string>>& actions);
  void follow(store::Batch& batch, std::vector<std::pair<AlarmAction, std::string>>& actions);
  void run_actions(std::vector<std::pair<AlarmAction, std::string>> actions, const ClockHold& hold);
  void save(const Alarm& alarm, store::Batch& batch);
  void add_history(const Alarm& alarm, std::string_view type, std::string summary,
                   json::Object data, store::Batch& batch);
  aws::ApiResult<void> commit(const store::Batch& batch);
  std::optional<AlarmState> state_of(const std::string& name) const;  // with the lock

  const services::Context& context_;
  MetricStore& store_;
  Recorder& recorder_;
  AlarmActions* actions_ = nullptr;
  mutable std::recursive_mutex mutex_;
  std::map<std::string, AlarmPtr> alarms_;
  uint64_t history_number_ = 0;
  bool stopping_ = false;
};

}  // namespace dew::cloudwatch
