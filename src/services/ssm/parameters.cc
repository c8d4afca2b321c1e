#include "services/ssm/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "net/http.h"
#include "store/key.h"

namespace dew::ssm {

namespace {

using store::Key;

constexpr size_t kMaxLevels = 15;
// "This count of 1011 characters includes the characters in the ARN that precede the name"
// docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
constexpr size_t kMaxArnBytes = 1011;

Key newest_key(std::string_view name) { return Key("ssm").add("parameter").add(name); }
Key versions_key(std::string_view name) { return Key("ssm").add("version").add(name); }

aws::ApiResult<json::Object> decode(std::string_view text) {
  auto value = json::parse(text);
  if (!value || !value->is_object())
    return aws::fail(Error{ErrorKind::kIo, "A stored parameter is not valid JSON"});
  return std::move(value->get_object());
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool has_prefix_folded(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && http::iequals(text.substr(0, prefix.size()), prefix);
}

bool has_label(const json::Object& record, std::string_view label) {
  const auto* labels = json::array_at(record, "Labels");
  return labels != nullptr && std::any_of(labels->begin(), labels->end(), [&](const auto& one) {
           return json::view(one.as_string()) == label;
         });
}

aws::ApiError invalid_name() {
  return aws::ApiError::validation(
      "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it "
      "can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of "
      "letters, numbers and the following 3 symbols .-_");
}

// With words of their own for a name and for a path.
aws::ApiResult<void> check_prefix(std::string_view name) {
  auto bare = name;
  if (bare.starts_with('/')) bare.remove_prefix(1);
  const bool aws = has_prefix_folded(bare, "aws");
  if (!aws && !has_prefix_folded(bare, "ssm")) return {};
  if (std::ranges::count(name, '/') < 2) {
    return aws::fail(aws::ApiError::validation(
        "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."));
  }
  if (!aws) return aws::fail(invalid_name());
  return aws::fail("AccessDeniedException",
                   fmt::format("No access to reserved parameter name: {}.", name));
}

}  // namespace

aws::ApiError parameter_not_found(std::string_view name) {
  return {"ParameterNotFound", fmt::format("Parameter {} not found.", name), 400};
}

aws::ApiError version_not_found(std::string_view name, std::string_view version) {
  return {"ParameterVersionNotFound",
          fmt::format("Systems Manager could not find version {} of {}. Verify the version and try "
                      "again.",
                      version, name),
          400};
}

aws::ApiResult<Reference> parse_reference(std::string_view text) {
  Reference out;
  if (text.starts_with("arn:")) {
    constexpr std::string_view kMark = ":parameter/";
    const size_t mark = text.find(kMark);
    if (mark == std::string_view::npos)
      return aws::fail(aws::ApiError::validation("Invalid parameter ARN: " + std::string(text)));
    auto rest = text.substr(mark + kMark.size());
    // arn:…:parameter/a/b is /a/b; arn:…:parameter/a is a.
    const bool path = rest.find('/') != std::string_view::npos;
    out.name = (path ? "/" : "") + std::string(rest);
  } else {
    out.name = text;
  }
  if (const size_t colon = out.name.find(':'); colon != std::string::npos) {
    out.selector = out.name.substr(colon);
    out.name.resize(colon);
    int64_t number = 0;
    const auto* begin = out.selector.data() + 1;
    const auto* end = out.selector.data() + out.selector.size();
    const auto [stop, error] = std::from_chars(begin, end, number);
    if (error == std::errc() && stop == end && number >= 1) {
      out.version = number;
    } else {
      out.label = out.selector.substr(1);
      if (out.label.empty()) {
        return aws::fail(aws::ApiError::validation(
            "The parameter selector must be a version number or a label: " + std::string(text)));
      }
    }
  }
  return out;
}

aws::ApiResult<void> check_name(std::string_view name, std::string_view arn) {
  if (name.empty() || arn.size() > kMaxArnBytes) {
    return aws::fail(
        aws::ApiError::validation(fmt::format("Parameter name must be between 1 and {} characters",
                                              kMaxArnBytes - arn.size() + name.size())));
  }
  CHECK_OK(check_prefix(name));
  auto bare = name;
  if (bare.starts_with('/')) bare.remove_prefix(1);
  if (!name.starts_with('/') && name.find('/') != std::string_view::npos) {
    return aws::fail(aws::ApiError::validation("Parameter name must be a fully qualified name."));
  }
  if (bare.empty() || bare.ends_with('/') || bare.find("//") != std::string_view::npos ||
      !std::all_of(bare.begin(), bare.end(), [](char c) { return is_name_char(c) || c == '/'; })) {
    return aws::fail(invalid_name());
  }
  if (static_cast<size_t>(std::count(name.begin(), name.end(), '/')) > kMaxLevels) {
    return aws::fail("HierarchyLevelLimitExceededException",
                     "A hierarchy can have a maximum of 15 levels. For more information, see "
                     "Requirements and constraints "
                     "for parameter names in the AWS Systems Manager User Guide.");
  }
  return {};
}

aws::ApiResult<void> check_path(std::string_view path) {
  const bool valid =
      path.starts_with('/') && path.find("//") == std::string_view::npos &&
      std::all_of(path.begin(), path.end(), [](char c) { return is_name_char(c) || c == '/'; });
  if (valid) return {};
  return aws::fail(
      aws::ApiError::validation("The parameter doesn't meet the parameter name requirements. The "
                                "parameter name must begin with a forward slash "
                                "\"/\". It can't be prefixed with \"aws\" or \"ssm\" "
                                "(case-insensitive). It must use only letters, numbers, or the "
                                "following symbols: . (period), - (hyphen), _ (underscore). "
                                "Special characters are not allowed. All sub-paths, if "
                                "specified, must use the forward slash symbol \"/\". Valid "
                                "example: /get/parameters2-/by1./path0_."));
}

aws::ApiResult<std::optional<json::Object>> Parameters::read(std::string_view key) const {
  TRY(auto text, store_.get(key));
  if (!text) return std::optional<json::Object>();
  TRY(auto record, decode(*text));
  return std::optional(std::move(record));
}

aws::ApiResult<std::optional<json::Object>> Parameters::newest(std::string_view name) const {
  TRY(auto record, read(newest_key(name)));
  if (record || name.find('/', 1) != std::string_view::npos) return record;
  return read(
      newest_key(name.starts_with('/') ? std::string(name.substr(1)) : "/" + std::string(name)));
}

aws::ApiResult<std::optional<json::Object>> Parameters::version(std::string_view name,
                                                                int64_t number) const {
  return read(versions_key(name).add(static_cast<uint64_t>(number)));
}

aws::ApiResult<json::Object> Parameters::resolve(const Reference& reference) const {
  TRY(auto record, newest(reference.name));
  if (!record) return aws::fail(parameter_not_found(reference.name));
  if (!reference.label.empty()) {
    TRY(auto versions, history(json::string_or(*record, "Name")));
    for (auto& one : versions) {
      if (has_label(one, reference.label)) return std::move(one);
    }
    return aws::fail(version_not_found(reference.name, reference.label));
  }
  if (!reference.version) return std::move(*record);
  TRY(auto exact, version(json::string_or(*record, "Name"), *reference.version));
  if (!exact)
    return aws::fail(version_not_found(reference.name, std::to_string(*reference.version)));
  return std::move(*exact);
}

aws::ApiResult<void> Parameters::scan(std::string_view prefix, std::string_view after,
                                      const std::function<bool(json::Object&&)>& visit) const {
  const Key all = Key("ssm").add("parameter");
  const Key begin = Key(all).add_raw(prefix);
  const Key next = newest_key(after);
  const bool skip = !after.empty() && next.str() >= begin.str();
  auto cursor = store_.cursor(skip ? next.str() : begin.str(), begin.prefix_end());
  for (; cursor->valid(); cursor->next()) {
    if (skip && cursor->key() == next.str()) continue;
    TRY(auto record, decode(cursor->value()));
    if (!visit(std::move(record))) return {};
  }
  CHECK_OK(cursor->status());
  return {};
}

aws::ApiResult<std::vector<json::Object>> Parameters::history(std::string_view name) const {
  std::vector<json::Object> out;
  const Key prefix = versions_key(name);
  auto cursor = store_.cursor(prefix, prefix.prefix_end());
  for (; cursor->valid(); cursor->next()) {
    TRY(auto record, decode(cursor->value()));
    out.push_back(std::move(record));
  }
  CHECK_OK(cursor->status());
  return out;
}

aws::ApiResult<void> Parameters::put(const json::Object& record) {
  const auto name = json::string_or(record, "Name");
  const auto number = json::int_at(record, "Version").value_or(1);
  auto version = record;
  version.erase("Tags");
  store::Batch batch;
  batch.put(newest_key(name), json::dump(record));
  batch.put(versions_key(name).add(static_cast<uint64_t>(number)), json::dump(version));
  if (number > kMaxVersions) {
    const int64_t oldest = number - kMaxVersions;
    TRY(const auto last, this->version(name, oldest));
    if (const auto* labels = last ? json::array_at(*last, "Labels") : nullptr;
        labels != nullptr && !labels->empty()) {
      return aws::fail(
          "ParameterMaxVersionLimitExceeded",
          fmt::format(
              "You attempted to create a new version of {} by calling the PutParameter API "
              "with the overwrite flag. Version {}, the oldest version, can't be deleted "
              "because it has a label associated with it. Move the label to another version "
              "of the parameter, and try again.",
              name, oldest));
    }
    batch.erase(versions_key(name).add(static_cast<uint64_t>(oldest)));
  }
  TRY([[maybe_unused]] auto sequence, store_.commit(batch));
  return {};
}

aws::ApiResult<void> Parameters::put_versions(const std::vector<json::Object>& records) {
  store::Batch batch;
  for (const auto& record : records) {
    const auto number = static_cast<uint64_t>(json::int_at(record, "Version").value_or(0));
    batch.put(versions_key(json::string_or(record, "Name")).add(number), json::dump(record));
  }
  if (batch.empty()) return {};
  TRY([[maybe_unused]] auto sequence, store_.commit(batch));
  return {};
}

aws::ApiResult<void> Parameters::put_tags(const json::Object& record) {
  store::Batch batch;
  batch.put(newest_key(json::string_or(record, "Name")), json::dump(record));
  TRY([[maybe_unused]] auto sequence, store_.commit(batch));
  return {};
}

aws::ApiResult<void> Parameters::erase(const std::vector<std::string>& names) {
  store::Batch batch;
  for (const auto& name : names) {
    const Key versions = versions_key(name);
    batch.erase(newest_key(name));
    batch.erase_range(versions, versions.prefix_end());
  }
  if (batch.empty()) return {};
  TRY([[maybe_unused]] auto sequence, store_.commit(batch));
  return {};
}

}  // namespace dew::ssm
