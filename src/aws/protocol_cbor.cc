// The protocol rpc-v2-cbor, as newer SDKs speak it with CloudWatch:
// POST /service/NAME/operation/OPERATION with Smithy-Protocol: rpc-v2-cbor.
// smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
#include "aws/protocol.h"
#include "aws/wire_cbor.h"

namespace dew::aws {

namespace {

http::Response start() {
  http::Response out;
  out.headers.add("Content-Type", "application/cbor");
  out.headers.add("smithy-protocol", "rpc-v2-cbor");
  return out;
}

class CborProtocol final : public Protocol {
 public:
  ApiResult<json::Object> parse(const ServiceModel&, const Operation& operation,
                                http::Request& request, json::Arena& /*arena*/) const override {
    if (request.body.empty() || !operation.input) return json::Object();
    TRY(auto value, parse_cbor(request.body));
    CHECK_OK(from_wire_cbor(operation.input, value));
    return std::move(value.get_object());
  }

  http::Response render(const ReplyTo& to, const json::Value& output) const override {
    http::Response out = start();
    if (to.operation && to.operation->output) {
      to_wire_cbor(to.operation->output, output, out.body);
    } else {
      append_cbor_map(0, out.body);
    }
    return out;
  }

  http::Response render_error(const ReplyTo& to, const ApiError& error) const override {
    http::Response out = start();
    out.status = error_status(to.service, error);
    const Shape* shape = to.service.error_shape(error.code);
    const bool sender = shape ? shape->sender_fault : out.status < 500;
    // A service that once spoke query: SDKs show the code that it had then.
    out.headers.add("x-amzn-query-error",
                    (shape ? shape->error_code : error.code) + (sender ? ";Sender" : ";Receiver"));
    const bool upper = shape != nullptr && shape->find("Message") != nullptr;
    append_cbor_map(error.message.empty() ? 1 : 2, out.body);
    append_cbor_text("__type", out.body);
    append_cbor_text("com.amazonaws." + to.service.name + "#" + (shape ? shape->name : error.code),
                     out.body);
    if (!error.message.empty()) {
      append_cbor_text(upper ? "Message" : "message", out.body);
      append_cbor_text(error.message, out.body);
    }
    return out;
  }
};

}  // namespace

const Protocol& cbor_protocol() {
  static const CborProtocol protocol;
  return protocol;
}

}  // namespace dew::aws
