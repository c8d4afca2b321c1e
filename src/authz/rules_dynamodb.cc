// docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
// docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
#include "authz/dynamodb_keys.h"
#include "authz/rule.h"

namespace dew::authz {

namespace {

void name_table(const Scope& scope, std::string_view name, Check& check) {
  if (name.starts_with("arn:")) {
    check.resource = name;
    return;
  }
  append_arn(scope, "dynamodb", check.resource);
  check.resource.append("table/").append(name);
}

void table(const Scope& scope, Check& check) { name_table(scope, scope.text("TableName"), check); }

// A query or scan of an index is one on the index alone.
void table_or_index(const Scope& scope, Check& check) {
  table(scope, check);
  if (const auto index = scope.text("IndexName"); !index.empty()) {
    check.resource.append("/index/").append(index);
  }
}

void every_table(const Scope& scope, Check& check) { name_table(scope, "*", check); }
void arn(const Scope& scope, Check& check) { check.resource = scope.text("ResourceArn"); }

void create(const Scope& scope, Checks& checks) {
  if (const auto* tags = json::array_at(scope.input(), "Tags"); tags && !tags->empty()) {
    table(scope, checks.add("dynamodb:TagResource"));
  }
}

void each_table(const Scope& scope, Checks& checks, std::string_view action) {
  const auto* tables = json::object_at(scope.input(), "RequestItems");
  if (tables == nullptr) return;
  for (const auto& [name, request] : *tables) {
    auto& check = checks.add(action, dynamodb_keys);
    name_table(scope, std::string_view(name), check);
    check.subject = &request;
  }
}
void get_batch(const Scope& scope, Checks& checks) {
  each_table(scope, checks, "dynamodb:BatchGetItem");
}
void write_batch(const Scope& scope, Checks& checks) {
  each_table(scope, checks, "dynamodb:BatchWriteItem");
}

// Each action of a transaction is its own: PutItem, ConditionCheckItem, …
void transaction(const Scope& scope, Checks& checks) {
  const auto* items = json::array_at(scope.input(), "TransactItems");
  if (items == nullptr) return;
  static constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"Get", "dynamodb:GetItem"},
      {"Put", "dynamodb:PutItem"},
      {"Update", "dynamodb:UpdateItem"},
      {"Delete", "dynamodb:DeleteItem"},
      {"ConditionCheck", "dynamodb:ConditionCheckItem"}};
  for (const auto& item : *items) {
    if (!item.is_object()) continue;
    for (const auto& [kind, action] : kKinds) {
      const auto* part = item.as_object().if_contains(kind);
      if (part == nullptr || !part->is_object()) continue;
      auto& check = checks.add(action, dynamodb_keys);
      name_table(scope, json::string_at(part->as_object(), "TableName").value_or(""), check);
      check.subject = part;
    }
  }
}

}  // namespace

std::vector<Rule> dynamodb_rules() {
  return {
      {"BatchGetItem", "", nullptr, nullptr, get_batch},
      {"BatchWriteItem", "", nullptr, nullptr, write_batch},
      {"CreateTable", "dynamodb:CreateTable", table, nullptr, create},
      {"DeleteItem", "dynamodb:DeleteItem", table, dynamodb_keys},
      {"DeleteTable", "dynamodb:DeleteTable", table},
      {"DescribeContinuousBackups", "dynamodb:DescribeContinuousBackups", table},
      {"DescribeEndpoints", "dynamodb:DescribeEndpoints", any_resource},
      {"DescribeLimits", "dynamodb:DescribeLimits", any_resource},
      {"DescribeTable", "dynamodb:DescribeTable", table},
      {"DescribeTimeToLive", "dynamodb:DescribeTimeToLive", table},
      {"GetItem", "dynamodb:GetItem", table, dynamodb_keys},
      {"ListTables", "dynamodb:ListTables", every_table},
      {"ListTagsOfResource", "dynamodb:ListTagsOfResource", arn},
      {"PutItem", "dynamodb:PutItem", table, dynamodb_keys},
      {"Query", "dynamodb:Query", table_or_index, dynamodb_keys},
      {"Scan", "dynamodb:Scan", table_or_index, dynamodb_keys},
      {"TagResource", "dynamodb:TagResource", arn},
      {"TransactGetItems", "", nullptr, nullptr, transaction},
      {"TransactWriteItems", "", nullptr, nullptr, transaction},
      {"UntagResource", "dynamodb:UntagResource", arn},
      {"UpdateContinuousBackups", "dynamodb:UpdateContinuousBackups", table},
      {"UpdateItem", "dynamodb:UpdateItem", table, dynamodb_keys},
      {"UpdateTable", "dynamodb:UpdateTable", table},
      {"UpdateTimeToLive", "dynamodb:UpdateTimeToLive", table},
  };
}

}  // namespace dew::authz
