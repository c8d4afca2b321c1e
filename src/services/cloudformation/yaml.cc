// YAML as CloudFormation reads it (YAML 1.1 without aliases, merges, timestamps and binary data).
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "services/cloudformation/template.h"

namespace dew::cloudformation {

namespace {

// Thrown through yaml-cpp's parser only, and caught in parse_yaml.
struct Refused {
  std::string message;
};

constexpr std::array<std::string_view, 21> kFunctions = {
    "Base64",      "Cidr",   "And",          "Equals",   "If",
    "Not",         "Or",     "FindInMap",    "GetAtt",   "GetAZs",
    "ImportValue", "Join",   "Select",       "Split",    "Sub",
    "Transform",   "Length", "ToJsonString", "Contains", "EachMemberEquals",
    "EachMemberIn"};

// !Sub -> Fn::Sub, !Ref -> Ref, !Condition -> Condition; empty: no function.
std::string function_of(const std::string& tag, ShortForms short_forms) {
  if (tag.empty() || tag == "?" || tag == "!") return "";
  if (tag.starts_with("tag:yaml.org,2002:")) return "";
  if (short_forms == ShortForms::kRefused)
    throw Refused{"Template format error: YAML tag " + tag + " is not supported here"};
  if (tag == "!Ref") return "Ref";
  if (tag == "!Condition") return "Condition";
  const auto name = std::string_view(tag).substr(1);
  if (tag.starts_with('!') && std::ranges::find(kFunctions, name) != kFunctions.end()) {
    return "Fn::" + std::string(name);
  }
  throw Refused{"Template format error: YAML tag " + tag + " is not supported"};
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

// A plain scalar by YAML 1.1's rules, except that a leading zero makes no octal number (account
// ids) and a date stays a string, as CloudFormation keeps both.
json::Value plain(const std::string& text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (is_one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
  if (is_one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}))
    return false;
  const auto digits =
      text.starts_with('-') ? std::string_view(text).substr(1) : std::string_view(text);
  const bool numeric = !digits.empty() &&
                       std::ranges::all_of(digits,
                                           [](char c) {
                                             return (c >= '0' && c <= '9') || c == '.' ||
                                                    c == 'e' || c == 'E' || c == '-' || c == '+';
                                           }) &&
                       digits[0] >= '0' && digits[0] <= '9';
  if (!numeric || (digits.size() > 1 && digits[0] == '0' && digits[1] != '.'))
    return json::String(text);
  const auto* begin = text.data();
  const auto* end = begin + text.size();
  int64_t whole = 0;
  if (const auto [at, error] = std::from_chars(begin, end, whole);
      error == std::errc{} && at == end)
    return whole;
  double real = 0;
  const auto [at, error] = std::from_chars(begin, end, real);
  // Digits that a double would lose (a long id) stay text.
  if (error == std::errc{} && at == end && digits.size() <= 15) return real;
  return json::String(text);
}

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(ShortForms short_forms) : short_forms_(short_forms) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { (void)mark; }

  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {
    throw Refused{"Template error: YAML aliases are not allowed in CloudFormation templates"};
  }
  void OnNull(const YAML::Mark&, YAML::anchor_t) override { add(nullptr, ""); }

  void OnScalar(const YAML::Mark&, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    const bool key = !open_.empty() && open_.back().is_map && !open_.back().has_key;
    if (key) {
      take_key(text);
      return;
    }
    const auto function = function_of(tag, short_forms_);
    if (tag == "tag:yaml.org,2002:str") {
      add(json::String(text), "");
    } else if (function == "Fn::GetAtt") {
      // "Name.Attribute", where only the first dot divides.
      const auto dot = text.find('.');
      if (dot == std::string::npos) {
        throw Refused{
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the "
            "resource name and the resource attribute"};
      }
      add(json::Array{text.substr(0, dot), text.substr(dot + 1)}, function);
    } else if (function.empty()) {
      add(tag == "?" ? plain(text) : json::Value(json::String(text)), "");
    } else {
      add(json::String(text), function);
    }
  }

  void OnSequenceStart(const YAML::Mark&, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    push(json::Array{}, tag, false);
  }
  void OnSequenceEnd() override { pop(); }
  void OnMapStart(const YAML::Mark&, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    push(json::Object{}, tag, true);
  }
  void OnMapEnd() override { pop(); }

  json::Value take() { return std::move(root_); }

 private:
  struct Open {
    json::Value value;
    std::string function;
    bool is_map = false;
    bool has_key = false;
    std::string key;
  };

  void take_key(const std::string& text) {
    auto& map = open_.back();
    if (text == "<<")
      throw Refused{"Template error: YAML merges are not allowed in CloudFormation templates"};
    if (map.value.as_object().contains(text)) {
      throw Refused{"Template format error: duplicate key " + text};
    }
    map.key = text;
    map.has_key = true;
  }

  void push(json::Value empty, const std::string& tag, bool is_map) {
    if (!open_.empty() && open_.back().is_map && !open_.back().has_key) {
      throw Refused{"Template format error: a key must be a scalar"};
    }
    if (open_.size() >= kTemplateDepth) throw Refused{"Template format error: nested too deeply"};
    count();
    open_.push_back({std::move(empty), function_of(tag, short_forms_), is_map, false, {}});
  }

  void pop() {
    auto closed = std::move(open_.back());
    open_.pop_back();
    add(std::move(closed.value), closed.function);
  }

  void count() {
    if (++nodes_ > kTemplateNodes) throw Refused{"Template format error: too many nodes"};
  }

  void add(json::Value value, const std::string& function) {
    count();
    if (!function.empty()) {
      json::Object call;
      call[function] = std::move(value);
      value = std::move(call);
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& top = open_.back();
    if (!top.is_map) {
      top.value.as_array().push_back(std::move(value));
    } else if (!top.has_key) {
      if (!value.is_null()) throw Refused{"Template format error: a key must be a scalar"};
      take_key("");
    } else {
      top.value.as_object()[top.key] = std::move(value);
      top.has_key = false;
    }
  }

  const ShortForms short_forms_;
  std::vector<Open> open_;
  json::Value root_;
  size_t nodes_ = 0;
};

}  // namespace

ApiResult<json::Value> parse_yaml(std::string_view text, ShortForms short_forms) {
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(short_forms);
    if (!parser.HandleNextDocument(builder))
      return invalid("Template format error: unsupported structure.");
    return builder.take();
  } catch (const Refused& refused) {
    return invalid(refused.message);
  } catch (const YAML::Exception& error) {
    return invalid(fmt::format("Template format error: YAML not well-formed. (line {}, column {})",
                               error.mark.line + 1, error.mark.column + 1));
  }
}

}  // namespace dew::cloudformation
