// Users in DynamoDB. Every write is conditional: creating never replaces, and updating never brings
// back a user that was deleted. What DynamoDB refuses for another reason than its condition is
// thrown (dew::Exception).
#pragma once

#include <dew/dynamodb.h>
#include <dew/json.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace users {

struct UserPage {
  dew::json::array items;
  std::optional<std::string> last_id;  // absent on the last page
};

class UserStore {
 public:
  explicit UserStore(std::string table) : table_(std::move(table)) {}

  UserPage list(int limit, std::optional<std::string> after_id);
  std::optional<dew::json::object> get(std::string_view id);
  dew::json::object create(const dew::json::object& user);
  std::optional<dew::json::object> update(std::string_view id, const dew::json::object& user);
  bool remove(std::string_view id);  // false: there was none

 private:
  std::string table_;
  dew::dynamodb::Client db_;
};

}  // namespace users
