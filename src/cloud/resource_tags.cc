#include "cloud/resource_tags.h"

#include <array>
#include <exception>
#include <optional>

#include "base/log.h"

namespace dew::cloud {

namespace {

struct Listing {
  std::string service;
  std::string operation;
  json::Object input;
};

// arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE
struct Arn {
  std::string_view service;
  std::string_view resource;
};
std::optional<Arn> parse(std::string_view arn) {
  std::array<std::string_view, 5> parts;
  for (auto& part : parts) {
    const auto colon = arn.find(':');
    if (colon == arn.npos) return std::nullopt;
    part = arn.substr(0, colon);
    arn.remove_prefix(colon + 1);
  }
  return Arn{parts[2], arn};
}

// The resource itself, of an ARN that goes on: `count` parts between `separator`s.
std::string_view first_parts(std::string_view text, char separator, int count) {
  size_t end = 0;
  for (; count > 0; --count) {
    end = text.find(separator, end == 0 ? 0 : end + 1);
    if (end == text.npos) return text;
  }
  return text.substr(0, end);
}

std::optional<Listing> iam_listing(std::string_view whole, std::string_view resource) {
  const auto name = resource.substr(resource.rfind('/') + 1);
  if (resource.starts_with("role/"))
    return Listing{"iam", "ListRoleTags", {{"RoleName", name}, {"MaxItems", 1000}}};
  if (resource.starts_with("user/"))
    return Listing{"iam", "ListUserTags", {{"UserName", name}, {"MaxItems", 1000}}};
  if (resource.starts_with("policy/"))
    return Listing{"iam", "ListPolicyTags", {{"PolicyArn", whole}, {"MaxItems", 1000}}};
  return std::nullopt;
}

std::optional<Listing> listing_of(std::string_view whole, std::string_view version) {
  const auto arn = parse(whole);
  if (!arn) return std::nullopt;
  const auto [service, resource] = *arn;
  const auto prefix = whole.substr(0, whole.size() - resource.size());
  const auto with = [&](std::string_view part) { return std::string(prefix).append(part); };
  if (service == "iam") return iam_listing(whole, resource);
  if (service == "dynamodb" && resource.starts_with("table/")) {
    return Listing{
        "dynamodb", "ListTagsOfResource", {{"ResourceArn", with(first_parts(resource, '/', 2))}}};
  }
  if (service == "lambda" && resource.starts_with("function:"))
    return Listing{"lambda", "ListTags", {{"Resource", with(first_parts(resource, ':', 2))}}};
  if (service == "logs" && resource.starts_with("log-group:")) {
    return Listing{
        "logs", "ListTagsForResource", {{"resourceArn", with(first_parts(resource, ':', 2))}}};
  }
  if (service == "codedeploy" &&
      (resource.starts_with("application:") || resource.starts_with("deploymentgroup:"))) {
    return Listing{"codedeploy", "ListTagsForResource", {{"ResourceArn", whole}}};
  }
  if (service == "ssm" && resource.starts_with("parameter/")) {
    // "parameter/name" is the parameter "name" or "/name": the names with paths keep their slash.
    auto name = resource.substr(std::string_view("parameter/").size());
    if (name.find('/') != name.npos) name = resource.substr(std::string_view("parameter").size());
    return Listing{
        "ssm", "ListTagsForResource", {{"ResourceType", "Parameter"}, {"ResourceId", name}}};
  }
  if (service == "cloudformation" && resource.starts_with("stack/")) {
    const auto name = first_parts(resource.substr(std::string_view("stack/").size()), '/', 1);
    if (name.find('*') != name.npos) return std::nullopt;
    return Listing{"cloudformation", "DescribeStacks", {{"StackName", name}}};
  }
  if (service == "apigateway" && resource.starts_with("/restapis/"))
    return Listing{"apigateway", "GetTags", {{"resourceArn", with(first_parts(resource, '/', 3))}}};
  if (service == "s3" && resource.find('/') != resource.npos) {
    const auto slash = resource.find('/');
    json::Object input{{"Bucket", resource.substr(0, slash)}, {"Key", resource.substr(slash + 1)}};
    if (!version.empty()) input["VersionId"] = version;
    return Listing{"s3", "GetObjectTagging", std::move(input)};
  }
  return std::nullopt;
}

// In whichever form the service gives them.
std::vector<std::pair<std::string, std::string>> read(const json::Object& output) {
  std::vector<std::pair<std::string, std::string>> out;
  const json::Object* holder = &output;
  if (const auto* stacks = json::array_at(output, "Stacks"); stacks != nullptr && !stacks->empty())
    holder = &(*stacks)[0].as_object();
  for (const auto* member : {"Tags", "tags", "TagList", "TagSet"}) {
    const auto* tags = json::find(*holder, member);
    if (tags == nullptr) continue;
    if (tags->is_object()) {
      for (const auto& [key, value] : tags->as_object())
        out.emplace_back(std::string(key), json::str(value));
    } else if (tags->is_array()) {
      for (const auto& tag : tags->as_array()) {
        out.emplace_back(json::string_or(tag.as_object(), "Key"),
                         json::string_or(tag.as_object(), "Value"));
      }
    }
  }
  return out;
}

// nullopt: there is no such resource.
std::optional<json::Object> ask(const aws::Registry& registry, const Listing& listing) {
  const auto* entry = registry.find(listing.service, listing.operation);
  if (entry == nullptr || !entry->handler) return std::nullopt;
  aws::Call call;
  call.service = listing.service;
  call.operation = listing.operation;
  call.input = listing.input;
  try {
    auto output = entry->handler(call);
    if (output && output->is_object()) return std::move(output->as_object());
  } catch (const std::exception& error) {
    log::error("{} {} threw: {}", listing.service, listing.operation, error.what());
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> resource_tags(const aws::Registry& registry,
                                                               std::string_view arn,
                                                               std::string_view version) {
  auto listing = listing_of(arn, version);
  if (!listing) return {};
  auto output = ask(registry, *listing);
  if (!output && listing->service == "ssm") {
    // ":parameter/a" is the ARN of "a" and of "/a".
    listing->input["ResourceId"] = "/" + json::string_or(listing->input, "ResourceId");
    output = ask(registry, *listing);
  }
  if (!output) return {};
  return read(*output);
}

}  // namespace dew::cloud
