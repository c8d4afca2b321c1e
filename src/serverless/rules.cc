#include "serverless/rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "base/whole_number.h"
#include "serverless/suggest.h"

namespace dew::serverless {

namespace {

std::string shown(const Node& node) {
  if (node.is_string())
    return fmt::format("'{}'", node.text.size() > 60 ? node.text.substr(0, 60) + "..." : node.text);
  if (node.is_number() || node.is_bool()) return node.scalar_text();
  return std::string(node.kind_name());
}

std::unexpected<Error> mismatch(const Node& node, const std::string& path, std::string_view shape) {
  return fail_at(node.mark, path, fmt::format("must be {}, not {}", shape, shown(node)));
}

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

// Numbers and booleans become the text they were written as.
bool to_text(Node& node) {
  if (node.is_string()) return true;
  if (!node.is_number() && !node.is_bool()) return false;
  std::string spelled = node.is_number() ? node.text : node.scalar_text();
  node = Node::of(std::move(spelled), node.mark);
  return true;
}

bool to_integer(Node& node) {
  if (node.is_int()) return true;
  if (node.kind == Node::Kind::kDouble) {
    if (const auto whole = whole_number(node.number)) {
      node = Node::of(*whole, node.mark);
      return true;
    }
  }
  if (!node.is_string()) return false;
  int64_t value = 0;
  const auto [end, error] =
      std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
  if (error != std::errc{} || end != node.text.data() + node.text.size()) return false;
  node = Node::of(value, node.mark);
  return true;
}

}  // namespace

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }
bool letters_digits_or(std::string_view text, std::string_view extra) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alpha(c) || is_digit(c) || extra.find(c) != std::string_view::npos;
  });
}

bool is_intrinsic(const Node& node) {
  if (!node.is_map() || node.entries.size() != 1) return false;
  const std::string& key = node.entries[0].key;
  return key == "Ref" || key.starts_with("Fn::");
}

Rule anything() {
  return [](Node&, const std::string&) -> Result<void> { return {}; };
}

Rule boolean() {
  return [](Node& node, const std::string& path) -> Result<void> {
    if (node.is_bool()) return {};
    if (node.is_string() && (node.text == "true" || node.text == "false")) {
      node = Node::of(node.text == "true", node.mark);
      return {};
    }
    return mismatch(node, path, "true or false");
  };
}

Rule integer(int64_t least, int64_t most) {
  return [=](Node& node, const std::string& path) -> Result<void> {
    const std::string shape = most == INT64_MAX
                                  ? fmt::format("an integer of at least {}", least)
                                  : fmt::format("an integer from {} to {}", least, most);
    if (!to_integer(node)) return mismatch(node, path, shape);
    if (node.integer < least || node.integer > most) return mismatch(node, path, shape);
    return {};
  };
}

Rule one_integer_of(std::vector<int64_t> values) {
  return [values = std::move(values)](Node& node, const std::string& path) -> Result<void> {
    if (to_integer(node) && std::find(values.begin(), values.end(), node.integer) != values.end())
      return {};
    return mismatch(node, path, fmt::format("one of {}", fmt::join(values, ", ")));
  };
}

Rule one_of(std::vector<std::string> values) {
  return [values = std::move(values)](Node& node, const std::string& path) -> Result<void> {
    if (to_text(node) && std::find(values.begin(), values.end(), node.text) != values.end())
      return {};
    return mismatch(node, path, fmt::format("one of {}", fmt::join(values, ", ")));
  };
}

Rule one_of_any_case(std::vector<std::string> values) {
  return [values = std::move(values)](Node& node, const std::string& path) -> Result<void> {
    if (to_text(node)) {
      for (const auto& value : values) {
        if (!same_letters(value, node.text)) continue;
        node.text = value;
        return {};
      }
    }
    return mismatch(node, path, fmt::format("one of {}", fmt::join(values, ", ")));
  };
}

Rule text(size_t least, size_t most) {
  return [=](Node& node, const std::string& path) -> Result<void> {
    if (!to_text(node)) return mismatch(node, path, "a string");
    if (node.text.size() < least) return fail_at(node.mark, path, "must not be empty");
    if (node.text.size() > most)
      return fail_at(node.mark, path, fmt::format("must be at most {} characters long", most));
    return {};
  };
}

Rule text_like(std::function<bool(std::string_view)> matches, std::string shape) {
  return [matches = std::move(matches), shape = std::move(shape)](
             Node& node, const std::string& path) -> Result<void> {
    if (!to_text(node) || !matches(node.text)) return mismatch(node, path, shape);
    return {};
  };
}

Rule list_of(Rule item, size_t most) {
  return [item = std::move(item), most](Node& node, const std::string& path) -> Result<void> {
    if (node.is_string()) {
      Node list = Node::list(node.mark);
      list.items.push_back(std::move(node));
      node = std::move(list);
    }
    if (!node.is_list()) return mismatch(node, path, "a list");
    if (node.items.size() > most)
      return fail_at(node.mark, path, fmt::format("must have at most {} entries", most));
    for (size_t i = 0; i < node.items.size(); ++i)
      CHECK_OK(item(node.items[i], join_path(path, std::to_string(i))));
    return {};
  };
}

Rule map_of(Rule value) {
  return [value = std::move(value)](Node& node, const std::string& path) -> Result<void> {
    if (node.is_null()) node = Node::map(node.mark);
    if (!node.is_map()) return mismatch(node, path, "a map");
    for (auto& entry : node.entries) CHECK_OK(value(entry.value, join_path(path, entry.key)));
    return {};
  };
}

Rule intrinsic_or(Rule rule) {
  return [rule = std::move(rule)](Node& node, const std::string& path) -> Result<void> {
    if (is_intrinsic(node)) return {};
    return rule(node, path);
  };
}

Rule first_of(std::vector<std::pair<std::function<bool(const Node&)>, Rule>> choices,
              std::string shape) {
  return [choices = std::move(choices), shape = std::move(shape)](
             Node& node, const std::string& path) -> Result<void> {
    for (const auto& [applies, rule] : choices) {
      if (applies(node)) return rule(node, path);
    }
    return mismatch(node, path, shape);
  };
}

Rule record(std::vector<Field> fields, std::vector<std::string> unsupported) {
  return [fields = std::move(fields), unsupported = std::move(unsupported)](
             Node& node, const std::string& path) -> Result<void> {
    if (node.is_null()) node = Node::map(node.mark);
    if (!node.is_map()) return mismatch(node, path, "a map");
    for (auto& entry : node.entries) {
      const std::string here = join_path(path, entry.key);
      const auto field = std::find_if(fields.begin(), fields.end(),
                                      [&](const Field& f) { return f.name == entry.key; });
      if (field == fields.end()) {
        if (std::find(unsupported.begin(), unsupported.end(), entry.key) != unsupported.end()) {
          return fail_at(entry.mark, here,
                         "the Serverless Framework knows this key, but Dewpoint does not support "
                         "it yet; remove it");
        }
        std::vector<std::string> names;
        for (const auto& known : fields) names.push_back(known.name);
        return fail_at(entry.mark, here,
                       fmt::format("unknown key{}", did_you_mean(entry.key, names)));
      }
      // A key without a value counts as absent.
      if (!entry.value.is_null()) CHECK_OK(field->rule(entry.value, here));
    }
    std::erase_if(node.entries, [](const Entry& entry) { return entry.value.is_null(); });
    for (const auto& field : fields) {
      if (field.required && !node.find(field.name))
        return fail_at(node.mark, path, fmt::format("the key '{}' is missing", field.name));
    }
    return {};
  };
}

}  // namespace dew::serverless
