// Expressions: what parses prints to text that parses to an equal tree, unless it holds a mistake
// that is reported late: such a tree is never evaluated, and has no text that would print it.
#include <cstdlib>

#include "services/dynamodb/expression_parser.h"

namespace {

bool mistaken(const dew::dynamodb::Condition& condition) {
  return !condition.late_error.empty() ||
         std::any_of(condition.children.begin(), condition.children.end(),
                     [](const auto& child) { return mistaken(child); });
}
bool mistaken(const dew::dynamodb::ConditionExpression& e) { return mistaken(e.root); }
bool mistaken(const dew::dynamodb::UpdateExpression& e) { return !e.late_error.empty(); }
bool mistaken(const dew::dynamodb::ProjectionExpression&) { return false; }

template <class T>
void check(std::expected<T, std::string> (*parse)(std::string_view), std::string_view text) {
  const auto parsed = parse(text);
  if (!parsed) {
    if (parsed.error().empty()) std::abort();
    return;
  }
  if (mistaken(*parsed)) return;
  const std::string printed = dew::dynamodb::to_string(*parsed);
  if (printed.size() > dew::dynamodb::kMaxExpressionBytes) return;  // printing adds white space
  const auto again = parse(printed);
  if (!again || *again != *parsed) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 3) {
    case 0:
      check(dew::dynamodb::parse_condition, text);
      break;
    case 1:
      check(dew::dynamodb::parse_update, text);
      break;
    default:
      check(dew::dynamodb::parse_projection, text);
      break;
  }
  return 0;
}
