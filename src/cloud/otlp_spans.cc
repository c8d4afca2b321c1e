#include "cloud/otlp_spans.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

namespace dew::cloud {

namespace {

constexpr int kInternal = 1;
constexpr int kServer = 2;
constexpr int kClient = 3;
constexpr int kStatusError = 2;
// Of a subsegment that came apart from its segment. opentelemetry.io/docs/specs/semconv/resource/
constexpr std::string_view kUnknownService = "unknown_service";

json::Object attribute(std::string_view key, const json::Value& value) {
  json::Object out;
  if (value.is_string()) out["stringValue"] = value;
  if (value.is_bool()) out["boolValue"] = value;
  if (value.is_int64() || value.is_uint64())
    out["intValue"] = std::to_string(value.to_number<int64_t>());
  if (value.is_double()) out["doubleValue"] = value;
  return {{"key", key}, {"value", std::move(out)}};
}

std::string nanoseconds(double seconds) {
  return fmt::format("{}", static_cast<int64_t>(std::llround(seconds * 1e6)) * 1000);
}

struct Names {
  std::string_view of;
  std::string_view inner;
  std::string_view member;
  std::string_view attribute;
};
// opentelemetry.io/docs/specs/semconv/http/, .../cloud-providers/aws-sdk/
constexpr Names kNames[] = {
    {"http", "request", "method", "http.request.method"},
    {"http", "request", "url", "url.full"},
    {"http", "request", "user_agent", "user_agent.original"},
    {"http", "request", "client_ip", "client.address"},
    {"http", "response", "status", "http.response.status_code"},
    {"http", "response", "content_length", "http.response.body.size"},
    {"aws", "", "operation", "rpc.method"},
    {"aws", "", "request_id", "aws.request_id"},
    {"aws", "", "table_name", "aws.dynamodb.table_names"},
    {"aws", "", "bucket_name", "aws.s3.bucket"},
    {"aws", "", "function_arn", "cloud.resource_id"},
};

json::Array attributes_of(const json::Object& document) {
  json::Array out;
  for (const auto& name : kNames) {
    const auto* holder = json::object_at(document, name.of);
    if (holder != nullptr && !name.inner.empty()) holder = json::object_at(*holder, name.inner);
    const auto* value = holder == nullptr ? nullptr : json::find(*holder, name.member);
    if (value == nullptr || value->is_object() || value->is_array()) continue;
    out.push_back(attribute(name.attribute, *value));
  }
  if (const auto* annotations = json::object_at(document, "annotations")) {
    for (const auto& entry : *annotations) {
      if (!entry.value().is_object() && !entry.value().is_array())
        out.push_back(attribute(entry.key(), entry.value()));
    }
  }
  if (const auto origin = json::string_at(document, "origin"))
    out.push_back(attribute("aws.xray.origin", json::Value(*origin)));
  if (json::bool_at(document, "throttle").value_or(false))
    out.push_back(attribute("aws.xray.throttle", true));
  return out;
}

json::Array events_of(const json::Object& document, const std::string& time) {
  json::Array out;
  const auto* cause = json::object_at(document, "cause");
  const auto* exceptions = cause == nullptr ? nullptr : json::array_at(*cause, "exceptions");
  if (exceptions == nullptr) return out;
  for (const auto& exception : *exceptions) {
    if (!exception.is_object()) continue;
    json::Array attributes;
    for (const auto member : {"type", "message"}) {
      if (const auto text = json::string_at(exception.get_object(), member))
        attributes.push_back(attribute(fmt::format("exception.{}", member), json::Value(*text)));
    }
    out.push_back(json::Object{
        {"timeUnixNano", time}, {"name", "exception"}, {"attributes", std::move(attributes)}});
  }
  return out;
}

void add_spans(const json::Object& document, const std::string& trace_id, std::string_view parent,
               bool segment, json::Array& spans) {
  const auto start = json::number_at(document, "start_time");
  const auto end = json::number_at(document, "end_time");
  const auto id = json::string_or(document, "id");
  if (start && end) {
    const auto space = json::string_or(document, "namespace");
    const bool call = space == "aws" || space == "remote";
    const bool failed = json::bool_at(document, "fault").value_or(false) ||
                        json::bool_at(document, "error").value_or(false);
    json::Object span{{"traceId", trace_id},
                      {"spanId", id},
                      {"name", json::string_or(document, "name")},
                      {"kind", segment ? kServer : (call ? kClient : kInternal)},
                      {"startTimeUnixNano", nanoseconds(*start)},
                      {"endTimeUnixNano", nanoseconds(*end)},
                      {"attributes", attributes_of(document)},
                      {"events", events_of(document, nanoseconds(*end))}};
    if (!parent.empty()) span["parentSpanId"] = parent;
    span["status"] = failed ? json::Object{{"code", kStatusError}} : json::Object();
    spans.push_back(std::move(span));
  }
  const auto* parts = json::array_at(document, "subsegments");
  if (parts == nullptr) return;
  for (const auto& part : *parts) {
    if (part.is_object()) add_spans(part.get_object(), trace_id, id, false, spans);
  }
}

}  // namespace

std::string otlp_request(const std::vector<xray::Segment>& segments) {
  std::map<std::string, json::Array> by_service;
  for (const auto& segment : segments) {
    const auto parsed = json::parse(segment.text);
    if (!parsed || !parsed->is_object()) continue;
    const auto& document = parsed->get_object();
    const bool apart = json::string_or(document, "type") == "subsegment";
    const std::string service =
        apart ? std::string(kUnknownService) : json::string_or(document, "name");
    std::string trace_id;
    for (const char c : segment.trace_id.substr(2)) {
      if (c != '-') trace_id += c;
    }
    add_spans(document, trace_id, json::string_or(document, "parent_id"), !apart,
              by_service[service]);
  }
  json::Array resources;
  for (auto& [service, spans] : by_service) {
    if (spans.empty()) continue;
    resources.push_back(json::Object{
        {"resource",
         json::Object{{"attributes", json::Array{attribute("service.name", json::Value(service)),
                                                 attribute("cloud.provider", "aws")}}}},
        {"scopeSpans", json::Array{json::Object{
                           {"scope", json::Object{{"name", "dewpoint"}, {"version", DEW_VERSION}}},
                           {"spans", std::move(spans)}}}}});
  }
  if (resources.empty()) return {};
  return json::dump(json::Object{{"resourceSpans", std::move(resources)}});
}

}  // namespace dew::cloud
