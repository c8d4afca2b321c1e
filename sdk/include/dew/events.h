// ApiGatewayEvent: the proxy event that API Gateway REST APIs (payload version 1.0) and Lambda
// targets of load balancers send. Lazy: the text is walked once, and a part is decoded when it is
// asked for. The views it gives live as long as the event object and the text it was made from. Not
// thread-safe.
//
// Source:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
#pragma once

#include <dew/json.h>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dew {

class ApiGatewayEvent {
 public:
  using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

  ApiGatewayEvent(ApiGatewayEvent&&) noexcept = default;
  ApiGatewayEvent& operator=(ApiGatewayEvent&&) noexcept = default;
  ApiGatewayEvent(const ApiGatewayEvent&) = delete;  // the views point into the object
  ApiGatewayEvent& operator=(const ApiGatewayEvent&) = delete;
  ~ApiGatewayEvent() = default;

  // Error "InvalidEvent" when `text` is not a proxy event.
  static Result<ApiGatewayEvent> parse(std::string_view text);

  [[nodiscard]] std::string_view method() const { return method_; }
  [[nodiscard]] std::string_view path() const { return path_; }
  [[nodiscard]] std::string_view resource() const { return resource_; }  // "/users/{id}"

  // Header names compare case-insensitively. Of a repeated one, `header` gives the last value,
  // `headers` all of them.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  [[nodiscard]] const Pairs& headers() const;
  [[nodiscard]] std::optional<std::string_view> query(
      std::string_view name) const;  // the last value
  [[nodiscard]] const Pairs& queries() const;
  [[nodiscard]] std::optional<std::string_view> path_parameter(std::string_view name) const;
  [[nodiscard]] std::optional<std::string_view> stage_variable(std::string_view name) const;

  // requestContext, parsed whole when asked for; its requestId alone is cheap.
  [[nodiscard]] Result<json::value> request_context() const { return parse_json(context_); }
  [[nodiscard]] std::optional<std::string_view> request_id() const;
  [[nodiscard]] std::optional<std::string_view> stage() const;
  [[nodiscard]] std::optional<std::string_view> source_ip() const;

  // The body as bytes, base64 undone; empty when there is none. Nothing when its base64 is
  // malformed.
  [[nodiscard]] std::optional<std::string_view> body() const;

 private:
  ApiGatewayEvent() = default;
  std::optional<std::string_view> text_of(std::string_view raw) const;  // a JSON string's value
  const Pairs& load(Pairs& into, bool& loaded, std::string_view multi,
                    std::string_view single) const;
  std::optional<std::string_view> context_member(std::string_view name) const;

  std::string_view method_, path_, resource_;
  std::string_view headers_, multi_headers_, query_, multi_query_, path_parameters_,
      stage_variables_, context_, body_;
  bool base64_ = false;
  mutable std::deque<std::string> decoded_;  // what escapes forced into copies
  mutable Pairs header_pairs_, query_pairs_, path_pairs_, stage_pairs_;
  mutable bool headers_loaded_ = false, query_loaded_ = false, path_loaded_ = false,
               stage_loaded_ = false;
  mutable std::optional<std::optional<std::string_view>> body_text_;
};

}  // namespace dew
