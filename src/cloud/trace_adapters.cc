#include "cloud/trace_adapters.h"

#include "aws/trace_header.h"
#include "base/encoding.h"
#include "cloud/segment_text.h"

namespace dew::cloud {

namespace {

void keep(xray::Service& xray, std::string_view trace_id, std::string_view id, TimePoint start,
          SegmentText& text, bool automatic_call = false) {
  xray::Segment segment;
  segment.trace_id = trace_id;
  segment.id = id;
  segment.start_ms = start.time_since_epoch().count() / 1000;
  segment.text = text.take();
  segment.automatic_call = automatic_call;
  xray.record(std::move(segment));
}

// A client's header may hold any bytes; a document is JSON, in UTF-8.
std::string_view clean(std::string_view text) {
  constexpr size_t kMaxBytes = 1024;
  text = text.substr(0, kMaxBytes);
  return is_valid_utf8(text) ? text : std::string_view("?");
}

// X-Ray's names are at most 200 bytes.
std::string_view named(std::string_view name) { return clean(name.substr(0, xray::kMaxNameBytes)); }

// docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
std::string invoke_url(std::string_view region, std::string_view function_arn) {
  return fmt::format("https://lambda.{}.amazonaws.com/2015-03-31/functions/{}/invocations", region,
                     function_arn);
}

void subsegment(SegmentText& text, std::string_view name, TimePoint start, TimePoint end) {
  text.element().text("id", aws::new_segment_id()).text("name", name);
  text.time("start_time", start).time("end_time", std::max(start, end));
}

}  // namespace

bool GatewayTraces::sample(const apigateway::SamplingQuestion& question) {
  return xray_.sample({.service_name = question.service_name,
                       .service_type = "AWS::ApiGateway::Stage",
                       .host = question.host,
                       .http_method = question.http_method,
                       .url_path = question.url_path,
                       .resource_arn = question.resource_arn});
}

void GatewayTraces::record(const apigateway::RequestTrace& trace) {
  SegmentText out;
  out.text("id", trace.id).text("name", named(trace.api_name + "/" + trace.stage));
  out.text("trace_id", trace.trace_id).text("origin", "AWS::ApiGateway::Stage");
  if (!trace.parent_id.empty()) out.text("parent_id", trace.parent_id);
  out.time("start_time", trace.start).time("end_time", std::max(trace.start, trace.end));
  out.text("resource_arn", fmt::format("arn:aws:apigateway:{}::/restapis/{}/stages/{}",
                                       trace.region, trace.api_id, trace.stage));
  out.object("http").object("request").text("url", clean(trace.url));
  out.text("method", clean(trace.method)).text("client_ip", clean(trace.client_ip));
  if (!trace.user_agent.empty()) out.text("user_agent", clean(trace.user_agent));
  if (trace.forwarded) out.flag("x_forwarded_for");
  out.end().object("response").number("status", trace.status);
  out.number("content_length", static_cast<int64_t>(trace.response_bytes)).end().end();
  out.object("aws").object("api_gateway").text("account_id", trace.account);
  out.text("rest_api_id", trace.api_id).text("stage", trace.stage);
  out.text("request_id", trace.request_id).end().end();
  out.outcome(trace.status);
  const auto& call = trace.integration;
  if (!call.id.empty()) {
    out.list("subsegments").element().text("id", call.id).text("name", "Lambda");
    out.text("namespace", "aws").time("start_time", call.start);
    out.time("end_time", std::max(call.start, call.end));
    out.object("http").object("request").text("method", "POST");
    out.text("url", invoke_url(trace.region, call.function_arn)).end();
    out.object("response").number("status", call.status).end().end();
    out.object("aws").text("operation", "Invoke").text("function_name", call.function_arn);
    out.list("resource_names").element(call.function_arn).end(']').end();
    out.outcome(call.function_error ? 500 : call.status);
    out.end().end(']');
  }
  keep(xray_, trace.trace_id, trace.id, trace.start, out);
}

void RunningInvocations::add(std::string_view access_key, Place place) {
  const std::scoped_lock lock(mutex_);
  places_.emplace(access_key, std::move(place));
  count_.fetch_add(1, std::memory_order_relaxed);
}

void RunningInvocations::remove(std::string_view access_key, std::string_view invocation_id) {
  const std::scoped_lock lock(mutex_);
  const auto [begin, end] = places_.equal_range(access_key);
  for (auto it = begin; it != end; ++it) {
    if (it->second.invocation_id != invocation_id) continue;
    places_.erase(it);
    count_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
}

std::optional<RunningInvocations::Place> RunningInvocations::find(
    std::string_view access_key) const {
  if (count_.load(std::memory_order_relaxed) == 0) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  const auto [begin, end] = places_.equal_range(access_key);
  if (begin == end || std::next(begin) != end) return std::nullopt;
  return begin->second;
}

bool LambdaTraces::sample(std::string_view function_name, std::string_view function_arn) {
  return xray_.sample({.service_name = function_name,
                       .service_type = "AWS::Lambda::Function",
                       .host = {},
                       .http_method = {},
                       .url_path = {},
                       .resource_arn = function_arn});
}

void LambdaTraces::invocation_began(std::string_view access_key,
                                    const lambda::InvocationTrace& trace) {
  running_.add(access_key, {trace.trace_id, trace.invocation_id});
}

void LambdaTraces::invocation_ended(std::string_view access_key,
                                    const lambda::InvocationTrace& trace) {
  running_.remove(access_key, trace.invocation_id);
}

void LambdaTraces::record_service(const lambda::InvocationTrace& trace, TimePoint answered,
                                  int status, bool fault) {
  SegmentText out;
  out.text("id", trace.service_id).text("name", named(trace.function_name));
  out.text("trace_id", trace.trace_id).text("origin", "AWS::Lambda");
  if (!trace.parent_id.empty()) out.text("parent_id", trace.parent_id);
  out.time("start_time", trace.received).time("end_time", std::max(trace.received, answered));
  out.text("resource_arn", trace.function_arn);
  out.object("http").object("response").number("status", status).end().end();
  out.object("aws").text("request_id", trace.request_id).end();
  out.outcome(fault ? 500 : status);
  keep(xray_, trace.trace_id, trace.service_id, trace.received, out);
}

void LambdaTraces::record_function(const lambda::InvocationTrace& trace) {
  const bool ran = trace.delivered > trace.received || trace.error_type.empty();
  const auto& cold = trace.cold_start;
  // An environment that was started for somebody else began before this invocation was there.
  const TimePoint start = std::max(trace.received, cold ? cold->planned : trace.delivered);
  SegmentText out;
  out.text("id", trace.function_id).text("name", named(trace.function_name));
  out.text("trace_id", trace.trace_id).text("parent_id", trace.service_id);
  out.text("origin", "AWS::Lambda::Function").time("start_time", start);
  out.time("end_time", std::max(start, trace.ended));
  out.object("aws").text("account_id", account_).text("function_arn", trace.function_arn);
  out.text("request_id", trace.request_id);
  out.list("resource_names").element(trace.function_name).end(']').end();
  if (!trace.error_type.empty()) {
    out.flag("fault").cause(clean(trace.error_type), clean(trace.error_message));
  }
  out.list("subsegments");
  if (cold) {
    subsegment(out, "Initialization", cold->planned, cold->ready);
    out.object("aws").text("function_arn", trace.function_arn).end().list("subsegments");
    subsegment(out, "Prepare", cold->planned, cold->prepared);
    out.end();
    subsegment(out, "Sandbox", cold->prepared, cold->spawned);
    out.end();
    subsegment(out, "Runtime", cold->spawned, cold->ready);
    out.end().end(']').end();
  }
  if (ran) {
    out.element().text("id", trace.invocation_id).text("name", "Invocation");
    out.time("start_time", trace.delivered);
    out.time("end_time", std::max(trace.delivered, trace.answered));
    out.object("aws").text("function_arn", trace.function_arn).end();
    if (!trace.error_type.empty()) out.flag("fault");
    out.end();
    subsegment(out, "Overhead", trace.answered, trace.ended);
    out.object("aws").text("function_arn", trace.function_arn).end().end();
  }
  out.end(']');
  keep(xray_, trace.trace_id, trace.function_id, start, out);
}

namespace {

// As the AWS X-Ray SDKs name their subsegments: the client's name.
constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    {"dynamodb", "DynamoDB"},
    {"lambda", "Lambda"},
    {"s3", "S3"},
    {"ssm", "SSM"},
    {"sts", "STS"},
    {"iam", "IAM"},
    {"ecr", "ECR"},
    {"logs", "CloudWatchLogs"},
    {"cloudwatch", "CloudWatch"},
    {"cloudformation", "CloudFormation"},
    {"apigateway", "APIGateway"},
};

std::string_view sdk_name(std::string_view service) {
  for (const auto& [name, shown] : kNames) {
    if (name == service) return shown;
  }
  return service;
}

// What the SDKs take of a call's parameters.
// github.com/aws/aws-xray-sdk-node/blob/master/packages/core/lib/resources/aws_whitelist.json
struct Parameter {
  std::string_view service;
  std::string_view member;
  std::string_view shown;
  bool resource;  // also one of resource_names
};
constexpr Parameter kParameters[] = {
    {"dynamodb", "TableName", "table_name", true},
    {"dynamodb", "IndexName", "index_name", false},
    {"lambda", "FunctionName", "function_name", true},
    {"lambda", "Qualifier", "qualifier", false},
    {"lambda", "InvocationType", "invocation_type", false},
    {"s3", "Bucket", "bucket_name", true},
    {"s3", "Key", "key", false},
    {"s3", "VersionId", "version_id", false},
};

bool throttles(const aws::ApiError& error) {
  return error.status == 429 || error.code.find("Throttl") != std::string::npos ||
         error.code == "ProvisionedThroughputExceededException" ||
         error.code == "TooManyRequestsException" || error.code == "RequestLimitExceeded";
}

}  // namespace

std::unique_ptr<aws::CallSpan> CallTraces::begin(const http::Request& request,
                                                 std::string_view access_key) {
  const auto text = request.headers.get("x-amzn-trace-id");
  std::unique_ptr<aws::CallSpan> span;
  if (!text.empty()) {
    const auto header = aws::parse_trace_header(text);
    if (header.sampled != aws::Sampled::kYes || header.root.empty() || header.parent.empty())
      return nullptr;
    span = std::make_unique<aws::CallSpan>();
    span->trace_id = header.root;
    span->parent_id = header.parent;
  } else {
    auto place = running_.find(access_key);
    if (!place) return nullptr;
    span = std::make_unique<aws::CallSpan>();
    span->trace_id = std::move(place->trace_id);
    span->parent_id = std::move(place->invocation_id);
  }
  span->id = aws::new_segment_id();
  span->start = clock_.now();
  return span;
}

void CallTraces::end(const aws::CallSpan& span, const aws::Call& call, int status,
                     size_t response_bytes, const aws::ApiError* error) {
  // Sending traces is not part of them.
  if (call.service == "xray") return;
  SegmentText out;
  out.text("id", span.id).text("name", sdk_name(call.service)).text("trace_id", span.trace_id);
  out.text("parent_id", span.parent_id).text("type", "subsegment").text("namespace", "aws");
  out.time("start_time", span.start).time("end_time", std::max(span.start, clock_.now()));
  out.object("http").object("response").number("status", status);
  out.number("content_length", static_cast<int64_t>(response_bytes)).end().end();
  out.object("aws").text("operation", call.operation).text("region", clean(call.region));
  out.text("request_id", call.request_id);
  std::string_view resource;
  for (const auto& parameter : kParameters) {
    if (parameter.service != call.service) continue;
    const auto value = json::string_at(call.input, parameter.member);
    if (!value) continue;
    out.text(parameter.shown, clean(*value));
    if (parameter.resource) resource = clean(*value);
  }
  if (!resource.empty()) out.list("resource_names").element(resource).end(']');
  out.end();
  if (error != nullptr) {
    out.outcome(throttles(*error) ? 429 : std::max(status, 400));
    out.cause(clean(error->code), clean(error->message));
  }
  keep(xray_, span.trace_id, span.id, span.start, out, true);
}

}  // namespace dew::cloud
