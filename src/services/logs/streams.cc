// Log streams.
// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "services/logs/service.h"

namespace dew::logs {

namespace {

constexpr size_t kPage = 50;

// Where a stream is in the order asked for, as a page token: the name, after its time where that is
// the order.
std::string place(const json::Object& stream, bool by_time) {
  auto name = json::string_or(stream, "logStreamName");
  if (!by_time) return name;
  return fmt::format("{:020}{}", json::int_at(stream, "lastEventTimestamp").value_or(0), name);
}

}  // namespace

aws::ApiResult<json::Value> Service::create_log_stream(aws::Call& call) {
  const auto name = json::string_or(call.input, "logStreamName");
  ingest_.flush();
  const std::scoped_lock lock(records_.write);
  TRY(const auto group, find_group(call));
  const auto group_name = json::string_or(group, "logGroupName");
  TRY(const auto existing, records_.stream(group_name, name));
  if (existing)
    return aws::fail("ResourceAlreadyExistsException", "The specified log stream already exists");
  store::Batch batch;
  Records::put_stream(batch, group_name, records_.new_stream(name));
  CHECK_OK(records_.commit(batch));
  return json::Object();
}

aws::ApiResult<json::Value> Service::delete_log_stream(aws::Call& call) {
  const auto name = json::string_or(call.input, "logStreamName");
  ingest_.flush();
  const std::scoped_lock lock(records_.write);
  TRY(const auto group, find_group(call));
  const auto group_name = json::string_or(group, "logGroupName");
  TRY(const auto existing, records_.stream(group_name, name));
  if (!existing)
    return aws::fail("ResourceNotFoundException", "The specified log stream does not exist.");
  store::Batch batch;
  Records::erase_stream(batch, group_name, name);
  CHECK_OK(records_.commit(batch));
  return json::Object();
}

aws::ApiResult<json::Value> Service::describe_log_streams(aws::Call& call) {
  ingest_.flush();
  TRY(const auto group, find_group(call));
  const auto group_name = json::string_or(group, "logGroupName");
  const auto prefix = json::string_or(call.input, "logStreamNamePrefix");
  const bool by_time = json::string_or(call.input, "orderBy", "LogStreamName") == "LastEventTime";
  const bool descending = json::bool_at(call.input, "descending").value_or(false);
  if (by_time && !prefix.empty()) {
    return aws::fail("InvalidParameterException",
                     "Cannot order by LastEventTime with a logStreamNamePrefix.");
  }
  const auto limit = static_cast<size_t>(json::int_at(call.input, "limit").value_or(kPage));
  const auto token = base64_decode(json::string_or(call.input, "nextToken"));
  if (!token) return aws::fail("InvalidParameterException", "The specified nextToken is invalid.");

  TRY(auto streams, records_.streams(group_name, prefix));
  std::vector<std::pair<std::string, json::Object>> ordered;
  ordered.reserve(streams.size());
  for (auto& stream : streams) {
    auto at = place(stream, by_time);
    ordered.emplace_back(std::move(at), std::move(stream));
  }
  std::sort(ordered.begin(), ordered.end(), [&](const auto& a, const auto& b) {
    return descending ? a.first > b.first : a.first < b.first;
  });
  json::Object out;
  json::Array list;
  std::string last;
  for (auto& [at, stream] : ordered) {
    if (!token->empty() && (descending ? at >= *token : at <= *token)) continue;
    if (list.size() == limit) {
      out["nextToken"] = base64_encode(last);
      break;
    }
    last = at;
    const auto name = json::string_or(stream, "logStreamName");
    stream["arn"] = fmt::format("{}:log-stream:{}", group_arn(group_name), name);
    stream["storedBytes"] =
        0;  // as on AWS since 2019: the figure of single streams is no longer given
    stream["uploadSequenceToken"] = Position{}.digits();
    list.emplace_back(std::move(stream));
  }
  out["logStreams"] = std::move(list);
  return out;
}

}  // namespace dew::logs
