// Segments in, traces out.
// docs.aws.amazon.com/xray/latest/api/API_PutTraceSegments.html, API_BatchGetTraces.html,
// API_GetTraceSummaries.html, API_PutTelemetryRecords.html
#include "base/encoding.h"
#include "services/xray/core.h"
#include "services/xray/summary.h"

namespace dew::xray {

aws::ApiResult<TimeRange> time_range(const json::Object& input) {
  const double begin = json::number_at(input, "StartTime").value_or(0);
  const double end = json::number_at(input, "EndTime").value_or(0);
  if (begin < 0 || end > 1e11) return invalid("The time range is not valid.");
  if (begin >= end) return invalid("StartTime must be before EndTime.");
  return TimeRange{static_cast<int64_t>(begin * 1000), static_cast<int64_t>(end * 1000)};
}

namespace {

// docs.aws.amazon.com/xray/latest/devguide/xray-api-gettingdata.html: five traces at once.
constexpr size_t kMaxTracesPerBatch = 5;
constexpr size_t kMaxDocumentsPerCall = 1000;
constexpr size_t kSummariesPerPage = 500;
constexpr size_t kScannedPerPage = 5000;
// How long before a range a trace may have begun that has an event within it.
constexpr int64_t kLongestTraceMs = 3600 * 1000;

Answer put_trace_segments(Core& core, aws::Call& call) {
  const auto* documents = json::array_at(call.input, "TraceSegmentDocuments");
  if (documents == nullptr || documents->empty())
    return invalid("TraceSegmentDocuments must not be empty.");
  if (documents->size() > kMaxDocumentsPerCall)
    return invalid(fmt::format("More than {} segment documents.", kMaxDocumentsPerCall));
  std::vector<Segment> accepted;
  std::vector<Refusal> refused;
  for (const auto& document : *documents) {
    read_document(document.is_string() ? json::view(document.get_string()) : std::string_view(),
                  accepted, refused);
  }
  CHECK_OK(core.ingest.write(accepted));
  json::Array unprocessed;
  for (const auto& one : refused) {
    json::Object out{{"ErrorCode", one.code}, {"Message", one.message()}};
    if (!one.id.empty()) out["Id"] = one.id;
    unprocessed.push_back(std::move(out));
  }
  return json::Object{{"UnprocessedTraceSegments", std::move(unprocessed)}};
}

Answer put_telemetry_records(Core&, aws::Call&) {
  // What a daemon says of itself has no reader in the API; the input has been checked.
  return json::Object();
}

// A trace as its documents: what came, and what was inferred.
json::Object render(const Trace& trace) {
  json::Array segments;
  for (const auto& entity : trace.entities) {
    if (!entity.apart) continue;
    segments.push_back(json::Object{{"Id", entity.id}, {"Document", json::dump(*entity.document)}});
  }
  return {{"Id", trace.id},
          {"Duration", trace.seconds()},
          {"LimitExceeded", trace.limit_exceeded},
          {"Segments", std::move(segments)}};
}

Answer batch_get_traces(Core& core, aws::Call& call) {
  core.ingest.flush();
  const auto* ids = json::array_at(call.input, "TraceIds");
  if (ids == nullptr || ids->empty()) return invalid("TraceIds must not be empty.");
  if (ids->size() > kMaxTracesPerBatch)
    return invalid(fmt::format("More than {} trace IDs.", kMaxTracesPerBatch));
  json::Array traces;
  json::Array unprocessed;
  for (const auto& id : *ids) {
    TRY(const auto stored, core.traces.trace(json::str(id)));
    if (stored) {
      traces.push_back(render(assemble(*stored, core.account())));
    } else {
      unprocessed.push_back(id);
    }
  }
  return json::Object{{"Traces", std::move(traces)},
                      {"UnprocessedTraceIds", std::move(unprocessed)}};
}

std::string token_of(const TraceStore::Place& place) {
  return base64_encode(fmt::format("{}/{}", place.ms, place.id));
}

aws::ApiResult<TraceStore::Place> place_of(std::string_view token) {
  const auto text = base64_decode(token);
  const size_t slash = text ? text->find('/') : std::string::npos;
  if (slash == std::string::npos || slash > 15 || text->find_first_not_of("0123456789") != slash ||
      slash == 0) {
    return invalid("The NextToken is not valid.");
  }
  return TraceStore::Place{std::stoll(text->substr(0, slash)), text->substr(slash + 1)};
}

bool has_event_in(const Trace& trace, const TimeRange& range) {
  return std::ranges::any_of(trace.entities, [&](const Entity& one) {
    const auto ms = static_cast<int64_t>(one.start * 1000);
    return one.segment && ms >= range.begin_ms && ms < range.end_ms;
  });
}

Answer get_trace_summaries(Core& core, aws::Call& call) {
  TRY(const auto range, time_range(call.input));
  std::optional<Filter> filter;
  if (const auto text = json::string_or(call.input, "FilterExpression"); !text.empty()) {
    auto parsed = parse_filter(text);
    if (!parsed) return invalid("Invalid filter expression: " + parsed.error());
    filter = *std::move(parsed);
  }
  if (json::bool_at(call.input, "Sampling").value_or(false) ||
      call.input.contains("SamplingStrategy"))
    return aws::fail(
        aws::ApiError::unsupported("Sampling of summaries (Sampling, SamplingStrategy)"));
  const bool by_event = json::string_or(call.input, "TimeRangeType", "TraceId") == "Event";
  TRY(const auto groups, Groups::load(core));
  core.ingest.flush();

  TraceStore::Place from{by_event ? range.begin_ms - kLongestTraceMs : range.begin_ms, {}};
  if (const auto token = json::string_or(call.input, "NextToken"); !token.empty()) {
    TRY(from, place_of(token));
  }
  json::Array summaries;
  size_t scanned = 0;
  std::string next;
  const auto lookup = groups.lookup();
  CHECK_OK(core.traces.scan(from, range.end_ms, [&](const StoredTrace& stored) {
    if (scanned == kScannedPerPage || summaries.size() == kSummariesPerPage) {
      next = token_of({stored.start_ms, stored.id});
      return false;
    }
    ++scanned;
    const Trace trace = assemble(stored, core.account());
    if (by_event && !has_event_in(trace, range)) return true;
    if (!filter || matches(*filter, trace, lookup)) summaries.push_back(summarize(trace));
    return true;
  }));
  json::Object out{{"TraceSummaries", std::move(summaries)},
                   {"ApproximateTime", core.context.clock.now_seconds()},
                   {"TracesProcessedCount", scanned}};
  if (!next.empty()) out["NextToken"] = next;
  return out;
}

}  // namespace

void register_traces(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "PutTraceSegments", put_trace_segments);
  add_operation(registry, core, "PutTelemetryRecords", put_telemetry_records);
  add_operation(registry, core, "BatchGetTraces", batch_get_traces);
  add_operation(registry, core, "GetTraceSummaries", get_trace_summaries);
}

}  // namespace dew::xray
