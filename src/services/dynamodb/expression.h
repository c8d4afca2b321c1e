// What DynamoDB's expressions mean, as trees: conditions (also filters and key conditions), updates
// and projections. Placeholders (#name, :value) stay unresolved, so that a parsed expression is
// immutable and shared by all requests that send the same text; binding.h resolves them for one
// request.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dew::dynamodb {

// The placeholders that an expression uses, each once; the trees refer to them by index.
struct Symbols {
  struct Use {
    bool is_value = false;
    uint32_t index = 0;
    bool operator==(const Use&) const = default;
  };
  std::vector<std::string> names;   // with their #
  std::vector<std::string> values;  // with their :
  std::vector<Use> order;           // of first appearance
  bool operator==(const Symbols&) const = default;
};

struct PathElement {
  enum class Kind : uint8_t { kName, kPlaceholder, kIndex };
  Kind kind = Kind::kName;
  uint32_t index = 0;  // into Symbols::names, or into a list
  std::string name;    // of a kName
  bool operator==(const PathElement&) const = default;
};
using Path = std::vector<PathElement>;  // never empty; starts with a name

struct Operand {
  enum class Kind : uint8_t { kPath, kValue };
  Kind kind = Kind::kPath;
  bool size_of = false;  // size(...) of it
  Path path;
  uint32_t value = 0;  // into Symbols::values
  bool operator==(const Operand&) const = default;
};

enum class Comparator : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual
};
enum class Function : uint8_t {
  kAttributeExists,
  kAttributeNotExists,
  kAttributeType,
  kBeginsWith,
  kContains
};

std::string_view symbol(Comparator comparator);
std::string_view name(Function function);
size_t operand_count(Function function);

struct Condition {
  enum class Kind : uint8_t { kAnd, kOr, kNot, kCompare, kBetween, kIn, kFunction };
  Kind kind = Kind::kAnd;
  Comparator comparator = Comparator::kEqual;
  Function function = Function::kAttributeExists;
  std::vector<Operand>
      operands;  // kCompare 2, kBetween 3, kIn 2 or more, kFunction as many as it has
  std::vector<Condition> children;  // kAnd, kOr: 2 or more; kNot: 1
  // A mistake that AWS reports only when all placeholders are defined (a wrong number of operands,
  // ...).
  std::string late_error;
  bool operator==(const Condition&) const = default;
};

struct ConditionExpression {
  Symbols symbols;
  Condition root;
  bool operator==(const ConditionExpression&) const = default;
};

struct UpdateOperand {
  enum class Kind : uint8_t { kPath, kValue, kIfNotExists, kListAppend };
  Kind kind = Kind::kPath;
  Path path;                             // of a kPath, and the first argument of kIfNotExists
  uint32_t value = 0;                    // into Symbols::values
  std::vector<UpdateOperand> arguments;  // kIfNotExists: 1 (after the path); kListAppend: 2
  bool operator==(const UpdateOperand&) const = default;
};

struct UpdateAction {
  enum class Kind : uint8_t { kSet, kRemove, kAdd, kDelete };
  enum class Arithmetic : uint8_t { kNone, kPlus, kMinus };
  Kind kind = Kind::kSet;
  Path path;
  std::vector<UpdateOperand> operands;        // kSet: 1, or 2 with arithmetic
  Arithmetic arithmetic = Arithmetic::kNone;  // kSet
  uint32_t value = 0;                         // kAdd, kDelete: into Symbols::values
  bool operator==(const UpdateAction&) const = default;
};

struct UpdateExpression {
  Symbols symbols;
  std::vector<UpdateAction> actions;  // in the order of the text
  std::string late_error;             // as in Condition
  bool operator==(const UpdateExpression&) const = default;
};

struct ProjectionExpression {
  Symbols symbols;
  std::vector<Path> paths;
  bool operator==(const ProjectionExpression&) const = default;
};

// Text that parses to an equal tree.
std::string to_string(const ConditionExpression& expression);
std::string to_string(const UpdateExpression& expression);
std::string to_string(const ProjectionExpression& expression);

}  // namespace dew::dynamodb
