#include "services/apigateway/patch.h"

#include <fmt/format.h>

#include <charconv>

#include "services/apigateway/errors.h"

namespace dew::apigateway {

namespace {

constexpr size_t kMaxPatchOperations = 1000;

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> tokens;
  if (path.empty() || path.front() != '/') return tokens;
  path.remove_prefix(1);
  tokens.emplace_back();
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '/') {
      tokens.emplace_back();
    } else if (path[i] == '~' && i + 1 < path.size() &&
               (path[i + 1] == '1' || path[i + 1] == '0')) {
      tokens.back() += path[++i] == '1' ? '/' : '~';
    } else {
      tokens.back() += path[i];
    }
  }
  return tokens;
}

aws::ApiError unknown_path(const PatchOperation& operation, std::span<const PatchRule> rules) {
  std::string known;
  for (const auto& rule : rules) {
    if (!known.empty()) known += ", ";
    known += rule.path;
  }
  return bad_request(
      fmt::format("Invalid patch path  '{}' specified for op '{}'. Must be one of: [{}]",
                  operation.path, operation.op, known));
}

aws::ApiResult<void> set_scalar(json::Object& document, std::string_view name,
                                const PatchOperation& operation, PatchRule::Type type) {
  if (operation.op == "remove" || (operation.op == "replace" && !operation.has_value)) {
    document.erase(name);
    return {};
  }
  if (type == PatchRule::Type::kBool) {
    if (operation.value != "true" && operation.value != "false") {
      return aws::fail(bad_request(fmt::format("Invalid boolean value '{}' specified for path {}",
                                               operation.value, operation.path)));
    }
    document[name] = operation.value == "true";
  } else if (type == PatchRule::Type::kInteger) {
    int64_t number = 0;
    const auto& text = operation.value;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return aws::fail(bad_request(
          fmt::format("Invalid number '{}' specified for path {}", text, operation.path)));
    }
    document[name] = number;
  } else {
    document[name] = operation.value;
  }
  return {};
}

aws::ApiResult<void> set_entry(json::Object& document, std::string_view name, std::string_view key,
                               const PatchOperation& operation, PatchRule::Type type) {
  if (!document.contains(name)) document[name] = json::Object();
  auto& map = document[name].as_object();
  if (operation.op == "remove") {
    if (map.erase(key) == 0) {
      return aws::fail(not_found(name == "requestTemplates" || name == "responseTemplates" ||
                                         name == "requestModels" || name == "responseModels"
                                     ? "Content-Type specified was not found"
                                     : "Invalid parameter name specified"));
    }
    if (map.empty()) document.erase(name);
    return {};
  }
  if (type == PatchRule::Type::kBoolMap) {
    map[key] = operation.value == "true";
  } else {
    map[key] = operation.value;
  }
  return {};
}

void set_element(json::Object& document, std::string_view name, std::string_view key,
                 const PatchOperation& operation) {
  if (!document.contains(name)) document[name] = json::Array();
  auto& list = document[name].as_array();
  const auto same = [](std::string_view wanted) {
    return [wanted](const json::Value& element) {
      return element.is_string() && json::view(element.get_string()) == wanted;
    };
  };
  const auto found = std::find_if(list.begin(), list.end(), same(key));
  if (operation.op == "remove") {
    if (found != list.end()) list.erase(found);
  } else if (operation.op == "replace" && found != list.end()) {
    *found = operation.value;
  } else if (found == list.end()) {
    list.emplace_back(key);
  }
  if (list.empty()) document.erase(name);
}

}  // namespace

aws::ApiResult<std::vector<PatchOperation>> patch_operations(const json::Object& input) {
  std::vector<PatchOperation> operations;
  const auto* list = json::array_at(input, "patchOperations");
  if (!list) return operations;
  if (list->size() > kMaxPatchOperations) {
    return aws::fail(bad_request("Too many patch operations specified"));
  }
  for (const auto& element : *list) {
    const auto* entry = element.if_object();
    if (!entry) return aws::fail(bad_request("Invalid patch operation specified"));
    PatchOperation operation;
    operation.op = json::string_or(*entry, "op");
    const auto path = json::string_at(*entry, "path");
    if (!path) return aws::fail(bad_request("Invalid patch path null"));
    operation.path = *path;
    const auto value = json::string_at(*entry, "value");
    operation.has_value = value.has_value();
    operation.value = value.value_or("");
    if (operation.op != "add" && operation.op != "remove" && operation.op != "replace") {
      return aws::fail(unsupported(fmt::format("the patch operation '{}'", operation.op)));
    }
    operation.tokens = split(operation.path);
    if (operation.tokens.empty() || operation.tokens.front().empty()) {
      return aws::fail(bad_request("Invalid patch path " + operation.path));
    }
    operations.push_back(std::move(operation));
  }
  return operations;
}

aws::ApiResult<void> apply_patch(json::Object& document, const PatchOperation& operation,
                                 std::span<const PatchRule> rules) {
  using Type = PatchRule::Type;
  for (const auto& rule : rules) {
    const std::string_view name = rule.path.substr(1);
    if (operation.tokens.front() != name) continue;
    if (rule.type == Type::kMap || rule.type == Type::kBoolMap || rule.type == Type::kList) {
      if (operation.tokens.size() != 2 || operation.tokens[1].empty()) {
        return aws::fail(bad_request("Invalid patch path " + operation.path));
      }
      if (rule.type == Type::kList) {
        set_element(document, name, operation.tokens[1], operation);
        return {};
      }
      return set_entry(document, name, operation.tokens[1], operation, rule.type);
    }
    if (operation.tokens.size() != 1) break;
    if (operation.op != "replace") {
      return aws::fail(bad_request(
          fmt::format("Invalid patch path  '{}' specified for op '{}'. Please choose supported "
                      "operations",
                      operation.path, operation.op)));
    }
    return set_scalar(document, name, operation, rule.type);
  }
  return aws::fail(unknown_path(operation, rules));
}

aws::ApiResult<void> apply_patches(json::Object& document, const json::Object& input,
                                   std::span<const PatchRule> rules) {
  TRY(const auto operations, patch_operations(input));
  for (const auto& operation : operations) CHECK_OK(apply_patch(document, operation, rules));
  return {};
}

}  // namespace dew::apigateway
