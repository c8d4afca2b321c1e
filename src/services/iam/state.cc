#include "services/iam/state.h"

#include <algorithm>
#include <charconv>

namespace dew::iam {

std::string_view word(Principal kind) {
  return kind == Principal::kRole ? "role" : kind == Principal::kUser ? "user" : "group";
}

std::string_view name_member(Principal kind) {
  return kind == Principal::kRole   ? "RoleName"
         : kind == Principal::kUser ? "UserName"
                                    : "GroupName";
}

std::string_view id_member(Principal kind) {
  return kind == Principal::kRole ? "RoleId" : kind == Principal::kUser ? "UserId" : "GroupId";
}

std::string name_of(Principal kind, const json::Object& input) {
  return json::string_or(input, name_member(kind));
}

std::vector<std::string> strings_of(const json::Object& record, std::string_view list) {
  std::vector<std::string> out;
  if (const auto* values = json::array_at(record, list)) {
    for (const auto& value : *values) out.push_back(json::str(value));
  }
  return out;
}

ApiResult<void> check_without_policies(const json::Object& record) {
  if (const auto* list = json::array_at(record, "Attached"); list != nullptr && !list->empty()) {
    return delete_conflict("Cannot delete entity, must detach all policies first.");
  }
  if (const auto* map = json::object_at(record, "Inline"); map != nullptr && !map->empty()) {
    return delete_conflict("Cannot delete entity, must delete policies first.");
  }
  return {};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

size_t chars_without_space(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; }));
}

store::Key principal_key(Principal kind, std::string_view name) {
  return store::Key("iam").add(word(kind)).add(lower(name));
}

ApiResult<json::Object> load_principal(const State& state, Principal kind, std::string_view name) {
  TRY(auto record, services::load(state.context.store, principal_key(kind, name)));
  if (!record) {
    return no_such_entity(fmt::format("The {} with name {} cannot be found.", word(kind), name));
  }
  return std::move(*record);
}

ApiResult<json::Value> store_record(State& state, const store::Key& key,
                                    const json::Object& record) {
  store::Batch batch;
  services::save(batch, key, record);
  CHECK_OK(state.context.store.commit(batch));
  return json::Object{};
}

std::unexpected<aws::ApiError> no_such_entity(std::string message) {
  return aws::fail("NoSuchEntity", std::move(message), 404);
}
std::unexpected<aws::ApiError> already_exists(std::string message) {
  return aws::fail("EntityAlreadyExists", std::move(message), 409);
}
std::unexpected<aws::ApiError> delete_conflict(std::string message) {
  return aws::fail("DeleteConflict", std::move(message), 409);
}
std::unexpected<aws::ApiError> limit_exceeded(std::string message) {
  return aws::fail("LimitExceeded", std::move(message), 409);
}

ApiResult<void> check_grammar(std::string_view document, policy::Kind kind) {
  auto parsed = policy::Policy::parse(document, kind);
  if (!parsed) return aws::fail("MalformedPolicyDocument", std::move(parsed.error().message));
  return {};
}

std::string arn(const State& state, std::string_view kind, std::string_view path,
                std::string_view name) {
  return fmt::format("arn:aws:iam::{}:{}{}{}", state.context.config.account, kind, path, name);
}

json::Value page(const json::Object& input, std::string_view list, json::Array entries) {
  const auto limit = static_cast<size_t>(
      std::clamp<int64_t>(json::int_at(input, "MaxItems").value_or(kDefaultPage), 1, 1000));
  size_t begin = 0;
  if (const auto marker = json::string_at(input, "Marker")) {
    std::from_chars(marker->data(), marker->data() + marker->size(), begin);
  }
  begin = std::min(begin, entries.size());
  const size_t end = std::min(entries.size(), begin + limit);
  json::Array out;
  for (size_t i = begin; i < end; ++i) out.push_back(std::move(entries[i]));
  json::Object result;
  result[list] = std::move(out);
  result["IsTruncated"] = end < entries.size();
  if (end < entries.size()) result["Marker"] = std::to_string(end);
  return result;
}

ApiResult<void> merge_tags(json::Object& record, const json::Array& tags) {
  auto& mine = record["Tags"];
  if (!mine.is_array()) mine = json::Array{};
  auto& list = mine.as_array();
  for (const auto& tag : tags) {
    if (!tag.is_object()) continue;
    const auto key = json::string_or(tag.as_object(), "Key");
    const auto same = [&](const json::Value& other) {
      return json::string_or(other.as_object(), "Key") == key;
    };
    if (const auto it = std::ranges::find_if(list, same); it != list.end()) {
      *it = tag;
    } else {
      list.push_back(tag);
    }
  }
  if (list.size() > kTags) {
    return limit_exceeded("The number of tags has reached the maximum limit.");
  }
  return {};
}

void remove_tags(json::Object& record, const json::Array& keys) {
  const auto* tags = json::array_at(record, "Tags");
  if (tags == nullptr) return;
  json::Array left;
  for (const auto& tag : *tags) {
    const auto key = json::string_or(tag.as_object(), "Key");
    const bool gone = std::ranges::any_of(
        keys, [&](const json::Value& k) { return k.is_string() && k.as_string() == key; });
    if (!gone) left.push_back(tag);
  }
  record["Tags"] = std::move(left);
}

ApiResult<PolicyUse> use_of(const State& state, std::string_view policy_arn) {
  PolicyUse out;
  for (const auto kind : {Principal::kRole, Principal::kUser, Principal::kGroup}) {
    CHECK_OK(services::scan(
        state.context.store, store::Key("iam").add(word(kind)), {},
        [&](std::string_view, const json::Object& record) {
          out.attached += std::ranges::count(strings_of(record, "Attached"), policy_arn);
          const auto* boundary = json::object_at(record, "PermissionsBoundary");
          if (boundary != nullptr &&
              json::string_or(*boundary, "PermissionsBoundaryArn") == policy_arn) {
            ++out.boundaries;
          }
          return true;
        }));
  }
  return out;
}

}  // namespace dew::iam
