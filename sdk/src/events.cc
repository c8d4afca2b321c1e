#include <dew/encoding.h>
#include <dew/events.h>

#include "json_text.h"

namespace dew {
namespace {

bool is_string(std::string_view raw) { return raw.size() >= 2 && raw.front() == '"'; }

const std::pair<std::string_view, std::string_view>* last_of(const ApiGatewayEvent::Pairs& pairs,
                                                             std::string_view name,
                                                             bool ignore_case) {
  for (auto it = pairs.rbegin(); it != pairs.rend(); ++it) {
    if (ignore_case ? iequals(it->first, name) : it->first == name) return &*it;
  }
  return nullptr;
}

std::optional<std::string_view> value_of(
    const std::pair<std::string_view, std::string_view>* pair) {
  if (pair == nullptr) return std::nullopt;
  return pair->second;
}

}  // namespace

Result<ApiGatewayEvent> ApiGatewayEvent::parse(std::string_view text) {
  ApiGatewayEvent event;
  std::string_view method, path, resource, base64;
  const bool ok =
      json_text::for_each_member(text, [&](std::string_view key, std::string_view value) {
        if (key == "httpMethod") method = value;
        if (key == "path") path = value;
        if (key == "resource") resource = value;
        if (key == "headers") event.headers_ = value;
        if (key == "multiValueHeaders") event.multi_headers_ = value;
        if (key == "queryStringParameters") event.query_ = value;
        if (key == "multiValueQueryStringParameters") event.multi_query_ = value;
        if (key == "pathParameters") event.path_parameters_ = value;
        if (key == "stageVariables") event.stage_variables_ = value;
        if (key == "requestContext") event.context_ = value;
        if (key == "body") event.body_ = value;
        if (key == "isBase64Encoded") base64 = value;
      });
  if (!ok) return fail("InvalidEvent", "the event is not a JSON object");
  const auto method_text = event.text_of(method);
  const auto path_text = event.text_of(path);
  if (!method_text || !path_text)
    return fail("InvalidEvent", "the event is not an API Gateway proxy event");
  event.method_ = *method_text;
  event.path_ = *path_text;
  event.resource_ = event.text_of(resource).value_or("");
  event.base64_ = base64 == "true";
  return event;
}

std::optional<std::string_view> ApiGatewayEvent::text_of(std::string_view raw) const {
  if (!is_string(raw)) return std::nullopt;
  const std::string_view inner = raw.substr(1, raw.size() - 2);
  if (inner.find('\\') == std::string_view::npos) return inner;
  auto text = json_text::unescape(inner);
  if (!text) return std::nullopt;
  return decoded_.emplace_back(std::move(*text));
}

const ApiGatewayEvent::Pairs& ApiGatewayEvent::load(Pairs& into, bool& loaded,
                                                    std::string_view multi,
                                                    std::string_view single) const {
  if (loaded) return into;
  loaded = true;
  auto name_of = [&](std::string_view key) -> std::string_view {
    if (key.find('\\') == std::string_view::npos) return key;
    auto text = json_text::unescape(key);
    return text ? std::string_view(decoded_.emplace_back(std::move(*text))) : std::string_view();
  };
  auto add = [&](std::string_view name, std::string_view raw) {
    if (const auto text = text_of(raw)) into.emplace_back(name, *text);
  };
  if (!multi.empty() && multi.front() == '{') {
    json_text::for_each_member(multi, [&](std::string_view key, std::string_view value) {
      const std::string_view name = name_of(key);
      json_text::Cursor cursor(value);
      if (!cursor.eat('[') || cursor.eat(']')) return;
      do {
        const auto element = cursor.value();
        if (!element) return;
        add(name, *element);
      } while (cursor.eat(','));
    });
  } else if (!single.empty() && single.front() == '{') {
    json_text::for_each_member(
        single, [&](std::string_view key, std::string_view value) { add(name_of(key), value); });
  }
  return into;
}

const ApiGatewayEvent::Pairs& ApiGatewayEvent::headers() const {
  return load(header_pairs_, headers_loaded_, multi_headers_, headers_);
}

const ApiGatewayEvent::Pairs& ApiGatewayEvent::queries() const {
  return load(query_pairs_, query_loaded_, multi_query_, query_);
}

std::optional<std::string_view> ApiGatewayEvent::header(std::string_view name) const {
  return value_of(last_of(headers(), name, true));
}

std::optional<std::string_view> ApiGatewayEvent::query(std::string_view name) const {
  return value_of(last_of(queries(), name, false));
}

std::optional<std::string_view> ApiGatewayEvent::path_parameter(std::string_view name) const {
  return value_of(last_of(load(path_pairs_, path_loaded_, {}, path_parameters_), name, false));
}

std::optional<std::string_view> ApiGatewayEvent::stage_variable(std::string_view name) const {
  return value_of(last_of(load(stage_pairs_, stage_loaded_, {}, stage_variables_), name, false));
}

std::optional<std::string_view> ApiGatewayEvent::context_member(std::string_view name) const {
  std::optional<std::string_view> found;
  json_text::for_each_member(context_, [&](std::string_view key, std::string_view value) {
    if (key == name) found = text_of(value);
  });
  return found;
}

std::optional<std::string_view> ApiGatewayEvent::request_id() const {
  return context_member("requestId");
}
std::optional<std::string_view> ApiGatewayEvent::stage() const { return context_member("stage"); }

std::optional<std::string_view> ApiGatewayEvent::source_ip() const {
  std::optional<std::string_view> found;
  json_text::for_each_member(context_, [&](std::string_view key, std::string_view value) {
    if (key != "identity") return;
    json_text::for_each_member(value, [&](std::string_view inner, std::string_view ip) {
      if (inner == "sourceIp") found = text_of(ip);
    });
  });
  return found;
}

std::optional<std::string_view> ApiGatewayEvent::body() const {
  if (body_text_) return *body_text_;
  auto text = text_of(body_);
  if (!text) {
    text =
        is_string(body_) ? std::optional<std::string_view>() : std::optional<std::string_view>("");
  } else if (base64_) {
    auto bytes = base64_decode(*text);
    text = bytes ? std::optional<std::string_view>(decoded_.emplace_back(std::move(*bytes)))
                 : std::nullopt;
  }
  body_text_ = text;
  return text;
}

}  // namespace dew
