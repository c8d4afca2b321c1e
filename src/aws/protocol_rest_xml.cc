// The rest-xml protocol, which is to say S3.
#include "aws/protocol_rest.h"
#include "aws/wire_xml.h"

namespace dew::aws {

namespace {

constexpr std::string_view kProlog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

XmlStyle style(const ServiceModel& service) {
  return {service.name == "s3", TimestampFormat::kIso8601};
}

class RestXmlProtocol final : public RestProtocol {
 public:
  http::Response render(const ReplyTo& to, const json::Value& output) const override {
    // The one result that is a bare text element.
    // docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
    if (to.service.name == "s3" && to.operation->name == "GetBucketLocation") {
      const auto* region = json::find(output, "LocationConstraint");
      http::Response out;
      out.headers.set("Content-Type", content_type());
      out.body = kProlog;
      to_wire_xml(*to.operation->output.shape->find("LocationConstraint"), "LocationConstraint",
                  region ? *region : json::Value(""), {}, to.service.xml_namespace, out.body);
      return out;
    }
    return RestProtocol::render(to, output);
  }

  http::Response render_error(const ReplyTo& to, const ApiError& error) const override {
    http::Response out;
    out.status = error_status(to.service, error);
    if (out.status == 304) return out;
    out.headers.set("Content-Type", content_type());
    const bool s3 = to.service.name == "s3";
    const Shape* shape = to.service.error_shape(error.code);
    out.body = kProlog;
    if (!s3) out.body += "<ErrorResponse>";
    out.body += "<Error>";
    if (!s3) element("Type", out.status < 500 ? "Sender" : "Receiver", out.body);
    element("Code", shape ? shape->error_code : error.code, out.body);
    if (!error.message.empty()) element("Message", error.message, out.body);
    // S3 names the bucket or key at fault in elements that its model does not know.
    json::Object known;
    for (const auto& entry : error.members) {
      if (shape && shape->find(entry.key())) {
        known[entry.key()] = entry.value();
      } else if (entry.value().is_string()) {
        element(entry.key(), json::view(entry.value().get_string()), out.body);
      }
    }
    if (shape) {
      write_headers(to.service, *shape, known, out.headers);
      to_wire_xml_members(*shape, known, style(to.service), out.body);
    }
    if (s3) {
      if (to.request) element("Resource", to.request->path(), out.body);
      element("RequestId", to.request_id, out.body);
      out.body += "</Error>";
    } else {
      out.body += "</Error>";
      element("RequestId", to.request_id, out.body);
      out.body += "</ErrorResponse>";
    }
    return out;
  }

 protected:
  ApiResult<json::Value> read_body(const ServiceModel&, const Member& root,
                                   std::string_view body) const override {
    return from_wire_xml(root, body);
  }

  void write_body(const ServiceModel& service, const Member& root, const json::Object& value,
                  std::string& out) const override {
    std::string name = root.renamed ? root.wire_name : root.shape->name;
    if (!root.renamed && !root.name.empty()) name = root.name;
    out = kProlog;
    to_wire_xml(root, name, json::Value(value), style(service), service.xml_namespace, out);
  }

  std::string_view content_type() const override { return "application/xml"; }
  std::string_view empty_body() const override { return ""; }

 private:
  static void element(std::string_view name, std::string_view text, std::string& out) {
    out += '<';
    out += name;
    out += '>';
    append_xml_text(text, out);
    out += "</";
    out += name;
    out += '>';
  }
};

}  // namespace

const Protocol& rest_xml_protocol() {
  static const RestXmlProtocol protocol;
  return protocol;
}

}  // namespace dew::aws
