#include "services/cloudwatch/math.h"

#include <fmt/format.h>

#include <cmath>

namespace dew::cloudwatch {

namespace {

using Kind = Expression::Kind;

double apply(std::string_view op, double a, double b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "/") return a / b;
  if (op == "^") return std::pow(a, b);
  if (op == "==") return a == b ? 1 : 0;
  if (op == "!=") return a != b ? 1 : 0;
  if (op == "<") return a < b ? 1 : 0;
  if (op == "<=") return a <= b ? 1 : 0;
  if (op == ">") return a > b ? 1 : 0;
  if (op == ">=") return a >= b ? 1 : 0;
  if (op == "AND") return a != 0 && b != 0 ? 1 : 0;
  return a != 0 || b != 0 ? 1 : 0;  // OR
}

void put(TimeSeries& to, int64_t time, double value) {
  if (std::isfinite(value)) to.values.emplace(time, value);
}

double value_at(const TimeSeries& series, int64_t time) {
  const auto it = series.values.find(time);
  return it == series.values.end() ? 0 : it->second;
}

TimeSeries join(std::string_view op, const TimeSeries& a, const TimeSeries& b) {
  TimeSeries out{.id = a.id, .label = a.label, .period_s = std::max(a.period_s, b.period_s)};
  for (const auto& [time, value] : a.values) put(out, time, apply(op, value, value_at(b, time)));
  for (const auto& [time, value] : b.values) {
    if (!a.values.contains(time)) put(out, time, apply(op, 0, value));
  }
  return out;
}

enum class Side { kLeft, kRight };  // where the number stands
TimeSeries join(std::string_view op, const TimeSeries& series, double number, Side side) {
  TimeSeries out{.id = series.id, .label = series.label, .period_s = series.period_s};
  for (const auto& [time, value] : series.values)
    put(out, time, side == Side::kLeft ? apply(op, number, value) : apply(op, value, number));
  return out;
}

MathResult combine(std::string_view op, const MathValue& a, const MathValue& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  const auto* s = std::get_if<TimeSeries>(&a);
  const auto* t = std::get_if<TimeSeries>(&b);
  const auto* list = std::get_if<SeriesList>(&a);
  const auto* other = std::get_if<SeriesList>(&b);
  if (x && y) {
    const double out = apply(op, *x, *y);
    if (!std::isfinite(out))
      return fail(ErrorKind::kInvalid, fmt::format("{} {} {} is no number", *x, op, *y));
    return out;
  }
  if (s && t) return join(op, *s, *t);
  if (s && y) return join(op, *s, *y, Side::kRight);
  if (x && t) return join(op, *t, *x, Side::kLeft);
  if (list && other) {
    if (list->size() != other->size())
      return fail(ErrorKind::kInvalid, fmt::format("{} needs arrays of one size, not of {} and {}",
                                                   op, list->size(), other->size()));
    SeriesList out;
    for (size_t i = 0; i < list->size(); ++i) out.push_back(join(op, (*list)[i], (*other)[i]));
    return out;
  }
  if (list || other) {
    SeriesList out;
    for (const auto& one : list ? *list : *other) {
      TRY(auto made, list ? combine(op, one, b) : combine(op, a, one));
      if (auto* series = std::get_if<TimeSeries>(&made)) out.push_back(std::move(*series));
    }
    return out;
  }
  return fail(ErrorKind::kInvalid, fmt::format("{} needs numbers or metrics, not a string", op));
}

MathResult array(const Expression& expression, const MathInputs& inputs) {
  SeriesList out;
  for (const auto& part : expression.parts) {
    TRY(auto value, evaluate(part, inputs));
    if (auto* series = std::get_if<TimeSeries>(&value)) {
      out.push_back(std::move(*series));
    } else if (auto* list = std::get_if<SeriesList>(&value)) {
      for (auto& one : *list) out.push_back(std::move(one));
    } else {
      return fail(ErrorKind::kInvalid, "an array holds metrics only");
    }
  }
  return out;
}

}  // namespace

MathResult evaluate(const Expression& expression, const MathInputs& inputs) {
  switch (expression.kind) {
    case Kind::kNumber:
      return expression.number;
    case Kind::kString:
      return expression.text;
    case Kind::kId:
      return inputs.find(expression.text);
    case Kind::kArray:
      return array(expression, inputs);
    case Kind::kNegate: {
      TRY(const auto value, evaluate(expression.parts[0], inputs));
      return combine("-", 0.0, value);
    }
    case Kind::kOperator: {
      TRY(const auto left, evaluate(expression.parts[0], inputs));
      TRY(const auto right, evaluate(expression.parts[1], inputs));
      return combine(expression.text, left, right);
    }
    case Kind::kFunction:
      break;
  }
  std::vector<MathValue> arguments;
  for (const auto& part : expression.parts) {
    TRY(auto value, evaluate(part, inputs));
    arguments.push_back(std::move(value));
  }
  return call_function(expression.text, std::move(arguments), inputs);
}

}  // namespace dew::cloudwatch
