#include "authz/dynamodb_keys.h"

#include <algorithm>
#include <array>

namespace dew::authz {

namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The tokens of an expression, as far as names and values go.
std::vector<std::string_view> tokens(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      ++i;
      continue;
    }
    size_t end = i + 1;
    if (is_name_char(c) || c == '#' || c == ':') {
      while (end < text.size() && is_name_char(text[end])) ++end;
    }
    out.push_back(text.substr(i, end - i));
    i = end;
  }
  return out;
}

bool is_keyword(std::string_view word) {
  static constexpr std::array<std::string_view, 9> kWords = {
      "and", "or", "not", "between", "in", "set", "remove", "add", "delete"};
  return std::ranges::find(kWords, policy::lower(word)) != kWords.end();
}

std::string_view resolved(const json::Object& request, std::string_view name) {
  if (!name.starts_with('#')) return name;
  const auto* names = json::object_at(request, "ExpressionAttributeNames");
  return names ? json::string_at(*names, name).value_or(std::string_view()) : std::string_view();
}

void add_value(const json::Value* value, policy::Values& out) {
  if (value == nullptr || !value->is_object()) return;
  for (const auto& [type, text] : value->as_object()) {
    if (text.is_string() && (type == "S" || type == "N" || type == "B")) {
      out.emplace_back(json::view(text.as_string()));
    }
  }
}

// The value that a key condition, "pk = :v AND …" or ":v = pk", asks of the partition key.
void leading_of_expression(const json::Object& request, std::string_view hash,
                           policy::Values& out) {
  const auto text = json::string_at(request, "KeyConditionExpression");
  const auto* values = json::object_at(request, "ExpressionAttributeValues");
  if (!text || values == nullptr) return;
  const auto list = tokens(*text);
  for (size_t i = 1; i + 1 < list.size(); ++i) {
    if (list[i] != "=") continue;
    auto name = list[i - 1];
    auto value = list[i + 1];
    if (name.starts_with(':')) std::swap(name, value);
    if (resolved(request, name) == hash) add_value(json::find(*values, value), out);
  }
}

void leading_of_item(const json::Object& holder, std::string_view member, std::string_view hash,
                     policy::Values& out) {
  if (const auto* item = json::object_at(holder, member)) add_value(json::find(*item, hash), out);
}

void leading_of(const json::Value& request, std::string_view hash, policy::Values& out) {
  if (request.is_array()) {  // BatchWriteItem's
    for (const auto& write : request.as_array()) {
      if (!write.is_object()) continue;
      if (const auto* put = json::object_at(write.as_object(), "PutRequest")) {
        leading_of_item(*put, "Item", hash, out);
      }
      if (const auto* erase = json::object_at(write.as_object(), "DeleteRequest")) {
        leading_of_item(*erase, "Key", hash, out);
      }
    }
    return;
  }
  const auto& object = request.as_object();
  leading_of_item(object, "Key", hash, out);
  leading_of_item(object, "Item", hash, out);
  if (const auto* keys = json::array_at(object, "Keys")) {  // BatchGetItem's
    for (const auto& one : *keys) {
      if (one.is_object()) add_value(json::find(one.as_object(), hash), out);
    }
  }
  leading_of_expression(object, hash, out);
  if (const auto* conditions = json::object_at(object, "KeyConditions")) {
    const auto* condition = json::find(*conditions, hash);
    const auto* list = condition != nullptr && condition->is_object()
                           ? json::array_at(condition->as_object(), "AttributeValueList")
                           : nullptr;
    if (list != nullptr && !list->empty()) add_value(&(*list)[0], out);
  }
}

void add_name(std::string_view name, policy::Values& out) {
  if (!name.empty() && std::ranges::find(out, name) == out.end()) out.emplace_back(name);
}

void add_names_of(const json::Object& holder, std::string_view member, policy::Values& out) {
  if (const auto* map = json::object_at(holder, member)) {
    for (const auto& [name, value] : *map) add_name(std::string_view(name), out);
  }
}

// Top-level names of an expression: not what follows a dot, not functions, values, or words of the
// language.
void add_expression(const json::Object& request, std::string_view member, policy::Values& out) {
  const auto text = json::string_at(request, member);
  if (!text) return;
  const auto list = tokens(*text);
  for (size_t i = 0; i < list.size(); ++i) {
    const auto token = list[i];
    if (!is_name_char(token[0]) && token[0] != '#') continue;
    if (token[0] >= '0' && token[0] <= '9') continue;
    if (i > 0 && list[i - 1] == ".") continue;
    if (i + 1 < list.size() && list[i + 1] == "(" && token[0] != '#') continue;
    if (token[0] != '#' && is_keyword(token)) continue;
    add_name(resolved(request, token), out);
  }
}

void attributes_of(const json::Value& request, policy::Values& out) {
  if (request.is_array()) {
    for (const auto& write : request.as_array()) {
      if (!write.is_object()) continue;
      if (const auto* put = json::object_at(write.as_object(), "PutRequest")) {
        add_names_of(*put, "Item", out);
      }
      if (const auto* erase = json::object_at(write.as_object(), "DeleteRequest")) {
        add_names_of(*erase, "Key", out);
      }
    }
    return;
  }
  const auto& object = request.as_object();
  for (const auto* member : {"Key", "Item", "Expected", "AttributeUpdates", "ScanFilter",
                             "QueryFilter", "KeyConditions"}) {
    add_names_of(object, member, out);
  }
  for (const auto* member : {"ProjectionExpression", "FilterExpression", "ConditionExpression",
                             "UpdateExpression", "KeyConditionExpression"}) {
    add_expression(object, member, out);
  }
  if (const auto* list = json::array_at(object, "AttributesToGet")) {
    for (const auto& name : *list) {
      if (name.is_string()) add_name(json::view(name.as_string()), out);
    }
  }
  if (const auto* keys = json::array_at(object, "Keys")) {
    for (const auto& one : *keys) {
      if (!one.is_object()) continue;
      for (const auto& [name, value] : one.as_object()) add_name(std::string_view(name), out);
    }
  }
}

}  // namespace

bool dynamodb_keys(const Scope& scope, const Check& check, std::string_view key,
                   policy::Values& out) {
  // The whole input when the check is about no part of it.
  const auto visit = [&](auto&& read) {
    if (check.subject != nullptr) {
      read(*check.subject);
    } else {
      read(json::Value(scope.input()));
    }
  };
  const auto member = [&](std::string_view name) {
    const auto text = json::string_at(scope.input(), name);
    if (text) out.emplace_back(*text);
    return text.has_value();
  };
  if (key == "dynamodb:leadingkeys") {
    const std::string_view resource = check.resource;
    auto table = resource.substr(resource.find('/') + 1);
    table = table.substr(0, table.find('/'));
    const auto hash = scope.sources.partition_key(table, scope.text("IndexName"));
    if (hash.empty()) return false;
    visit([&](const json::Value& request) { leading_of(request, hash, out); });
    return !out.empty();
  }
  if (key == "dynamodb:attributes") {
    visit([&](const json::Value& request) { attributes_of(request, out); });
    return !out.empty();
  }
  if (key == "dynamodb:select") return member("Select");
  if (key == "dynamodb:returnvalues") return member("ReturnValues");
  if (key == "dynamodb:returnconsumedcapacity") return member("ReturnConsumedCapacity");
  if (key == "dynamodb:enclosingoperation") {
    if (!scope.call.operation.starts_with("Transact")) return false;
    out.push_back(scope.call.operation);
    return true;
  }
  return false;
}

}  // namespace dew::authz
