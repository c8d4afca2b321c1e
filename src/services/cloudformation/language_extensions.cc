#include "services/cloudformation/language_extensions.h"

#include <algorithm>
#include <array>

#include "services/cloudformation/references.h"

namespace dew::cloudformation {

namespace {

constexpr std::array<std::string_view, 3> kSections = {"Conditions", "Resources", "Outputs"};

std::unexpected<aws::ApiError> failed(std::string_view message) {
  return invalid(fmt::format("Transform {} failed with: {}", kLanguageExtensions, message));
}

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

using Bindings = std::map<std::string, std::string, std::less<>>;  // a loop's identifier, its item

// Every ${Id} and, in a key, &{Id} of a bound identifier.
std::string substituted(std::string_view text, const Bindings& bindings, bool key) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find('{', 1);
    const auto close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) break;
    const char mark = text[open - 1];
    const auto bound = bindings.find(text.substr(open + 1, close - open - 1));
    if (bound == bindings.end() || (mark != '$' && (mark != '&' || !key))) {
      out += text.substr(0, open);
      text.remove_prefix(open);
      continue;
    }
    out += text.substr(0, open - 1);
    for (const char c : bound->second) {
      if (mark == '$' || is_alnum(c)) out += c;
    }
    text.remove_prefix(close + 1);
  }
  out += text;
  return out;
}

bool has_placeholder(std::string_view key, std::string_view identifier) {
  return key.find(fmt::format("${{{}}}", identifier)) != std::string_view::npos ||
         key.find(fmt::format("&{{{}}}", identifier)) != std::string_view::npos;
}

class Expander {
 public:
  Expander(const Template& tmpl, const Environment& environment)
      : template_(tmpl), environment_(environment) {
    const auto unresolved = [] { return failed("the value is known only once resources exist"); };
    environment_.ref = [=](std::string_view) -> ApiResult<json::Value> { return unresolved(); };
    environment_.get_att = [=](std::string_view, std::string_view) -> ApiResult<json::Value> {
      return unresolved();
    };
    environment_.import_value = environment_.ref;
  }

  ApiResult<json::Object> run(json::Object document) {
    for (const auto& [name, section] : document) {
      if (std::ranges::find(kSections, std::string_view(name)) != kSections.end()) {
        CHECK_OK(check_loops(section));
      } else if (name != "Transform" && has_loop(section)) {
        return failed(
            fmt::format("Fn::ForEach is not supported in the {} section", std::string(name)));
      }
    }
    const auto* resources = json::object_at(document, "Resources");
    for (const auto& name : loops_) {
      if (resources != nullptr && resources->contains(name)) {
        return failed(fmt::format("the loop {} has the name of a resource", name));
      }
    }
    for (const auto name : kSections) {
      if (auto* section = document.if_contains(name)) {
        TRY(auto expanded, expand(*section, 0));
        *section = std::move(expanded);
      }
    }
    if (const auto* conditions = json::object_at(document, "Conditions"))
      template_.conditions = *conditions;
    CHECK_OK(resolve_names(document, "Resources",
                           {"Condition", "DeletionPolicy", "UpdateReplacePolicy"}));
    CHECK_OK(resolve_names(document, "Outputs", {"Condition"}));
    return document;
  }

 private:
  static bool has_loop(const json::Value& value) {
    if (value.is_array()) return std::ranges::any_of(value.as_array(), has_loop);
    if (!value.is_object()) return false;
    return std::ranges::any_of(value.as_object(), [](const auto& member) {
      return std::string_view(member.key()).starts_with(kForEach) || has_loop(member.value());
    });
  }

  // Names of loops are one to a template.
  ApiResult<void> check_loops(const json::Value& value) {
    if (value.is_array()) {
      for (const auto& item : value.as_array()) CHECK_OK(check_loops(item));
    } else if (value.is_object()) {
      for (const auto& [key, member] : value.as_object()) {
        if (std::string_view(key).starts_with(kForEach)) {
          const std::string name(std::string_view(key).substr(kForEach.size()));
          if (name.empty() || !loops_.insert(name).second) {
            return failed(fmt::format("the loop name '{}' is not unique in the template", name));
          }
        }
        CHECK_OK(check_loops(member));
      }
    }
    return {};
  }

  ApiResult<void> grow(size_t bytes) {
    bytes_ += bytes;
    if (++nodes_ > kTemplateNodes || bytes_ > kTemplateUrlBytes)
      return failed("the resulting template is too large");
    return {};
  }

  // Without what it says only the resources themselves can tell.
  ApiResult<std::optional<json::Value>> evaluate(const json::Value& value) {
    Environment scoped = environment_;
    for (const auto& [identifier, item] : bindings_)
      scoped.parameters[identifier] = json::String(item);
    return Evaluator(template_, scoped).evaluate(value);
  }

  // A function where a name stands.
  ApiResult<json::Value> name_of(const json::Value& value, std::string_view what) {
    if (!value.is_object()) return value;
    auto evaluated = evaluate(value);
    auto text = evaluated && *evaluated ? to_text(**evaluated) : std::nullopt;
    if (!text) return failed(fmt::format("the name in {} could not be resolved to a string", what));
    return json::Value(json::String(*text));
  }

  ApiResult<json::Value> expand(const json::Value& value, int depth) {
    if (depth > kTemplateDepth) return failed("nested too deeply");
    CHECK_OK(grow(value.is_string() ? value.as_string().size() : 0));
    if (value.is_array()) {
      json::Array out;
      for (const auto& item : value.as_array()) {
        TRY(auto expanded, expand(item, depth + 1));
        out.push_back(std::move(expanded));
      }
      return out;
    }
    if (!value.is_object()) return value;
    const auto [function, argument] = as_function(value);
    if (argument != nullptr && function != "Condition" && !function.starts_with(kForEach))
      return call(function, *argument, depth);
    json::Object out;
    for (const auto& [key, member] : value.as_object()) {
      if (std::string_view(key).starts_with(kForEach)) {
        CHECK_OK(loop(member, out, depth + 1));
      } else {
        TRY(auto expanded, expand(member, depth + 1));
        CHECK_OK(put(out, key, std::move(expanded)));
      }
    }
    return out;
  }

  ApiResult<void> put(json::Object& out, std::string_view key, json::Value value) {
    CHECK_OK(grow(key.size()));
    if (!out.emplace(key, std::move(value)).second)
      return failed(fmt::format("the key {} is made more than once", key));
    return {};
  }

  ApiResult<json::Value> call(std::string_view function, const json::Value& argument, int depth) {
    json::Object out;
    auto& made = out[function];
    if (function == "Ref") {
      TRY(made, name_of(argument, function));
      const auto bound =
          made.is_string() ? bindings_.find(json::view(made.as_string())) : bindings_.end();
      if (bound != bindings_.end()) return json::Value(json::String(bound->second));
    } else if (function == "Fn::GetAtt" && argument.is_array()) {
      json::Array names;
      for (const auto& item : argument.as_array()) {
        TRY(auto name, name_of(item, function));
        names.push_back(std::move(name));
      }
      made = std::move(names);
    } else if (function == "Fn::Length") {
      const auto list = evaluate(argument);
      if (!list || !*list || !(*list)->is_array())
        return failed("The Fn::Length value could not be resolved for properties");
      return json::Value((*list)->as_array().size());
    } else if (function == "Fn::Sub") {
      if (argument.is_array() && !argument.as_array().empty() &&
          argument.as_array()[0].is_string()) {
        TRY(made, expand(argument, depth + 1));
        auto& text = made.as_array()[0].as_string();
        text = substituted(json::view(text), bindings_, false);
      } else if (argument.is_string()) {
        made = substituted(json::view(argument.as_string()), bindings_, false);
      } else {
        made = argument;
      }
    } else {
      TRY(made, expand(argument, depth + 1));
    }
    return out;
  }

  ApiResult<void> loop(const json::Value& argument, json::Object& out, int depth) {
    const auto* parts = argument.is_array() ? &argument.as_array() : nullptr;
    if (parts == nullptr || parts->size() != 3 || !(*parts)[0].is_string() ||
        (*parts)[0].as_string().empty() || (*parts)[1].is_string() || !(*parts)[2].is_object()) {
      return failed("Fn::ForEach layout is incorrect");
    }
    const auto identifier = json::str((*parts)[0]);
    if (bindings_.contains(identifier)) {
      return failed(
          fmt::format("the identifier {} is that of an outer Fn::ForEach already", identifier));
    }
    const auto collection = evaluate((*parts)[1]);
    if (!collection || !*collection || !(*collection)->is_array())
      return failed("Could not find a collection or could not be resolved for Fn::ForEach");
    for (const auto& item : (*collection)->as_array()) {
      const auto text = to_text(item);
      if (!text) return failed("Fn::ForEach layout is incorrect");
      bindings_[identifier] = *text;
      for (const auto& [key, member] : (*parts)[2].as_object()) {
        if (std::string_view(key).starts_with(kForEach)) {
          CHECK_OK(loop(member, out, depth + 1));
          continue;
        }
        if (!has_placeholder(key, identifier)) {
          return failed(fmt::format("the key {} of an Fn::ForEach has no ${{{}}} or &{{{}}}",
                                    std::string(key), identifier, identifier));
        }
        TRY(auto expanded, expand(member, depth + 1));
        CHECK_OK(put(out, substituted(key, bindings_, true), std::move(expanded)));
      }
    }
    bindings_.erase(identifier);
    return {};
  }

  ApiResult<void> resolve_names(json::Object& document, std::string_view section,
                                std::initializer_list<std::string_view> names) {
    auto* members = document.if_contains(section);
    if (members == nullptr || !members->is_object()) return {};
    for (auto& [id, member] : members->as_object()) {
      if (!member.is_object()) continue;
      for (const auto name : names) {
        if (auto* value = member.as_object().if_contains(name)) {
          TRY(*value, name_of(*value, fmt::format("/{}/{}/{}", section, std::string(id), name)));
        }
      }
    }
    return {};
  }

  Template template_;
  Environment environment_;
  Bindings bindings_;
  std::set<std::string> loops_;
  size_t nodes_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

ApiResult<json::Object> extend_language(const Template& tmpl, const Environment& environment,
                                        json::Object document) {
  return Expander(tmpl, environment).run(std::move(document));
}

}  // namespace dew::cloudformation
