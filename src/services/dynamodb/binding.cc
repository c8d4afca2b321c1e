#include "services/dynamodb/binding.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "services/dynamodb/wire.h"

namespace dew::dynamodb {
namespace {

constexpr size_t kMaxPlaceholderNameBytes = 255;

bool is_placeholder(std::string_view key, char mark) {
  if (key.size() < 2 || key.size() > kMaxPlaceholderNameBytes || key[0] != mark) return false;
  return std::all_of(key.begin() + 1, key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

aws::ApiResult<void> check_keys(std::string_view member, const json::Object& map, char mark) {
  if (map.empty())
    return aws::fail(aws::ApiError::validation(fmt::format("{} must not be empty", member)));
  for (const auto& entry : map) {
    if (!is_placeholder(entry.key(), mark)) {
      return aws::fail(aws::ApiError::validation(
          fmt::format("{} contains invalid key: Syntax error; key: \"{}\"", member,
                      std::string_view(entry.key()))));
    }
  }
  return {};
}

template <class Entries>
auto* find_entry(Entries& entries, std::string_view key) {
  for (auto& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return static_cast<decltype(&entries[0])>(nullptr);
}

template <class Entries>
aws::ApiResult<void> check_used(std::string_view member, const Entries& entries) {
  std::vector<std::string_view> unused;
  for (const auto& entry : entries) {
    if (!entry.used) unused.push_back(entry.key);
  }
  if (unused.empty()) return {};
  return aws::fail(aws::ApiError::validation(
      fmt::format("Value provided in {} unused in expressions: keys: {{{}}}", member,
                  fmt::join(unused, ", "))));
}

const Value* descend(const Value* value, bool is_index, uint32_t index, std::string_view name) {
  if (is_index) {
    if (value->type != Type::kL || index >= value->list().size()) return nullptr;
    return &value->list()[index];
  }
  return value->type == Type::kM ? value->map().find(name) : nullptr;
}

}  // namespace

aws::ApiResult<Placeholders> Placeholders::read(const json::Object& input) {
  Placeholders out;
  if (const auto* names = json::object_at(input, "ExpressionAttributeNames")) {
    CHECK_OK(check_keys("ExpressionAttributeNames", *names, '#'));
    out.names_.reserve(names->size());
    for (const auto& entry : *names) {
      const auto* text = entry.value().if_string();
      if (text == nullptr || text->empty() || text->size() > kMaxAttributeNameBytes) {
        return aws::fail(
            aws::ApiError::validation(fmt::format("ExpressionAttributeNames contains invalid value "
                                                  "for key {}: an attribute name has 1 to "
                                                  "65535 bytes",
                                                  std::string_view(entry.key()))));
      }
      out.names_.push_back({entry.key(), json::view(*text)});
    }
  }
  if (const auto* values = json::object_at(input, "ExpressionAttributeValues")) {
    CHECK_OK(check_keys("ExpressionAttributeValues", *values, ':'));
    out.values_.reserve(values->size());
    size_t bytes = 0;
    for (const auto& entry : *values) {
      auto value = read_value(entry.value());
      if (!value) {
        // AWS reports too deep nesting alone, everything else with the key.
        if (value.error().starts_with("Nesting Levels"))
          return aws::fail(aws::ApiError::validation(value.error()));
        return aws::fail(aws::ApiError::validation(
            fmt::format("ExpressionAttributeValues contains invalid value: {} for key {}",
                        value.error(), std::string_view(entry.key()))));
      }
      bytes += value_size(*value);
      out.values_.push_back({entry.key(), *std::move(value)});
    }
    if (bytes > kMaxPlaceholderBytes) {
      return aws::fail(aws::ApiError::validation("ExpressionAttributeValues exceeds max size"));
    }
  }
  return out;
}

std::expected<Binding, std::string> Placeholders::bind(const Symbols& symbols) {
  Binding out;
  out.names.resize(symbols.names.size());
  out.values.resize(symbols.values.size());
  for (const auto& use : symbols.order) {
    if (use.is_value) {
      auto* entry = find_entry(values_, symbols.values[use.index]);
      if (entry == nullptr) {
        return std::unexpected(fmt::format(
            "An expression attribute value used in expression is not defined; attribute value: {}",
            symbols.values[use.index]));
      }
      entry->used = true;
      out.values[use.index] = &entry->value;
    } else {
      auto* entry = find_entry(names_, symbols.names[use.index]);
      if (entry == nullptr) {
        return std::unexpected(
            fmt::format("An expression attribute name used in the document path is not defined; "
                        "attribute name: {}",
                        symbols.names[use.index]));
      }
      entry->used = true;
      out.names[use.index] = entry->value;
    }
  }
  return out;
}

aws::ApiResult<void> Placeholders::check_all_used() const {
  CHECK_OK(check_used("ExpressionAttributeNames", names_));
  return check_used("ExpressionAttributeValues", values_);
}

Steps bind_path(const Path& path, const Binding& binding) {
  Steps out;
  out.reserve(path.size());
  for (const auto& element : path) {
    Step step;
    switch (element.kind) {
      case PathElement::Kind::kIndex:
        step.is_index = true;
        step.index = element.index;
        break;
      case PathElement::Kind::kName:
        step.name = element.name;
        break;
      case PathElement::Kind::kPlaceholder:
        step.name = binding.names[element.index];
        break;
    }
    out.push_back(step);
  }
  return out;
}

std::string to_string(const Steps& steps) {
  std::string out = "[";
  for (const auto& step : steps) {
    if (out.size() > 1) out += ", ";
    if (step.is_index) {
      out += fmt::format("[{}]", step.index);
    } else {
      out += step.name;
    }
  }
  return out + "]";
}

std::expected<void, std::string> check_overlaps(const std::vector<Steps>& paths) {
  std::string conflict;
  const auto describe = [](std::string_view what, const Steps& one, const Steps& two) {
    return fmt::format(
        "Two document paths {} with each other; must remove or rewrite one of these paths; path "
        "one: {}, path two: {}",
        what, to_string(one), to_string(two));
  };
  const auto check = [&](const Steps& one, const Steps& two) -> std::expected<void, std::string> {
    for (size_t k = 0; k < std::min(one.size(), two.size()); ++k) {
      if (one[k].is_index != two[k].is_index) {
        if (conflict.empty()) conflict = describe("conflict", one, two);
        return {};
      }
      if (one[k] != two[k]) return {};
    }
    return std::unexpected(describe("overlap", one, two));
  };
  for (size_t j = 1; j < paths.size(); ++j) {
    for (size_t i = 0; i < j; ++i) CHECK_OK(check(paths[i], paths[j]));
  }
  if (!conflict.empty()) return std::unexpected(conflict);
  return {};
}

const Value* resolve(const Path& path, const Binding& binding, const Item& item) {
  const auto name_of = [&](const PathElement& element) -> std::string_view {
    return element.kind == PathElement::Kind::kPlaceholder ? binding.names[element.index]
                                                           : std::string_view(element.name);
  };
  const Value* value = item.find(name_of(path[0]));
  for (size_t i = 1; i < path.size() && value != nullptr; ++i) {
    const bool is_index = path[i].kind == PathElement::Kind::kIndex;
    value =
        descend(value, is_index, path[i].index, is_index ? std::string_view() : name_of(path[i]));
  }
  return value;
}

const Value* resolve(const Steps& steps, const Item& item) {
  const Value* value = item.find(steps[0].name);
  for (size_t i = 1; i < steps.size() && value != nullptr; ++i) {
    value = descend(value, steps[i].is_index, steps[i].index, steps[i].name);
  }
  return value;
}

}  // namespace dew::dynamodb
