// The rest-json protocol: Lambda, API Gateway, X-Ray.
#include <fmt/format.h>

#include "aws/protocol_rest.h"
#include "aws/wire_json.h"

namespace dew::aws {

namespace {

class RestJsonProtocol final : public RestProtocol {
 public:
  http::Response render_error(const ReplyTo& to, const ApiError& error) const override {
    http::Response out;
    out.status = error_status(to.service, error);
    const Shape* shape = to.service.error_shape(error.code);
    out.headers.add("Content-Type", "application/json");
    out.headers.add("x-amzn-errortype", shape ? shape->name : error.code);
    json::Object body = error.members;
    const bool lambda = to.service.name == "lambda";
    // Lambda's error documents say whose fault it was.
    // docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
    if (lambda && !body.contains("Type")) body["Type"] = out.status < 500 ? "User" : "Service";
    const std::string_view key = message_key(to.service, shape);
    if (!error.message.empty()) body[key] = error.message;
    if (!shape) {
      out.body = json::dump(body);
      return out;
    }
    write_error(to.service, *shape, body, out);
    return out;
  }

 protected:
  ApiResult<json::Value> read_body(const ServiceModel& service, const Member& root,
                                   std::string_view body) const override {
    auto parsed = json::parse(body);
    if (!parsed) return malformed(service, parsed.error().message);
    json::Value value = *std::move(parsed);
    if (value.is_null()) return value;
    if (root.shape->is_document) return value;
    if (!value.is_object() && root.shape->kind == Kind::kStructure) {
      return malformed(service, "the body is not an object");
    }
    CHECK_OK(from_wire_json(service, root, value));
    return value;
  }

  void write_body(const ServiceModel&, const Member& root, const json::Object& value,
                  std::string& out) const override {
    to_wire_json_body(*root.shape, value, out);
  }

  std::string_view content_type() const override { return "application/json"; }
  std::string_view empty_body() const override { return "{}"; }

 private:
  static std::string_view message_key(const ServiceModel& service, const Shape* shape) {
    if (shape && shape->find("Message")) return "Message";
    if (shape && shape->find("message")) return "message";
    return service.name == "lambda" || service.name == "xray" ? "Message" : "message";
  }

  static std::unexpected<ApiError> malformed(const ServiceModel& service, std::string_view detail) {
    if (service.name == "lambda") {
      return fail("InvalidRequestContentException",
                  fmt::format("Could not parse request body into json: {}", detail));
    }
    return fail("SerializationException",
                fmt::format("Could not parse the request body: {}", detail));
  }

  static void write_error(const ServiceModel& service, const Shape& shape, json::Object& body,
                          http::Response& out) {
    json::Object known;
    json::Object rest;
    for (auto& entry : body) {
      (shape.find(entry.key()) ? known : rest)[entry.key()] = entry.value();
    }
    write_headers(service, shape, known, out.headers);
    to_wire_json_body(shape, known, out.body);
    if (rest.empty()) return;  // Type, where the shape does not name it
    const std::string more = json::dump(rest);
    out.body.pop_back();
    if (out.body.size() > 1) out.body += ',';
    out.body.append(more, 1);
  }
};

}  // namespace

const Protocol& rest_json_protocol() {
  static const RestJsonProtocol protocol;
  return protocol;
}

}  // namespace dew::aws
