// Service maps and their statistics over time.
// docs.aws.amazon.com/xray/latest/api/API_GetServiceGraph.html, API_GetTraceGraph.html,
// API_GetTimeSeriesServiceStatistics.html
#include "services/xray/core.h"
#include "services/xray/service_graph.h"

namespace dew::xray {

namespace {

constexpr size_t kMaxGraphTraces = 100'000;

aws::ApiResult<void> each_trace(Core& core, const json::Object& input, const TimeRange& range,
                                const std::function<void(const Trace&)>& visit) {
  TRY(const auto groups, Groups::load(core));
  TRY(const Filter* filter, groups.of(input));
  core.ingest.flush();
  size_t count = 0;
  CHECK_OK(core.traces.scan({range.begin_ms, {}}, range.end_ms, [&](const StoredTrace& stored) {
    if (++count > kMaxGraphTraces) return false;
    const Trace trace = assemble(stored, core.account());
    if (filter == nullptr || matches(*filter, trace, {})) visit(trace);
    return true;
  }));
  if (count > kMaxGraphTraces) {
    return invalid(fmt::format("More than {} traces are in the time range: ask for a shorter one.",
                               kMaxGraphTraces));
  }
  return {};
}

Answer get_service_graph(Core& core, aws::Call& call) {
  TRY(const auto range, time_range(call.input));
  ServiceGraph graph;
  CHECK_OK(each_trace(core, call.input, range, [&](const Trace& trace) { graph.add(trace); }));
  return json::Object{{"StartTime", static_cast<double>(range.begin_ms) / 1000},
                      {"EndTime", static_cast<double>(range.end_ms) / 1000},
                      {"Services", graph.render()},
                      {"ContainsOldGroupVersions", false}};
}

Answer get_trace_graph(Core& core, aws::Call& call) {
  core.ingest.flush();
  const auto* ids = json::array_at(call.input, "TraceIds");
  if (ids == nullptr || ids->empty()) return invalid("TraceIds must not be empty.");
  if (ids->size() > kMaxGraphTraces) return invalid("Too many trace IDs.");
  ServiceGraph graph;
  for (const auto& id : *ids) {
    TRY(const auto stored, core.traces.trace(json::str(id)));
    if (stored) graph.add(assemble(*stored, core.account()));
  }
  return json::Object{{"Services", graph.render()}};
}

// Which segments a selector is about: those of a service, or those called over an edge.
bool selected(const std::optional<Filter>& selector, const Trace& trace, const Entity& segment) {
  if (!selector) return segment.parent == kNoEntity;
  const auto is = [](const std::optional<NodeId>& wanted, const ServiceId& id) {
    return !wanted || ((!wanted->name || *wanted->name == id.name) &&
                       (!wanted->type || *wanted->type == id.type) &&
                       (!wanted->account || *wanted->account == id.account));
  };
  const auto& service = trace.services[segment.service];
  if (selector->kind == Filter::Kind::kService) return is(selector->source, service);
  return segment.parent != kNoEntity && is(selector->target, service) &&
         is(selector->source, trace.services[trace.entities[segment.parent].service]);
}

Answer get_time_series(Core& core, aws::Call& call) {
  TRY(const auto range, time_range(call.input));
  constexpr int64_t kMinute = 60;
  const int64_t period = json::int_at(call.input, "Period").value_or(kMinute);
  if (period != kMinute && period != 5 * kMinute)
    return invalid("Period must be 60 or 300 seconds.");
  if (json::bool_at(call.input, "ForecastStatistics").value_or(false))
    return aws::fail(aws::ApiError::unsupported("forecasts of insights (ForecastStatistics)"));
  std::optional<Filter> selector;
  if (const auto text = json::string_or(call.input, "EntitySelectorExpression"); !text.empty()) {
    auto parsed = parse_filter(text);
    if (!parsed) return invalid("Invalid entity selector expression: " + parsed.error());
    if ((parsed->kind != Filter::Kind::kService && parsed->kind != Filter::Kind::kEdge) ||
        !parsed->children.empty()) {
      return invalid("An entity selector expression is one service(…) or one edge(…).");
    }
    selector = *std::move(parsed);
  }
  const bool service = selector && selector->kind == Filter::Kind::kService;
  std::map<int64_t, Statistics> periods;
  CHECK_OK(each_trace(core, call.input, range, [&](const Trace& trace) {
    for (const auto& segment : trace.entities) {
      if (!segment.segment || !selected(selector, trace, segment)) continue;
      const auto second = static_cast<int64_t>(segment.start);
      periods[second - (second % period)].add(segment,
                                              service ? segment : timing_of_call(trace, segment));
    }
  }));
  json::Array out;
  for (const auto& [start, statistics] : periods) {
    out.push_back(json::Object{
        {"Timestamp", start},
        {service ? "ServiceSummaryStatistics" : "EdgeSummaryStatistics", statistics.render()},
        {"ResponseTimeHistogram", statistics.histogram.render()}});
  }
  return json::Object{{"TimeSeriesServiceStatistics", std::move(out)},
                      {"ContainsOldGroupVersions", false}};
}

}  // namespace

void register_graphs(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "GetServiceGraph", get_service_graph);
  add_operation(registry, core, "GetTraceGraph", get_trace_graph);
  add_operation(registry, core, "GetTimeSeriesServiceStatistics", get_time_series);
}

}  // namespace dew::xray
