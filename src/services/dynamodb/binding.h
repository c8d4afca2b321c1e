// Resolves the placeholders of parsed expressions for one request.
//
// Placeholders holds the request's ExpressionAttributeNames and ExpressionAttributeValues and
// remembers which of them were used, because AWS refuses a request that brings unused ones. A
// Binding gives the trees of expression.h their names and values by index. Bindings point into the
// Placeholders and the request. Not thread-safe.
#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"
#include "services/dynamodb/expression.h"
#include "services/dynamodb/value.h"

namespace dew::dynamodb {

// All values of one request together.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
inline constexpr size_t kMaxPlaceholderBytes = size_t{2} * 1024 * 1024;

struct Binding {
  std::vector<std::string_view> names;  // by Symbols::names
  std::vector<const Value*> values;     // by Symbols::values
};

class Placeholders {
 public:
  // Reads and checks both maps; absent ones are empty.
  static aws::ApiResult<Placeholders> read(const json::Object& input);

  // Finds the symbols' names and values. The error is AWS's message without the expression's
  // prefix.
  std::expected<Binding, std::string> bind(const Symbols& symbols);

  // To be asked after every expression of the request was bound.
  aws::ApiResult<void> check_all_used() const;

 private:
  template <class T>
  struct Entry {
    std::string_view key;
    T value;
    bool used = false;
  };
  std::vector<Entry<std::string_view>> names_;
  std::vector<Entry<Value>> values_;  // not changed after read(), so pointers into it stay good
};

// A path with its names resolved.
struct Step {
  bool is_index = false;
  uint32_t index = 0;
  std::string_view name;
  std::strong_ordering operator<=>(const Step&) const = default;
};
using Steps = std::vector<Step>;

Steps bind_path(const Path& path, const Binding& binding);
std::string to_string(const Steps& steps);  // as in AWS's messages: [a, [1], b]

// Two paths of one update or projection must neither be the same, nor one inside the other, nor
// treat the same value once as a list and once as a map. The error is AWS's message without the
// prefix.
std::expected<void, std::string> check_overlaps(const std::vector<Steps>& paths);

// What the path leads to, or nullptr.
const Value* resolve(const Path& path, const Binding& binding, const Item& item);
const Value* resolve(const Steps& steps, const Item& item);

}  // namespace dew::dynamodb
