// What the operations of the service share. Internal to this folder.
#pragma once

#include "services/records.h"
#include "services/xray/filter.h"
#include "services/xray/ingest.h"
#include "services/xray/sampler.h"
#include "services/xray/service.h"

namespace dew::xray {

using Answer = aws::ApiResult<json::Value>;

struct Core {
  Core(const services::Context& context_, Ingest::Written written)
      : context(context_),
        traces(context_.store, context_.clock),
        sampler(context_.clock),
        ingest(traces, std::move(written)) {}

  const services::Context& context;
  TraceStore traces;
  Sampler sampler;
  Ingest ingest;
  std::mutex write;  // of groups, rules and tags: one change at a time

  const std::string& account() const { return context.config.account; }
  std::string arn(std::string_view rest) const {
    return fmt::format("arn:aws:xray:{}:{}:{}", context.config.region, account(), rest);
  }
};

inline std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail("InvalidRequestException", std::move(message));
}

// StartTime and EndTime in milliseconds, EndTime's own millisecond excluded.
struct TimeRange {
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
};
aws::ApiResult<TimeRange> time_range(const json::Object& input);

// Every group's filter, by name and ARN. Those whose expression is empty hold everything.
class Groups {
 public:
  static aws::ApiResult<Groups> load(Core& core);
  const Filter* find(Keyword by, std::string_view text) const;
  GroupFilter lookup() const {
    return [this](Keyword by, std::string_view text) { return find(by, text); };
  }
  // The filter of the input's GroupName or GroupARN; null: it names none.
  aws::ApiResult<const Filter*> of(const json::Object& input) const;

 private:
  struct Group {
    std::string name;
    std::string arn;
    Filter filter;
  };
  std::vector<Group> groups_;
};

// Tags of a request as {key: value}; an error when there are too many.
aws::ApiResult<json::Object> tags_of(const json::Object& input);

// The rules as they are stored, and the default one.
aws::ApiResult<void> load_rules(Core& core);
aws::ApiResult<void> save_rule(Core& core, const SamplingRule& rule);

store::Key group_key(std::string_view name);
aws::ApiResult<std::optional<json::Object>> group_by_arn(Core& core, std::string_view arn);

void register_traces(aws::Registry& registry, Core& core);
void register_graphs(aws::Registry& registry, Core& core);
void register_sampling(aws::Registry& registry, Core& core);
void register_groups(aws::Registry& registry, Core& core);
void register_settings(aws::Registry& registry, Core& core);

using Operation = Answer (*)(Core&, aws::Call&);
inline void add_operation(aws::Registry& registry, Core& core, const char* name, Operation run) {
  registry.add("xray", name, aws::Run::kWorker,
               [&core, run](aws::Call& call) { return run(core, call); });
}

}  // namespace dew::xray
