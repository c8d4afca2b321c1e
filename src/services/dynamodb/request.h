// The expressions of one request, parsed, bound and checked. See also legacy.h, which gives the
// same forms for the parameters that expressions have replaced.
//
// Everything here lives for one request and points into its input. Not thread-safe.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"
#include "services/dynamodb/binding.h"
#include "services/dynamodb/condition.h"
#include "services/dynamodb/expression_cache.h"
#include "services/dynamodb/projection.h"
#include "services/dynamodb/update.h"

namespace dew::dynamodb {

// Values that a translation of legacy parameters owns; a deque, so that pointers stay good.
using OwnedValues = std::shared_ptr<std::deque<Value>>;

struct BoundCondition {
  std::shared_ptr<const ConditionExpression> expression;
  Binding binding;
  OwnedValues owned;

  bool matches(const Item& item) const { return evaluate(expression->root, binding, item); }
  std::vector<PathUse> paths() const { return paths_of(expression->root, binding); }
};

struct BoundProjection {
  std::shared_ptr<const ProjectionExpression> expression;
  Binding binding;
  std::vector<Steps> paths;
};

struct BoundUpdateExpression {
  std::shared_ptr<const UpdateExpression> expression;
  BoundUpdate update;
  OwnedValues owned;
};

class RequestExpressions {
 public:
  // Reads the placeholders. `input` and `cache` outlive the object.
  static aws::ApiResult<RequestExpressions> read(ExpressionCache& cache, const json::Object& input);

  // By the member's name, e.g. "FilterExpression"; nullopt when the request has none.
  aws::ApiResult<std::optional<BoundCondition>> condition(std::string_view member);
  aws::ApiResult<std::optional<BoundProjection>> projection(
      std::string_view member = "ProjectionExpression");
  aws::ApiResult<std::optional<BoundUpdateExpression>> update(
      std::string_view member = "UpdateExpression");

  // After all of the request's expressions were asked for.
  aws::ApiResult<void> check_all_used() const { return placeholders_.check_all_used(); }

 private:
  RequestExpressions(ExpressionCache& cache, const json::Object& input, Placeholders placeholders)
      : cache_(&cache), input_(&input), placeholders_(std::move(placeholders)) {}

  ExpressionCache* cache_;
  const json::Object* input_;
  Placeholders placeholders_;
};

// Expressions and legacy parameters do not mix; placeholders need an expression.
struct ExpressionMembers {
  std::span<const std::string_view> expressions;
  std::span<const std::string_view> legacy;
};
aws::ApiResult<void> check_expression_members(const json::Object& input,
                                              const ExpressionMembers& members);

}  // namespace dew::dynamodb
