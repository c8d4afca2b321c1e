// Declarative validation of JSON objects, with a message for every field at fault.
//
//   const dew::validation::Schema user{
//       dew::validation::string("name").required().length(2, 100),
//       dew::validation::string("email").required().email(),
//       dew::validation::integer("age").range(0, 120),
//       dew::validation::string("phone").e164()};
//   dew::json::object input = request.json_object();
//   dew::validation::Errors errors = user.check(input);   // {{"age", "must be an integer between 0
//   and 120"}}
//
// Members with the value null count as absent. Lengths count Unicode code points. Members that the
// schema does not name are left alone; `pick` gives only those that it names.
#pragma once

#include <dew/json.h>

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dew::validation {

using Errors =
    std::vector<std::pair<std::string, std::string>>;  // field, message; in the schema's order

class Field {
 public:
  enum class Type { kString, kInteger, kNumber, kBoolean };

  Field(std::string name, Type type) : name_(std::move(name)), type_(type) {}
  Field& required();
  Field& length(size_t least, size_t most);
  Field& range(int64_t least, int64_t most);
  Field& email();  // one '@', a dotted domain, at most 254 characters
  Field& e164();   // +, then 2 to 15 digits, the first not 0
  Field& one_of(std::vector<std::string> values);
  // Any further rule: nothing when the value is fine, else the message.
  Field& rule(std::function<std::optional<std::string>(const json::value&)> check);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::optional<std::string> check(const json::value* value) const;

 private:
  [[nodiscard]] std::optional<std::string> check_type(const json::value& value) const;

  std::string name_;
  Type type_;
  bool required_ = false;
  std::optional<std::pair<int64_t, int64_t>> range_;
  std::vector<std::function<std::optional<std::string>(const json::value&)>> rules_;
};

inline Field string(std::string name) { return {std::move(name), Field::Type::kString}; }
inline Field integer(std::string name) { return {std::move(name), Field::Type::kInteger}; }
inline Field number(std::string name) { return {std::move(name), Field::Type::kNumber}; }
inline Field boolean(std::string name) { return {std::move(name), Field::Type::kBoolean}; }

class Schema {
 public:
  Schema(std::initializer_list<Field> fields) : fields_(fields) {}
  [[nodiscard]] Errors check(const json::object& input) const;
  // The named members that are there and not null.
  [[nodiscard]] json::object pick(const json::object& input) const;

 private:
  std::vector<Field> fields_;
};

json::object to_json(const Errors& errors);  // {"age": "must be ..."}
size_t code_points(std::string_view utf8);
bool is_email(std::string_view text);
bool is_e164(std::string_view text);

}  // namespace dew::validation
