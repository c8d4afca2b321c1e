// Properties: no body crashes a protocol's parser, and what it accepts can be validated and
// rendered as JSON that parses again.
#include <cstdlib>

#include "aws/protocol.h"
#include "aws/protocol_query.h"
#include "aws/validate.h"
#include "aws/wire_json.h"

namespace {

void parse(std::string_view service_name, std::string_view operation_name, std::string_view body) {
  using namespace dew;
  const auto* service = aws::service_model(service_name);
  const auto* operation = service->operation(operation_name);
  http::Request request;
  request.method = operation->method;
  request.target = "/bucket/key";
  request.body = body;
  json::Arena arena;
  const auto input = aws::protocol(service->protocol).parse(*service, *operation, request, arena);
  if (!input) return;
  (void)aws::validate(*service, *operation, *input);
  std::string text;
  aws::to_wire_json(operation->input, *input, text);
  if (body.find_first_of("\x80\xff") == std::string_view::npos && !json::parse(text)) {
    for (const char c : body) {
      if (static_cast<unsigned char>(c) >= 0x80)
        return;  // not UTF-8: a blob's or a form's raw bytes
    }
    if (body.find('%') == std::string_view::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  parse("dynamodb", "PutItem", text);
  parse("cloudformation", "CreateChangeSet", text);
  parse("iam", "CreateRole", text);
  parse("s3", "DeleteObjects", text);
  parse("lambda", "CreateFunction", text);
  return 0;
}
