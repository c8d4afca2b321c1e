#include "services/ssm/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "services/ssm/filters.h"

namespace dew::ssm {

namespace {

constexpr int64_t kByPathPage = 10;
constexpr int64_t kDescribePage = 50;
constexpr size_t kMaxTags = 50;

// A page's token is the last name (or number) of the page before it.
aws::ApiResult<std::string> after_token(const json::Object& input) {
  const auto token = json::string_or(input, "NextToken");
  if (token.empty()) return std::string();
  auto text = base64_decode(token);
  if (!text || text->empty())
    return aws::fail("InvalidNextToken", "The specified token isn't valid.");
  return std::move(*text);
}

void copy(json::Object& to, const json::Object& from, std::initializer_list<const char*> members) {
  for (const auto* member : members) {
    if (const auto* value = json::find(from, member)) to[member] = *value;
  }
}

std::string bare_name(std::string_view reference) {
  auto parsed = parse_reference(reference);
  return parsed ? parsed->name : std::string(reference);
}

}  // namespace

Service::Service(const services::Context& context)
    : context_(context),
      parameters_(context.store),
      sealer_(context.config.data_directory + "/ssm/key") {}

void Service::register_operations(aws::Registry& registry) {
  using Method = Answer (Service::*)(aws::Call&);
  // All of these take microseconds: they read and write the store and wait for nobody.
  static constexpr auto kOperations = std::to_array<std::pair<const char*, Method>>({
      {"PutParameter", &Service::put_parameter},
      {"GetParameter", &Service::get_parameter},
      {"GetParameters", &Service::get_parameters},
      {"GetParametersByPath", &Service::get_parameters_by_path},
      {"GetParameterHistory", &Service::get_parameter_history},
      {"DescribeParameters", &Service::describe_parameters},
      {"DeleteParameter", &Service::delete_parameter},
      {"DeleteParameters", &Service::delete_parameters},
      {"AddTagsToResource", &Service::add_tags},
      {"ListTagsForResource", &Service::list_tags},
      {"RemoveTagsFromResource", &Service::remove_tags},
      {"LabelParameterVersion", &Service::label_version},
      {"UnlabelParameterVersion", &Service::unlabel_version},
  });
  for (const auto& [name, method] : kOperations) {
    const bool quick = method == &Service::get_parameter || method == &Service::get_parameters;
    registry.add("ssm", name, quick ? aws::Run::kInline : aws::Run::kWorker,
                 [this, method](aws::Call& call) { return (this->*method)(call); });
  }
}

std::string Service::arn(std::string_view name) const {
  return fmt::format("arn:aws:ssm:{}:{}:parameter{}{}", context_.config.region,
                     context_.config.account, name.starts_with('/') ? "" : "/", name);
}

aws::ApiResult<json::Object> Service::shown(const json::Object& record, const aws::Call& call) {
  const auto name = json::string_or(record, "Name");
  json::Object out;
  copy(out, record, {"Name", "Type", "Value", "Version", "LastModifiedDate", "DataType"});
  out["ARN"] = arn(name);
  if (json::string_or(record, "Type") == "SecureString" &&
      json::bool_at(call.input, "WithDecryption").value_or(false)) {
    TRY(out["Value"], sealer_.unseal(name, json::string_or(record, "Value")));
  }
  return out;
}

aws::ApiResult<json::Value> Service::get_parameter(aws::Call& call) {
  TRY(const auto reference, parse_reference(json::string_or(call.input, "Name")));
  TRY(const auto record, parameters_.resolve(reference));
  TRY(auto parameter, shown(record, call));
  if (!reference.selector.empty()) parameter["Selector"] = reference.selector;
  return json::Object{{"Parameter", std::move(parameter)}};
}

aws::ApiResult<json::Value> Service::get_parameters(aws::Call& call) {
  json::Array found;
  json::Array invalid;
  const auto* names = json::array_at(call.input, "Names");
  for (const auto& element : names ? *names : json::Array()) {
    const auto name = json::str(element);
    const auto reference = parse_reference(name);
    auto record = reference ? parameters_.resolve(*reference)
                            : aws::ApiResult<json::Object>(aws::fail(reference.error()));
    if (!record) {
      if (record.error().status >= 500) return std::unexpected(std::move(record).error());
      invalid.emplace_back(name);
      continue;
    }
    TRY(auto parameter, shown(*record, call));
    if (!reference->selector.empty()) parameter["Selector"] = reference->selector;
    found.emplace_back(std::move(parameter));
  }
  return json::Object{{"Parameters", std::move(found)}, {"InvalidParameters", std::move(invalid)}};
}

aws::ApiResult<json::Value> Service::get_parameters_by_path(aws::Call& call) {
  const auto path = json::string_or(call.input, "Path");
  CHECK_OK(check_path(path));
  TRY(const auto filters, parse_filters(call.input));
  const Filter* label = nullptr;
  for (const auto& filter : filters) {
    if (filter.key != "Type" && filter.key != "KeyId" && filter.key != "Label") {
      return aws::fail("InvalidFilterKey",
                       fmt::format("The following filter key is not valid: {}. Valid filter keys "
                                   "include: [Type, KeyId].",
                                   filter.key));
    }
    if (filter.key == "Label") label = &filter;
  }
  TRY(const auto after, after_token(call.input));
  const bool recursive = json::bool_at(call.input, "Recursive").value_or(false);
  const auto limit =
      static_cast<size_t>(json::int_at(call.input, "MaxResults").value_or(kByPathPage));
  auto prefix = path;
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!prefix.empty()) prefix += '/';

  std::vector<json::Object> records;
  aws::ApiResult<void> looked;
  CHECK_OK(parameters_.scan(prefix, after, [&](json::Object&& record) {
    // With a label, its version stands for the parameter.
    if (label) {
      auto versions = parameters_.history(json::string_or(record, "Name"));
      if (!versions) {
        looked = std::unexpected(std::move(versions).error());
        return false;
      }
      const auto at = std::find_if(versions->begin(), versions->end(),
                                   [&](const auto& version) { return label->matches(version); });
      if (at == versions->end()) return true;
      record = std::move(*at);
    }
    const bool matches = is_under(json::string_or(record, "Name"), path, recursive) &&
                         std::all_of(filters.begin(), filters.end(),
                                     [&](const Filter& filter) { return filter.matches(record); });
    if (matches) records.push_back(std::move(record));
    return records.size() <= limit;  // one more, to know whether a page follows
  }));
  CHECK_OK(looked);
  json::Object out;
  if (records.size() > limit) {
    records.pop_back();
    out["NextToken"] = base64_encode(json::string_or(records.back(), "Name"));
  }
  json::Array list;
  for (const auto& record : records) {
    TRY(auto parameter, shown(record, call));
    list.emplace_back(std::move(parameter));
  }
  out["Parameters"] = std::move(list);
  return out;
}

aws::ApiResult<json::Value> Service::get_parameter_history(aws::Call& call) {
  TRY(const auto reference, parse_reference(json::string_or(call.input, "Name")));
  TRY(const auto newest, parameters_.newest(reference.name));
  if (!newest) return aws::fail(parameter_not_found(reference.name));
  TRY(const auto after, after_token(call.input));
  const auto limit =
      static_cast<size_t>(json::int_at(call.input, "MaxResults").value_or(kDescribePage));
  TRY(const auto history, parameters_.history(json::string_or(*newest, "Name")));
  json::Object out;
  json::Array list;
  for (const auto& record : history) {
    const auto version = json::int_at(record, "Version").value_or(0);
    if (!after.empty() && version <= std::atoll(after.c_str())) continue;
    if (list.size() == limit) {
      out["NextToken"] = base64_encode(std::to_string(version - 1));
      break;
    }
    TRY(auto one, shown(record, call));
    one.erase("ARN");
    copy(one, record, {"KeyId", "LastModifiedUser", "Description", "AllowedPattern", "Tier"});
    const auto* labels = json::array_at(record, "Labels");
    one["Labels"] = labels ? *labels : json::Array();
    one["Policies"] = json::Array();
    list.emplace_back(std::move(one));
  }
  out["Parameters"] = std::move(list);
  return out;
}

aws::ApiResult<json::Value> Service::describe_parameters(aws::Call& call) {
  TRY(const auto filters, parse_filters(call.input));
  for (const auto& filter : filters) {
    if (filter.key == "Label") return aws::fail(unknown_filter(filter.key));
  }
  TRY(const auto after, after_token(call.input));
  const auto limit =
      static_cast<size_t>(json::int_at(call.input, "MaxResults").value_or(kDescribePage));
  json::Array list;
  json::Object out;
  // There is nobody who could share any with the account.
  const bool shared = json::bool_at(call.input, "Shared").value_or(false);
  if (shared) return json::Object{{"Parameters", std::move(list)}};
  CHECK_OK(parameters_.scan("", after, [&](json::Object&& record) {
    if (!std::all_of(filters.begin(), filters.end(),
                     [&](const Filter& filter) { return filter.matches(record); }))
      return true;
    if (list.size() == limit) {
      out["NextToken"] = base64_encode(json::str(list.back().as_object()["Name"]));
      return false;
    }
    json::Object one;
    copy(one, record,
         {"Name", "Type", "KeyId", "LastModifiedDate", "LastModifiedUser", "Description",
          "AllowedPattern", "Version", "Tier", "DataType"});
    one["ARN"] = arn(json::string_or(record, "Name"));
    one["Policies"] = json::Array();
    list.emplace_back(std::move(one));
    return true;
  }));
  out["Parameters"] = std::move(list);
  return out;
}

aws::ApiResult<json::Value> Service::delete_parameter(aws::Call& call) {
  const auto name = bare_name(json::string_or(call.input, "Name"));
  const std::scoped_lock lock(write_);
  TRY(const auto record, parameters_.newest(name));
  if (!record) return aws::fail(parameter_not_found(name));
  CHECK_OK(parameters_.erase({json::string_or(*record, "Name")}));
  return json::Object();
}

aws::ApiResult<json::Value> Service::delete_parameters(aws::Call& call) {
  const std::scoped_lock lock(write_);
  std::vector<std::string> names;
  json::Array deleted;
  json::Array invalid;
  const auto* asked = json::array_at(call.input, "Names");
  for (const auto& element : asked ? *asked : json::Array()) {
    const auto name = bare_name(json::view(element.as_string()));
    TRY(const auto record, parameters_.newest(name));
    if (record) names.push_back(json::string_or(*record, "Name"));
    (record ? deleted : invalid).emplace_back(json::str(element));
  }
  CHECK_OK(parameters_.erase(names));
  return json::Object{{"DeletedParameters", std::move(deleted)},
                      {"InvalidParameters", std::move(invalid)}};
}

aws::ApiResult<json::Object> Service::tagged(const aws::Call& call) {
  const auto type = json::string_or(call.input, "ResourceType");
  if (type != "Parameter") {
    return aws::fail(
        "InvalidResourceType",
        fmt::format("Dewpoint does not support tags of resources of type {} yet", type));
  }
  const auto name = bare_name(json::string_or(call.input, "ResourceId"));
  TRY(auto record, parameters_.newest(name));
  if (!record)
    return aws::fail(
        "InvalidResourceId",
        "The resource ID isn't valid. Verify that you entered the correct ID and try again.");
  return std::move(*record);
}

aws::ApiResult<json::Value> Service::add_tags(aws::Call& call) {
  const std::scoped_lock lock(write_);
  TRY(auto record, tagged(call));
  if (!record.contains("Tags")) record["Tags"] = json::Object();
  auto& tags = record["Tags"].as_object();
  const auto* added = json::array_at(call.input, "Tags");
  for (const auto& tag : added ? *added : json::Array()) {
    tags[json::string_or(tag.as_object(), "Key")] = json::string_or(tag.as_object(), "Value");
  }
  if (tags.size() > kMaxTags)
    return aws::fail("TooManyTagsError", "A parameter can have at most 50 tags.");
  CHECK_OK(parameters_.put_tags(record));
  return json::Object();
}

aws::ApiResult<json::Value> Service::list_tags(aws::Call& call) {
  TRY(const auto record, tagged(call));
  json::Array list;
  if (const auto* tags = json::object_at(record, "Tags")) {
    for (const auto& tag : *tags)
      list.emplace_back(json::Object{{"Key", tag.key()}, {"Value", tag.value()}});
  }
  return json::Object{{"TagList", std::move(list)}};
}

aws::ApiResult<json::Value> Service::remove_tags(aws::Call& call) {
  const std::scoped_lock lock(write_);
  TRY(auto record, tagged(call));
  auto* tags = record.if_contains("Tags");
  const auto* keys = json::array_at(call.input, "TagKeys");
  if (tags && keys) {
    for (const auto& key : *keys) tags->as_object().erase(key.as_string());
    CHECK_OK(parameters_.put_tags(record));
  }
  return json::Object();
}

}  // namespace dew::ssm
