#include "services/cloudformation/transforms.h"

#include <algorithm>

#include "services/cloudformation/language_extensions.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kInclude = "AWS::Include";
constexpr std::string_view kTransform = "Fn::Transform";

std::unexpected<aws::ApiError> include_failed(std::string_view message) {
  return invalid(fmt::format("Transform {} failed with: {}", kInclude, message));
}

// "Name", or {"Name": …, "Parameters": {…}}.
std::string name_of(const json::Value& transform) {
  if (transform.is_string()) return json::str(transform);
  return transform.is_object() ? json::string_or(transform.as_object(), "Name") : "";
}

// One of them, or a list of them.
json::Array list_of(const json::Value& value) {
  return value.is_array() ? value.as_array() : json::Array{value};
}

void note_transforms(const json::Value& value, std::vector<std::string>& out) {
  for (const auto& one : list_of(value)) {
    auto name = name_of(one);
    if (std::ranges::find(out, name) == out.end()) out.push_back(std::move(name));
  }
}

void find_embedded(const json::Value& value, std::vector<std::string>& out) {
  if (value.is_array()) {
    for (const auto& item : value.as_array()) find_embedded(item, out);
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) {
      if (key == kTransform) note_transforms(member, out);
      find_embedded(member, out);
    }
  }
}

class Includer {
 public:
  Includer(const Template& tmpl, const Environment& environment, const ReadInclude& read)
      : evaluator_(tmpl, environment), read_(read) {}

  // Every Fn::Transform in the value is replaced by what it includes.
  ApiResult<json::Value> apply(json::Value value) {
    if (value.is_array()) {
      for (auto& item : value.as_array()) {
        TRY(item, apply(std::move(item)));
      }
      return value;
    }
    if (!value.is_object()) return value;
    json::Object out;
    for (auto& [key, member] : value.as_object()) {
      if (key == kTransform) {
        for (const auto& one : list_of(member)) {
          TRY(auto content, include(one));
          if (value.as_object().size() == 1 && !content.is_object()) return content;
          CHECK_OK(merge(out, std::move(content)));
        }
      } else {
        TRY(auto applied, apply(std::move(member)));
        CHECK_OK(put(out, key, std::move(applied)));
      }
    }
    return out;
  }

  // What an AWS::Include names.
  ApiResult<json::Value> include(const json::Value& transform) {
    const auto name = name_of(transform);
    if (name == kLanguageExtensions)
      return invalid(
          fmt::format("The transform {} may be declared only at the top of a template", name));
    if (name != kInclude)
      return invalid(fmt::format("Dewpoint does not support the transform {} yet", name));
    const auto* parameters = transform.is_object() ? json::find(transform, "Parameters") : nullptr;
    const auto* location = parameters ? json::find(*parameters, "Location") : nullptr;
    if (location == nullptr || parameters->as_object().size() != 1)
      return include_failed("the parameter Location is needed, and no other");
    TRY(const auto evaluated, evaluator_.evaluate(*location));
    const auto url = evaluated ? to_text(*evaluated).value_or("") : "";
    constexpr std::string_view kScheme = "s3://";
    const auto slash = url.find('/', kScheme.size());
    if (!url.starts_with(kScheme) || slash == std::string::npos || slash + 1 == url.size())
      return include_failed(
          "the location parameter is not a valid S3 uri. Location should be of the form "
          "s3://bucket-name/object-key");
    TRY(const auto text, read_(std::string_view(url).substr(kScheme.size(), slash - kScheme.size()),
                               std::string_view(url).substr(slash + 1)));
    bytes_ += text.size();
    if (bytes_ > kTemplateUrlBytes) return include_failed("the resulting template is too large");
    auto content = parse_template_text(text, ShortForms::kRefused);
    if (!content)
      return include_failed("The specified S3 object's content should be valid Yaml/JSON");
    std::vector<std::string> within;
    find_embedded(*content, within);
    if (!within.empty()) return include_failed("included content holds a transform of its own");
    return content;
  }

  ApiResult<void> merge(json::Object& out, json::Value content) {
    if (!content.is_object())
      return include_failed("the included content must be a map to stand beside other members");
    for (auto& [key, member] : content.as_object()) CHECK_OK(put(out, key, std::move(member)));
    return {};
  }

 private:
  static ApiResult<void> put(json::Object& out, std::string_view key, json::Value value) {
    if (!out.emplace(key, std::move(value)).second)
      return include_failed(fmt::format("the key {} is there already", key));
    return {};
  }

  Evaluator evaluator_;
  const ReadInclude& read_;
  size_t bytes_ = 0;
};

// Only what there is of AWS's, and of an account's there is none.
ApiResult<void> check_known(const std::vector<std::string>& names, std::string_view account) {
  for (const auto& name : names) {
    if (name == kLanguageExtensions || name == kInclude) continue;
    if (name.starts_with("AWS::"))
      return invalid(fmt::format("Dewpoint does not support the transform {} yet", name));
    if (name.empty()) return invalid("Template format error: a transform must have a name");
    return invalid(fmt::format("No transform named {}::{} found.", account, name));
  }
  return {};
}

}  // namespace

std::vector<std::string> declared_transforms(const json::Object& document) {
  std::vector<std::string> out;
  if (const auto* declared = json::find(document, "Transform")) note_transforms(*declared, out);
  for (const auto& [name, section] : document) {
    if (name != "Transform") find_embedded(section, out);
  }
  return out;
}

ApiResult<Processed> apply_transforms(
    std::string_view text, const GivenParameters& given,
    const std::function<ApiResult<std::string>(const std::string& name)>& ssm,
    Environment environment, const ReadInclude& read) {
  TRY(auto parsed, parse_template_text(text));
  if (!parsed.is_object()) return Processed{std::string(text), {}};  // refused by parse_template
  auto& document = parsed.as_object();
  auto names = declared_transforms(document);
  if (names.empty()) return Processed{std::string(text), {}};
  CHECK_OK(check_known(names, environment.account));

  TRY(const auto declarations, parse_unprocessed(text));
  TRY(auto bound, bind_parameters(declarations, given, ssm));
  environment.parameters = std::move(bound.values);
  const auto unresolved = [](std::string_view what) {
    return invalid(fmt::format("{} is known only once resources exist", what));
  };
  environment.ref = [=](std::string_view name) -> ApiResult<json::Value> {
    return unresolved(name);
  };
  environment.get_att = [=](std::string_view name, std::string_view) -> ApiResult<json::Value> {
    return unresolved(name);
  };
  environment.import_value = environment.ref;

  Includer includer(declarations, environment, read);
  json::Array others;  // what is declared at the top beside AWS::Include
  json::Array at_top;
  if (auto* declared = document.if_contains("Transform")) at_top = list_of(*declared);
  document.erase("Transform");
  TRY(auto applied, includer.apply(std::move(parsed)));
  auto& out = applied.as_object();
  for (auto& one : at_top) {
    if (name_of(one) == kInclude) {
      TRY(auto content, includer.include(one));
      CHECK_OK(includer.merge(out, std::move(content)));
    } else {
      others.push_back(std::move(one));
    }
  }
  if (!others.empty()) {
    auto included = declarations;  // mappings that AWS::Include has brought count too
    if (const auto* mappings = json::object_at(out, "Mappings")) included.mappings = *mappings;
    TRY(out, extend_language(included, environment, std::move(out)));
    out["Transform"] = std::move(others);
  }
  auto made = json::dump(applied);
  if (made.size() > kTemplateUrlBytes)
    return invalid("Template may not exceed 1000000 bytes in size.");
  return Processed{std::move(made), std::move(names)};
}

}  // namespace dew::cloudformation
