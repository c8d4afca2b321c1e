// Applications, and the tags of applications and deployment groups.
#include "base/ids.h"
#include "services/codedeploy/names.h"
#include "services/codedeploy/service.h"

namespace dew::codedeploy {

namespace {

constexpr size_t kMaxBatch = 100;

json::Object application_info(const json::Object& record) {
  json::Object out = record;
  out.erase("tags");
  return out;
}

aws::ApiError batch_limit(size_t most) {
  return {"BatchLimitExceededException",
          fmt::format("The maximum number of names or IDs allowed for this request ({}) was "
                      "exceeded.",
                      most)};
}

}  // namespace

aws::ApiResult<json::Value> Service::create_application(aws::Call& call) {
  const auto name = json::string_or(call.input, "applicationName");
  CHECK_OK(check_application_name(name));
  const auto platform = json::string_or(call.input, "computePlatform", "Server");
  if (platform != "Lambda") {
    return aws::fail(aws::ApiError::unsupported(
        fmt::format("the compute platform {} (computePlatform Lambda only)", platform)));
  }
  json::Object tags;
  CHECK_OK(add_tags(tags, call.input, "tags"));
  const std::scoped_lock lock(repository_.mutex());
  TRY(const auto there, repository_.find_application(name));
  if (there) {
    return aws::fail("ApplicationAlreadyExistsException",
                     fmt::format("An application already exists with the name: {}", name));
  }
  const auto id = uuid_v4();
  store::Batch batch;
  repository_.put_application(batch, {{"applicationId", id},
                                      {"applicationName", name},
                                      {"createTime", repository_.now()},
                                      {"linkedToGitHub", false},
                                      {"computePlatform", platform},
                                      {"tags", std::move(tags)}});
  CHECK_OK(repository_.store().commit(batch));
  return json::Object{{"applicationId", id}};
}

aws::ApiResult<json::Value> Service::get_application(aws::Call& call) {
  const auto name = json::string_or(call.input, "applicationName");
  CHECK_OK(check_application_name(name));
  TRY(const auto record, repository_.application(name));
  return json::Object{{"application", application_info(record)}};
}

aws::ApiResult<json::Value> Service::batch_get_applications(aws::Call& call) {
  const auto* names = json::array_at(call.input, "applicationNames");
  if (names == nullptr || names->empty()) {
    return aws::fail("ApplicationNameRequiredException", "Application name is missing");
  }
  if (names->size() > kMaxBatch) return aws::fail(batch_limit(kMaxBatch));
  json::Array out;
  for (const auto& name : *names) {
    CHECK_OK(check_application_name(json::view(name.as_string())));
    TRY(const auto record, repository_.find_application(json::view(name.as_string())));
    if (record) out.emplace_back(application_info(*record));
  }
  if (out.empty()) {
    return aws::fail("ApplicationDoesNotExistException",
                     fmt::format("Applications not found for {}", context_.config.account));
  }
  return json::Object{{"applicationsInfo", std::move(out)}};
}

aws::ApiResult<json::Value> Service::list_applications(aws::Call& call) {
  TRY(const auto after, after_token(call.input));
  json::Object out;
  json::Array names;
  const auto prefix = Repository::applications();
  const auto from = after.empty() ? std::string() : Repository::applications().add(after).str();
  CHECK_OK(services::scan(repository_.store(), prefix, from,
                          [&](std::string_view, const json::Object& record) {
                            auto name = json::string_or(record, "applicationName");
                            if (name == after) return true;
                            if (names.size() == kPage) {
                              out["nextToken"] = token_of(json::str(names.back()));
                              return false;
                            }
                            names.emplace_back(std::move(name));
                            return true;
                          }));
  out["applications"] = std::move(names);
  return out;
}

aws::ApiResult<json::Value> Service::update_application(aws::Call& call) {
  const auto name = json::string_or(call.input, "applicationName");
  const auto wanted = json::string_or(call.input, "newApplicationName");
  CHECK_OK(check_application_name(name));
  CHECK_OK(check_application_name(wanted));
  const std::scoped_lock lock(repository_.mutex());
  TRY(auto record, repository_.application(name));
  if (name == wanted) return json::Object();
  TRY(const auto there, repository_.find_application(wanted));
  if (there) {
    return aws::fail("ApplicationAlreadyExistsException",
                     fmt::format("An application already exists with the name: {}", wanted));
  }
  store::Batch batch;
  batch.erase(Repository::applications().add(name));
  record["applicationName"] = wanted;
  repository_.put_application(batch, record);
  CHECK_OK(repository_.store().commit(batch));
  return json::Object();
}

// With its groups. What is not there is deleted already.
aws::ApiResult<json::Value> Service::delete_application(aws::Call& call) {
  const auto name = json::string_or(call.input, "applicationName");
  CHECK_OK(check_application_name(name));
  const std::scoped_lock lock(repository_.mutex());
  TRY(const auto record, repository_.find_application(name));
  if (!record) return json::Object();
  store::Batch batch;
  batch.erase(Repository::applications().add(name));
  CHECK_OK(services::scan(repository_.store(),
                          Repository::groups(json::string_or(*record, "applicationId")), {},
                          [&](std::string_view, const json::Object& group) {
                            repository_.erase_group(batch, group);
                            return true;
                          }));
  CHECK_OK(repository_.store().commit(batch));
  return json::Object();
}

// arn:aws:codedeploy:REGION:ACCOUNT:application:NAME or …:deploymentgroup:NAME/GROUP
aws::ApiResult<json::Object> Service::tagged(std::string_view arn) const {
  if (arn.empty()) {
    return aws::fail("ResourceArnRequiredException", "The ARN of a resource is required");
  }
  const auto prefix =
      fmt::format("arn:aws:codedeploy:{}:{}:", context_.config.region, context_.config.account);
  if (!arn.starts_with(prefix)) {
    return aws::fail("InvalidArnException", fmt::format("The ARN {} is not valid", arn));
  }
  const auto rest = arn.substr(prefix.size());
  const auto colon = rest.find(':');
  const auto kind = rest.substr(0, colon);
  const auto name = colon == rest.npos ? std::string_view() : rest.substr(colon + 1);
  if (kind == "application") return repository_.application(name);
  if (kind == "deploymentgroup") {
    const auto slash = name.find('/');
    TRY(const auto application, repository_.application(name.substr(0, slash)));
    return repository_.group(application,
                             slash == name.npos ? std::string_view() : name.substr(slash + 1));
  }
  return aws::fail("ArnNotSupportedException",
                   fmt::format("The ARN {} is of no application or deployment group", arn));
}

aws::ApiResult<void> Service::change_tagged(
    std::string_view arn, const std::function<aws::ApiResult<void>(json::Object&)>& edit) {
  const std::scoped_lock lock(repository_.mutex());
  TRY(auto record, tagged(arn));
  if (!record.contains("tags")) record["tags"] = json::Object();
  CHECK_OK(edit(record["tags"].as_object()));
  store::Batch batch;
  if (record.contains("deploymentGroupId")) {
    repository_.put_group(batch, record);
  } else {
    repository_.put_application(batch, record);
  }
  CHECK_OK(repository_.store().commit(batch));
  return {};
}

aws::ApiResult<json::Value> Service::tag_resource(aws::Call& call) {
  const auto* tags = json::array_at(call.input, "Tags");
  if (tags == nullptr || tags->empty()) {
    return aws::fail("TagRequiredException", "A tag was not specified.");
  }
  CHECK_OK(change_tagged(json::string_or(call.input, "ResourceArn"),
                         [&](json::Object& mine) { return add_tags(mine, call.input, "Tags"); }));
  return json::Object();
}

aws::ApiResult<json::Value> Service::untag_resource(aws::Call& call) {
  const auto* keys = json::array_at(call.input, "TagKeys");
  if (keys == nullptr || keys->empty()) {
    return aws::fail("TagRequiredException", "A tag was not specified.");
  }
  CHECK_OK(change_tagged(json::string_or(call.input, "ResourceArn"),
                         [&](json::Object& mine) -> aws::ApiResult<void> {
                           for (const auto& key : *keys) mine.erase(json::view(key.as_string()));
                           return {};
                         }));
  return json::Object();
}

aws::ApiResult<json::Value> Service::list_tags(aws::Call& call) {
  TRY(const auto record, tagged(json::string_or(call.input, "ResourceArn")));
  return json::Object{{"Tags", tag_list(record)}};
}

}  // namespace dew::codedeploy
