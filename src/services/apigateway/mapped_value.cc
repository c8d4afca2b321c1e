#include "services/apigateway/mapped_value.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "services/apigateway/errors.h"
#include "services/apigateway/template.h"

namespace dew::apigateway {

aws::ApiResult<MappedValue> mapped_value(std::string_view expression) {
  using Kind = MappedValue::Kind;
  if (expression.size() >= 2 && expression.front() == '\'' && expression.back() == '\'') {
    const auto inner = expression.substr(1, expression.size() - 2);
    if (inner.find_first_of("\r\n") != std::string_view::npos) {
      return aws::fail(bad_request("A header value must not contain line breaks"));
    }
    return MappedValue{Kind::kStatic, std::string(inner)};
  }
  static constexpr auto kSources = std::to_array<std::pair<std::string_view, Kind>>({
      {"context.", Kind::kContext},
      {"stageVariables.", Kind::kStageVariable},
      {"method.request.header.", Kind::kRequestHeader},
      {"method.request.querystring.", Kind::kRequestQuery},
      {"method.request.path.", Kind::kRequestPath},
  });
  for (const auto& [prefix, kind] : kSources) {
    if (!expression.starts_with(prefix) || expression.size() == prefix.size()) continue;
    const auto name = expression.substr(prefix.size());
    if (kind == Kind::kContext && !is_context_variable(name)) break;
    return MappedValue{kind, std::string(name)};
  }
  return aws::fail(unsupported(fmt::format("the mapping expression {}", expression)));
}

aws::ApiResult<MappedValue> mapped_response_value(std::string_view expression) {
  constexpr std::string_view kHeader = "integration.response.header.";
  if (expression.starts_with(kHeader) && expression.size() > kHeader.size()) {
    return MappedValue{MappedValue::Kind::kBackendHeader,
                       std::string(expression.substr(kHeader.size()))};
  }
  return mapped_value(expression);
}

}  // namespace dew::apigateway
