// Whatever parses as JSON and looks like a proxy event is taken, and its parts agree with a full
// JSON parse.
#include <dew/events.h>

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto event = dew::ApiGatewayEvent::parse(text);
  const auto value = dew::parse_json(text);
  if (event) {
    (void)event->headers();
    (void)event->queries();
    (void)event->body();
    (void)event->path_parameter("id");
    (void)event->source_ip();
    (void)event->request_id();
  }
  if (!value || !value->is_object()) return 0;
  const auto& object = value->get_object();
  const auto* method = object.if_contains("httpMethod");
  const auto* path = object.if_contains("path");
  if (method == nullptr || path == nullptr || !method->is_string() || !path->is_string()) return 0;
  if (!event) {
    // The cursor compares member names as they are spelled: escaped ones are not seen.
    if (text.find('\\') == std::string_view::npos) std::abort();
    return 0;
  }
  if (text.find('\\') == std::string_view::npos) {
    if (event->method() != std::string_view(method->get_string())) std::abort();
    if (event->path() != std::string_view(path->get_string())) std::abort();
  }
  return 0;
}
