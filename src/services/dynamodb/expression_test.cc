#include <fmt/format.h>
#include <gtest/gtest.h>

#include "services/dynamodb/expression_parser.h"
#include "services/dynamodb/request.h"
#include "services/dynamodb/wire.h"

namespace dew::dynamodb {
namespace {

template <class T>
std::string outcome(const std::expected<T, std::string>& parsed) {
  return parsed ? to_string(*parsed) : "error: " + parsed.error();
}

TEST(Parser, PrintsWhatItRead) {
  const std::pair<const char*, const char*> conditions[] = {
      {"a=:v", "a = :v"},
      {"(a = :v)", "a = :v"},
      {"a = :v and b<>c or not d[3].#e >= :w", "a = :v AND b <> c OR NOT d[3].#e >= :w"},
      {"(a = :v or b = :w) AND c = :x", "(a = :v OR b = :w) AND c = :x"},
      {"NOT (a = :v AND b = :w)", "NOT (a = :v AND b = :w)"},
      {"a BETWEEN :x and :y AND b in (:x,:y , c)", "a BETWEEN :x AND :y AND b IN (:x, :y, c)"},
      {"attribute_not_exists(a.b) AND size(a) < :n", "attribute_not_exists(a.b) AND size(a) < :n"},
      {"(a) = (:v)", "a = :v"},
      {"(size(a)) > (b.c)", "size(a) > b.c"},
      {"begins_with ( a , :p )", "begins_with(a, :p)"},
  };
  for (const auto& [text, printed] : conditions) {
    EXPECT_EQ(outcome(parse_condition(text)), printed) << text;
    EXPECT_EQ(parse_condition(printed), parse_condition(text));
  }
  const std::pair<const char*, const char*> updates[] = {
      {"set a=:v,b.c[1] = b - :w remove #d add e :f delete g :h",
       "SET a = :v, b.c[1] = b - :w REMOVE #d ADD e :f DELETE g :h"},
      {"SET a = if_not_exists(a, :z) + :one", "SET a = if_not_exists(a, :z) + :one"},
      {"SET a = ((b)+(c))", "SET a = b + c"},
      {"SET l = list_append(if_not_exists(l, :e), :v)",
       "SET l = list_append(if_not_exists(l, :e), :v)"},
  };
  for (const auto& [text, printed] : updates)
    EXPECT_EQ(outcome(parse_update(text)), printed) << text;
  EXPECT_EQ(outcome(parse_projection(" a , b[0].#c,d")), "a, b[0].#c, d");
}

TEST(Parser, ReportsSyntaxErrorsAsAws) {
  const std::pair<const char*, const char*> updates[] = {
      {"INVALID SYNTAX HERE", R"(Syntax error; token: "INVALID", near: "INVALID SYNTAX")"},
      {"ADD hits : incr", R"(Syntax error; token: ":", near: "hits : incr")"},
      {"SET a =", R"(Syntax error; token: "<EOF>", near: "=")"},
      {"SET a = b + c + d", R"(Syntax error; token: "+", near: "c + d")"},
      {"SET a = b / c", R"(Syntax error; token: "/", near: "b / c")"},
      {"", "The expression can not be empty;"},
      {"set a = b set c = d",
       R"(The "SET" section can only be used once in an update expression;)"},
      {"remove Absolute", "Attribute name is a reserved keyword; reserved keyword: Absolute"},
      {"set c = if_not_exist(:c, :d)", "Invalid function name; function: if_not_exist"},
  };
  for (const auto& [text, wanted] : updates)
    EXPECT_EQ(outcome(parse_update(text)), std::string("error: ") + wanted);
  for (const char* text :
       {"set", "set a", "add a", "add a b", "delete a = b", "remove a = b", "set :a = b",
        "remove :a", "set (a = (b + c))", "set a = (b.c).d + e", "set a[1] = 1", "set a = set"}) {
    EXPECT_TRUE(outcome(parse_update(text)).starts_with("error: Syntax error; ")) << text;
  }
  const std::pair<const char*, const char*> conditions[] = {
      {"((a = :v))", "The expression has redundant parentheses;"},
      {"((a)) = :v", "The expression has redundant parentheses;"},
      {"size(a)",
       "The function is not allowed to be used this way in an expression; function: size"},
      {"a = attribute_exists(b)",
       "The function is not allowed to be used this way in an expression; function: "
       "attribute_exists"},
      {"wat(a)", "Invalid function name; function: wat"},
      {"status = :v", "Attribute name is a reserved keyword; reserved keyword: status"},
  };
  for (const auto& [text, wanted] : conditions)
    EXPECT_EQ(outcome(parse_condition(text)), std::string("error: ") + wanted);
  for (const char* text :
       {"a", "a = ", "a = b = c", "(a = b) = c", "a > 4", "NOT NOT a = b", "a AND b", "a = :v AND",
        "a IN ()", "a BETWEEN b", "(a = b", "(size(a))[0] > a", "a..b = c", "a[b] = c"}) {
    EXPECT_TRUE(outcome(parse_condition(text)).starts_with("error: Syntax error; ")) << text;
  }
}

TEST(Parser, KeepsItsLimits) {
  std::string many = "a = :v";
  for (int i = 0; i < 301; ++i) many += " AND a=:v";
  EXPECT_EQ(outcome(parse_condition(many)),
            "error: The expression contains too many operators; operator count: 301");
  EXPECT_TRUE(outcome(parse_condition(std::string(4000, '(')))
                  .starts_with("error: The expression contains too many"));
  EXPECT_EQ(outcome(parse_condition("a = " + std::string(4100, 'b'))),
            "error: Expression size has exceeded the maximum allowed size; expression size: 4104");
  std::string calls;
  for (int i = 0; i < 250; ++i) calls += "if_not_exists(a,";
  EXPECT_FALSE(parse_update("SET a = " + calls.substr(0, 4000)).has_value());
}

struct Case {
  const char* expression;
  bool holds;
};

// One item, one set of values, many conditions.
TEST(Condition, Evaluates) {
  const Item item = *read_item(
      json::parse(
          R"({"s":{"S":"hello"},"n":{"N":"5"},"b":{"B":"xyz"},"l":{"L":[{"N":"1"},{"S":"x"}]},"m":{"M":{"k":{"S":"v"}}},
          "ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]},"t":{"BOOL":true},"z":{"NULL":true},"e":{"S":"é"}})")
          ->as_object());
  const auto input = *json::parse(
      R"({"ExpressionAttributeNames":{"#z":"z"},
          "ExpressionAttributeValues":{":hello":{"S":"hello"},":5":{"N":"5.0"},":3":{"N":"3"},":9":{"N":"9"},":a":{"S":"a"},
          ":ss":{"SS":["b","a"]},":he":{"S":"he"},":S":{"S":"S"},":1":{"N":"1"},":list":{"L":[{"N":"1"},{"S":"x"}]},
          ":t":{"BOOL":true},":2":{"N":"2"},":x":{"S":"x"}}})");
  ExpressionCache cache;
  const Case cases[] = {
      {"s = :hello", true},
      {"n = :5", true},
      {"n <> :5", false},
      {"gone = :5", false},
      {"gone <> :5", true},
      {"gone = elsewhere", false},
      {"gone <> elsewhere", true},
      {"n > :3 AND n < :9", true},
      {"n BETWEEN :3 AND :9", true},
      {"n BETWEEN :9 AND :9", false},
      {"s < n", false},
      {"s IN (:a, :hello)", true},
      {"s IN (:a)", false},
      {"begins_with(s, :he)", true},
      {"contains(s, :he)", true},
      {"contains(ss, :a)", true},
      {"contains(ns, :5)", false},
      {"contains(l, :1)", true},
      {"ss = :ss", true},
      {"l = :list", true},
      {"attribute_type(s, :S)", true},
      {"attribute_type(n, :S)", false},
      {"attribute_exists(m.k)", true},
      {"attribute_exists(m.q)", false},
      {"attribute_not_exists(l[2])", true},
      {"l[1] = :x", true},
      {"size(l) = :2", true},
      {"size(m) = :1", true},
      {"size(e) = :2", true},
      {"size(n) = :1", false},
      {"t = :t", true},
      {"NOT t = :t", false},
      {"attribute_exists(#z)", true},
      {"s = :a OR NOT (n = :3 AND n = :9)", true},
      {":3 < n", true},
      {"m.k.deeper = :a", false},
  };
  for (const auto& [text, holds] : cases) {
    json::Object request = input.as_object();
    request["ConditionExpression"] = text;
    auto expressions = RequestExpressions::read(cache, request);
    ASSERT_TRUE(expressions.has_value());
    const auto condition = expressions->condition("ConditionExpression");
    ASSERT_TRUE(condition.has_value()) << text << ": " << condition.error().message;
    EXPECT_EQ((*condition)->matches(item), holds) << text;
  }
}

TEST(Condition, IsCheckedAsAwsDoes) {
  const auto input = *json::parse(
      R"({"ExpressionAttributeValues":{":s":{"S":"a"},":n":{"N":"1"},":two":{"N":"2"},":m":{"M":{}},":t":{"BOOL":true}}})");
  ExpressionCache cache;
  const std::pair<const char*, const char*> cases[] = {
      {"a = :undefined",
       "An expression attribute value used in expression is not defined; attribute value: "
       ":undefined"},
      {"#u = :s",
       "An expression attribute name used in the document path is not defined; attribute name: #u"},
      {"attribute_exists(:s)",
       "Operator or function requires a document path; operator or function: attribute_exists"},
      {"attribute_exists(a, b)",
       "Incorrect number of operands for operator or function; operator or function: "
       "attribute_exists, number of operands: 2"},
      {"begins_with(a, :n)",
       "Incorrect operand type for operator or function; operator or function: begins_with, "
       "operand type: N"},
      {"attribute_type(a, :n)",
       "Incorrect operand type for operator or function; operator or function: attribute_type, "
       "operand type: N"},
      {"attribute_type(a, :s)",
       "Invalid attribute type name found; type: a, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
      {"size(:n) = :n",
       "Incorrect operand type for operator or function; operator or function: size, operand type: "
       "N"},
      {"a.b[1] = a.b[1]",
       "The first operand must be distinct from the remaining operands for this operator or "
       "function; operator: =, first "
       "operand: [a, b, [1]]"},
      {"a < :m", "Incorrect operand type for operator or function; operator: <, operand type: M"},
      {"a BETWEEN :two AND :n",
       "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
       "lower bound operand: "
       "AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}"},
      {"a BETWEEN :s AND :n",
       "The BETWEEN operator requires same data type for lower and upper bounds; lower bound "
       "operand: AttributeValue: "
       "{S:a}, upper bound operand: AttributeValue: {N:1}"},
  };
  for (const auto& [text, wanted] : cases) {
    json::Object request = input.as_object();
    request["FilterExpression"] = text;
    auto expressions = RequestExpressions::read(cache, request);
    ASSERT_TRUE(expressions.has_value());
    const auto condition = expressions->condition("FilterExpression");
    ASSERT_FALSE(condition.has_value()) << text;
    EXPECT_EQ(condition.error().message, fmt::format("Invalid FilterExpression: {}", wanted));
  }
}

// Applies an update to an item; gives the item, or the error's message.
std::string updated(std::string_view item_text, std::string_view expression,
                    std::string_view changed = "") {
  static ExpressionCache cache;
  auto request =
      json::parse(
          R"({"ExpressionAttributeValues":{":n":{"N":"2"},":s":{"S":"x"},":ss":{"SS":["b","c"]},":l":{"L":[{"S":"new"}]},
                         ":ns":{"NS":["7"]},":max":{"N":"9E125"},":m":{"M":{}},":b":{"SS":["b"]}}})")
          ->as_object();
  request["UpdateExpression"] = expression;
  auto expressions = RequestExpressions::read(cache, request);
  const auto update = expressions->update();
  if (!update) return update.error().message;
  Item item = *read_item(json::parse(item_text)->as_object());
  const auto result = apply_update((*update)->update, item);
  if (!result) return result.error().message;
  if (!changed.empty()) EXPECT_EQ(json::dump(write_item(*result)), changed);
  return json::dump(write_item(item));
}

TEST(Update, AppliesEachAction) {
  constexpr auto kItem =
      R"({"l":{"L":[{"S":"0"},{"S":"1"},{"S":"2"}]},"m":{"M":{"k":{"N":"1"}}},"n":{"N":"5"},"ss":{"SS":["a","b"]}})";
  const auto without = [&](std::string_view from, std::string_view to) {
    std::string out = kItem;
    out.replace(out.find(from), from.size(), to);
    return out;
  };
  EXPECT_EQ(updated(kItem, "SET n = n + :n", R"({"n":{"N":"7"}})"),
            without(R"({"N":"5"})", R"({"N":"7"})"));
  EXPECT_EQ(updated(kItem, "SET n = :n - n"), without(R"({"N":"5"})", R"({"N":"-3"})"));
  EXPECT_EQ(updated(kItem, "SET m.k = if_not_exists(m.q, :s)", R"({"m":{"M":{"k":{"S":"x"}}}})"),
            without(R"({"N":"1"})", R"({"S":"x"})"));
  EXPECT_EQ(updated(kItem, "SET l = list_append(:l, l)"),
            without(R"([{"S":"0"})", R"([{"S":"new"},{"S":"0"})"));
  EXPECT_EQ(updated(kItem, "SET l[9] = :s, l[7] = :n", R"({"l":{"L":[{"N":"2"},{"S":"x"}]}})"),
            without(R"({"S":"2"}])", R"({"S":"2"},{"N":"2"},{"S":"x"}])"));
  EXPECT_EQ(updated(kItem, "REMOVE l[0], l[1]", "{}"), without(R"({"S":"0"},{"S":"1"},)", ""));
  EXPECT_EQ(updated(kItem, "REMOVE l[9], m.q, nothing"), kItem);
  EXPECT_EQ(updated(kItem, "ADD n :n"), without(R"({"N":"5"})", R"({"N":"7"})"));
  EXPECT_EQ(updated(kItem, "ADD ss :ss"), without(R"(["a","b"])", R"(["a","b","c"])"));
  EXPECT_EQ(updated(kItem, "DELETE ss :ss"), without(R"(["a","b"])", R"(["a"])"));
  EXPECT_EQ(updated(R"({"ss":{"SS":["b"]}})", "DELETE ss :ss"), "{}");
  EXPECT_EQ(updated("{}", "ADD a :n, b :ss"), R"({"a":{"N":"2"},"b":{"SS":["b","c"]}})");
  // The right-hand sides see the item as it was.
  EXPECT_EQ(updated(R"({"a":{"N":"1"},"b":{"N":"2"}})", "SET a = b, b = a"),
            R"({"a":{"N":"2"},"b":{"N":"1"}})");
}

TEST(Update, RefusesInAwsWords) {
  constexpr auto kItem =
      R"({"l":{"L":[]},"m":{"M":{}},"n":{"N":"5"},"s":{"S":"x"},"x":{"N":"9E125"}})";
  constexpr auto kType = "An operand in the update expression has an incorrect data type";
  constexpr auto kPath =
      "The document path provided in the update expression is invalid for update";
  const std::pair<const char*, std::string> cases[] = {
      {"SET a = gone",
       "The provided expression refers to an attribute that does not exist in the item"},
      {"SET a = s + :n", kType},
      {"SET a = list_append(n, l)", kType},
      {"ADD s :n", kType},
      {"DELETE n :ss", kType},
      {"SET q.r = :n", kPath},
      {"SET m[0] = :n", kPath},
      {"REMOVE l.a", kPath},
      {"ADD x :max",
       "Number overflow. Attempting to store a number with magnitude larger than supported range"},
      {"SET a = x + :n", "Attempting to store more than 38 significant digits in a Number"},
      {"SET a = :n, a = :s",
       "Invalid UpdateExpression: Two document paths overlap with each other; must remove or "
       "rewrite one of these paths; path "
       "one: [a], path two: [a]"},
      {"SET a[1] = :n REMOVE a.b",
       "Invalid UpdateExpression: Two document paths conflict with each other; must remove or "
       "rewrite one of these paths; "
       "path one: [a, [1]], path two: [a, b]"},
      {"ADD a :s",
       "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, "
       "operand type: STRING"},
      {"DELETE a :n",
       "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: "
       "DELETE, operand type: NUMBER"},
      {"SET a = b + :s",
       "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or "
       "function: +, operand type: S"},
      {"SET a = list_append(a, :n)",
       "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or "
       "function: list_append, operand "
       "type: N"},
      {"SET a = if_not_exists(:n, b)",
       "Invalid UpdateExpression: Operator or function requires a document path; operator or "
       "function: if_not_exists"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(updated(kItem, text), wanted) << text;
}

TEST(Projection, KeepsTheShape) {
  const Item item = *read_item(
      json::parse(
          R"({"a":{"L":[{"S":"0"},{"M":{"x":{"N":"1"},"y":{"N":"2"}}},{"S":"2"}]},"b":{"M":{"c":{"S":"d"}}},"z":{"S":"q"}})")
          ->as_object());
  ExpressionCache cache;
  json::Object request{{"ProjectionExpression", "a[2], a[1].y, b.c, b.nope, gone"}};
  auto expressions = RequestExpressions::read(cache, request);
  const auto projection = expressions->projection();
  EXPECT_EQ(json::dump(write_item(project((*projection)->paths, item))),
            R"({"a":{"L":[{"M":{"y":{"N":"2"}}},{"S":"2"}]},"b":{"M":{"c":{"S":"d"}}}})");
}

}  // namespace
}  // namespace dew::dynamodb
