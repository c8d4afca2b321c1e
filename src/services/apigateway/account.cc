// The account's settings, and tags of REST APIs, stages, API keys and usage plans.
// docs.aws.amazon.com/apigateway/latest/api/API_GetAccount.html, API_TagResource.html
#include <fmt/format.h>

#include <array>

#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"

namespace dew::apigateway {

namespace {

constexpr size_t kMaxTags = 50;

json::Object shown_account(json::Object account) {
  account["throttleSettings"] = json::Object{{"burstLimit", 5000}, {"rateLimit", 10000.0}};
  account["features"] = json::Array{"UsagePlans"};
  account["apiKeyVersion"] = "4";
  return account;
}

// What a tagged ARN names: arn:aws:apigateway:REGION::/restapis/ID[/stages/NAME], /apikeys/ID or
// /usageplans/ID.
struct Tagged {
  std::string_view kind;  // of what belongs to the account; empty: an API or its stage
  std::string id;
  std::string api_id;
  std::string stage;  // empty: the API itself
  json::Object document;
};

aws::ApiResult<Tagged> find_tagged(Control& control, const aws::Call& call) {
  const auto arn = text(call, "resourceArn");
  for (const auto kind : {kApiKey, kUsagePlan}) {
    const auto mark = fmt::format("::/{}/", kind);
    const size_t at = arn.find(mark);
    if (!arn.starts_with("arn:") || at == std::string::npos) continue;
    const auto id = arn.substr(at + mark.size());
    TRY(auto document, control.repository.get_global(kind, id));
    if (!document) return aws::fail(kind == kApiKey ? no_such_api_key() : no_such_usage_plan());
    return Tagged{
        .kind = kind, .id = id, .api_id = {}, .stage = {}, .document = std::move(*document)};
  }
  constexpr std::string_view kMark = "::/restapis/";
  const size_t mark = arn.find(kMark);
  if (!arn.starts_with("arn:") || mark == std::string::npos) {
    if (arn.find("::/") != std::string::npos) return aws::fail(unsupported("tags of " + arn));
    return aws::fail(bad_request("Invalid ARN specified: " + arn));
  }
  std::string_view rest = std::string_view(arn).substr(mark + kMark.size());
  Tagged out;
  const size_t slash = rest.find('/');
  out.api_id = rest.substr(0, slash);
  if (slash != std::string_view::npos) {
    constexpr std::string_view kStages = "stages/";
    rest.remove_prefix(slash + 1);
    if (!rest.starts_with(kStages)) return aws::fail(unsupported("tags of " + arn));
    out.stage = rest.substr(kStages.size());
  }
  TRY(auto document, out.stage.empty() ? control.repository.api(out.api_id)
                                       : control.repository.get(out.api_id, kStage, out.stage));
  if (!document) {
    return aws::fail(out.stage.empty() ? no_such_api(control.context.config.account, out.api_id)
                                       : no_such_stage());
  }
  out.document = std::move(*document);
  return out;
}

aws::ApiResult<void> save(Control& control, const Tagged& tagged) {
  store::Batch batch;
  if (!tagged.kind.empty()) {
    Repository::put_global(batch, tagged.kind, tagged.id, tagged.document);
  } else if (tagged.stage.empty()) {
    Repository::put_api(batch, tagged.api_id, tagged.document);
  } else {
    Repository::put(batch, tagged.api_id, kStage, tagged.stage, tagged.document);
  }
  return control.repository.commit(batch);
}

}  // namespace

Answer get_account(Control& control, aws::Call&) {
  TRY(auto account, control.repository.account());
  return shown_account(std::move(account));
}

Answer update_account(Control& control, aws::Call& call) {
  static constexpr auto kRules = std::to_array<PatchRule>({{"/cloudwatchRoleArn"}});
  const std::scoped_lock lock(control.write);
  TRY(auto account, control.repository.account());
  CHECK_OK(apply_patches(account, call.input, kRules));
  store::Batch batch;
  Repository::put_account(batch, account);
  CHECK_OK(control.repository.commit(batch));
  return shown_account(std::move(account));
}

Answer tag_resource(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(auto tagged, find_tagged(control, call));
  if (!tagged.document.contains("tags")) tagged.document["tags"] = json::Object();
  auto& tags = tagged.document["tags"].as_object();
  if (const auto* added = json::object_at(call.input, "tags")) {
    for (const auto& tag : *added) tags[tag.key()] = tag.value();
  }
  if (tags.size() > kMaxTags)
    return aws::fail("LimitExceededException", "Tags cannot exceed 50 per resource.", 429);
  CHECK_OK(save(control, tagged));
  return json::Object();
}

Answer untag_resource(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(auto tagged, find_tagged(control, call));
  auto* tags = tagged.document.if_contains("tags");
  const auto* keys = json::array_at(call.input, "tagKeys");
  if (tags && keys) {
    for (const auto& key : *keys) {
      if (key.is_string()) tags->as_object().erase(key.get_string());
    }
    CHECK_OK(save(control, tagged));
  }
  return json::Object();
}

Answer get_tags(Control& control, aws::Call& call) {
  TRY(auto tagged, find_tagged(control, call));
  json::Object out;
  out["tags"] = json::Object();
  copy_member(out, tagged.document, "tags");
  return out;
}

}  // namespace dew::apigateway
