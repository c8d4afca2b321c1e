// The json protocol (AWS JSON 1.0 and 1.1): DynamoDB, SSM, Logs, CodeDeploy. POST / with
// X-Amz-Target.
#include <array>

#include "aws/protocol.h"
#include "aws/wire_json.h"

namespace dew::aws {

namespace {

// DynamoDB names an error's origin: its own namespace for modelled errors, the framework's for the
// rest. The other services give the bare name.
std::string error_type(const ServiceModel& service, std::string_view code) {
  if (service.name != "dynamodb") return std::string(code);
  if (code == "ValidationException") return "com.amazon.coral.validate#ValidationException";
  if (service.error_shape(code)) return "com.amazonaws.dynamodb.v20120810#" + std::string(code);
  return "com.amazon.coral.service#" + std::string(code);
}

// The framework's own errors carry "Message", modelled ones the name that their shape has.
std::string_view message_key(const ServiceModel& service, std::string_view code,
                             const Shape* shape) {
  if (shape) return shape->find("Message") ? "Message" : "message";
  return service.name == "dynamodb" && code == "SerializationException" ? "Message" : "message";
}

http::Response start(const ReplyTo& to) {
  http::Response out;
  out.headers.reserve(6);
  const std::string_view asked = to.request ? to.request->headers.get("content-type") : "";
  if (asked.starts_with("application/json")) {
    out.headers.add("Content-Type", "application/json");
  } else {
    out.headers.add("Content-Type", "application/x-amz-json-" + to.service.json_version);
  }
  return out;
}

class JsonProtocol final : public Protocol {
 public:
  ApiResult<json::Object> parse(const ServiceModel& service, const Operation& operation,
                                http::Request& request, json::Arena& arena) const override {
    if (request.body.empty()) return json::Object();
    auto parsed = json::parse(request.body, &arena);
    // DynamoDB's has no message at all.
    if (!parsed) {
      return fail("SerializationException",
                  service.name == "dynamodb" ? "" : "Unable to parse the request body");
    }
    json::Value value = *std::move(parsed);
    if (!value.is_object())
      return fail("SerializationException", "Unexpected value type in payload");
    if (!operation.input) return json::Object();
    CHECK_OK(from_wire_json(service, operation.input, value));
    return std::move(value.get_object());
  }

  http::Response render(const ReplyTo& to, const json::Value& output) const override {
    http::Response out = start(to);
    if (!to.operation || !to.operation->output) {
      // SSM and Logs answer nothing at all here, DynamoDB has no such operation; SDKs accept an
      // empty object.
      out.body = "{}";
      return out;
    }
    to_wire_json(to.operation->output, output, out.body);
    return out;
  }

  http::Response render_error(const ReplyTo& to, const ApiError& error) const override {
    http::Response out = start(to);
    out.status = error_status(to.service, error);
    const Shape* shape = to.service.error_shape(error.code);
    if (to.service.query_compatible || to.service.protocol == ProtocolKind::kQuery) {
      const bool sender = shape ? shape->sender_fault : out.status < 500;
      out.headers.add("x-amzn-query-error", (shape ? shape->error_code : error.code) +
                                                (sender ? ";Sender" : ";Receiver"));
    }
    out.body = R"({"__type":)";
    append_json_string(error_type(to.service, shape ? shape->name : error.code), out.body);
    if (!error.message.empty()) {
      out.body += ",\"";
      out.body += message_key(to.service, error.code, shape);
      out.body += "\":";
      append_json_string(error.message, out.body);
    }
    for (const auto& entry : error.members) {
      out.body += ',';
      const Member* member = shape ? shape->find(entry.key()) : nullptr;
      append_json_string(
          member ? std::string_view(member->wire_name) : std::string_view(entry.key()), out.body);
      out.body += ':';
      if (member) {
        to_wire_json(*member, entry.value(), out.body);
      } else {
        out.body += json::dump(entry.value());
      }
    }
    out.body += '}';
    return out;
  }
};

}  // namespace

http::Response json_answer(const ReplyTo& to, std::string output) {
  http::Response out = start(to);
  out.body = std::move(output);
  return out;
}

const Protocol& json_protocol() {
  static const JsonProtocol protocol;
  return protocol;
}

}  // namespace dew::aws
