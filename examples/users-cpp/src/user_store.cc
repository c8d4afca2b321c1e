#include "user_store.h"

#include <dew/uuid.h>

#include <chrono>
#include <cstdio>
#include <ctime>

namespace users {
namespace {

namespace dynamodb = dew::dynamodb;
using dew::value_or_throw;

// 2026-01-31T12:00:00.000Z
std::string now_text() {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const time_t seconds = now / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03dZ", static_cast<int>(now % 1000));
  return text;
}

dynamodb::AttributeValue attribute_of(const dew::json::value& value) {
  if (value.is_int64()) return value.get_int64();
  return std::string_view(value.get_string());
}

bool is_condition_failure(const dew::Error& error) {
  return error.code == dynamodb::kConditionalCheckFailed;
}

dynamodb::Item key_of(std::string_view id) { return {{"id", id}}; }

}  // namespace

UserPage UserStore::list(int limit, std::optional<std::string> after_id) {
  dynamodb::Scan scan{.table = table_, .limit = limit};
  if (after_id) scan.start_key = key_of(*after_id);
  const dynamodb::Page page = value_or_throw(db_.scan(scan));
  UserPage out;
  for (const dynamodb::Item& item : page.items) out.items.push_back(dynamodb::to_plain(item));
  if (page.last_key) out.last_id = page.last_key->at("id").s();
  return out;
}

std::optional<dew::json::object> UserStore::get(std::string_view id) {
  // Consistent, so that a user is found as soon as it was created.
  const auto item =
      value_or_throw(db_.get_item({.table = table_, .key = key_of(id), .consistent_read = true}));
  if (!item) return std::nullopt;
  return dynamodb::to_plain(*item);
}

dew::json::object UserStore::create(const dew::json::object& user) {
  const std::string now = now_text();
  dynamodb::Item item{{"id", dew::uuid4()}, {"createdAt", now}, {"updatedAt", now}};
  for (const auto& member : user)
    item.insert_or_assign(std::string(member.key()), attribute_of(member.value()));
  value_or_throw(
      db_.put_item({.table = table_, .item = item, .condition = "attribute_not_exists(id)"}));
  return dynamodb::to_plain(item);
}

// All of the user is replaced: an optional field that is not given goes.
std::optional<dew::json::object> UserStore::update(std::string_view id,
                                                   const dew::json::object& user) {
  dynamodb::UpdateItem request{.table = table_,
                               .key = key_of(id),
                               .condition = "attribute_exists(id)",
                               .return_values = "ALL_NEW"};
  request.update = "SET updatedAt = :updatedAt";
  request.values.emplace(":updatedAt", now_text());
  std::string removed;
  for (const std::string name : {"name", "email", "age", "phone"}) {
    request.names.emplace("#" + name, name);
    if (const auto* value = user.if_contains(name)) {
      request.update += ", #" + name + " = :" + name;
      request.values.emplace(":" + name, attribute_of(*value));
    } else {
      removed += (removed.empty() ? " REMOVE #" : ", #") + name;
    }
  }
  request.update += removed;
  auto updated = db_.update_item(request);
  if (!updated && is_condition_failure(updated.error())) return std::nullopt;
  return dynamodb::to_plain(value_or_throw(std::move(updated)));
}

bool UserStore::remove(std::string_view id) {
  auto removed =
      db_.delete_item({.table = table_, .key = key_of(id), .condition = "attribute_exists(id)"});
  if (!removed && is_condition_failure(removed.error())) return false;
  value_or_throw(std::move(removed));
  return true;
}

}  // namespace users
