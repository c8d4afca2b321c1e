#include "services/dynamodb/request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dew::dynamodb {
namespace {

std::unexpected<aws::ApiError> invalid(std::string_view member, std::string_view message) {
  return aws::fail(aws::ApiError::validation(fmt::format("Invalid {}: {}", member, message)));
}

std::vector<std::string_view> present(const json::Object& input,
                                      std::span<const std::string_view> members) {
  std::vector<std::string_view> out;
  std::copy_if(members.begin(), members.end(), std::back_inserter(out),
               [&](std::string_view member) { return input.contains(member); });
  return out;
}

}  // namespace

aws::ApiResult<RequestExpressions> RequestExpressions::read(ExpressionCache& cache,
                                                            const json::Object& input) {
  TRY(auto placeholders, Placeholders::read(input));
  return RequestExpressions(cache, input, std::move(placeholders));
}

aws::ApiResult<std::optional<BoundCondition>> RequestExpressions::condition(
    std::string_view member) {
  const auto text = json::string_at(*input_, member);
  if (!text) return std::nullopt;
  BoundCondition out;
  auto expression = cache_->conditions.get(*text);
  if (!expression) return invalid(member, expression.error());
  out.expression = *std::move(expression);
  auto binding = placeholders_.bind(out.expression->symbols);
  if (!binding) return invalid(member, binding.error());
  out.binding = *std::move(binding);
  if (const auto check = check_condition(out.expression->root, out.binding); !check)
    return invalid(member, check.error());
  return out;
}

aws::ApiResult<std::optional<BoundProjection>> RequestExpressions::projection(
    std::string_view member) {
  const auto text = json::string_at(*input_, member);
  if (!text) return std::nullopt;
  BoundProjection out;
  auto expression = cache_->projections.get(*text);
  if (!expression) return invalid(member, expression.error());
  out.expression = *std::move(expression);
  auto binding = placeholders_.bind(out.expression->symbols);
  if (!binding) return invalid(member, binding.error());
  out.binding = *std::move(binding);
  for (const auto& path : out.expression->paths) out.paths.push_back(bind_path(path, out.binding));
  if (const auto check = check_overlaps(out.paths); !check) return invalid(member, check.error());
  return out;
}

aws::ApiResult<std::optional<BoundUpdateExpression>> RequestExpressions::update(
    std::string_view member) {
  const auto text = json::string_at(*input_, member);
  if (!text) return std::nullopt;
  BoundUpdateExpression out;
  auto expression = cache_->updates.get(*text);
  if (!expression) return invalid(member, expression.error());
  out.expression = *std::move(expression);
  auto binding = placeholders_.bind(out.expression->symbols);
  if (!binding) return invalid(member, binding.error());
  auto update = bind_update(*out.expression, *std::move(binding));
  if (!update) return invalid(member, update.error());
  out.update = *std::move(update);
  return out;
}

aws::ApiResult<void> check_expression_members(const json::Object& input,
                                              const ExpressionMembers& members) {
  const auto expressions = present(input, members.expressions);
  const auto legacy = present(input, members.legacy);
  if (!expressions.empty() && !legacy.empty()) {
    return aws::fail(aws::ApiError::validation(
        fmt::format("Can not use both expression and non-expression parameters in the same "
                    "request: Non-expression "
                    "parameters: {{{}}} Expression parameters: {{{}}}",
                    fmt::join(legacy, ", "), fmt::join(expressions, ", "))));
  }
  if (expressions.empty() && input.contains("ExpressionAttributeNames")) {
    return aws::fail(aws::ApiError::validation(
        "ExpressionAttributeNames can only be specified when using expressions"));
  }
  if (!input.contains("ExpressionAttributeValues")) return {};
  std::vector<std::string_view> with_values;
  std::copy_if(members.expressions.begin(), members.expressions.end(),
               std::back_inserter(with_values),
               [](std::string_view member) { return member != "ProjectionExpression"; });
  if (with_values.empty() || !present(input, with_values).empty()) return {};
  return aws::fail(aws::ApiError::validation(fmt::format(
      "ExpressionAttributeValues can only be specified when using expressions: {} {} null",
      fmt::join(with_values, " and "), with_values.size() > 1 ? "are" : "is")));
}

}  // namespace dew::dynamodb
