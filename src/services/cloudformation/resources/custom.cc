// AWS::CloudFormation::CustomResource and Custom::*: resources that a function of the account's
// provides. A request goes to the function; its answer comes back by a PUT to the request's
// ResponseURL (replies.h).
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
//
//   cfn request STACK LOGICAL-ID KIND   what was asked, of which KIND is "create", "update" or
//                                       "delete": token, request id, and whether it was sent
//
// A function is never asked the same thing twice at a time, and never to delete what it may still
// be making: a late creation would outlive its deletion. A request is written down before it is
// sent, and noted as sent afterwards. What was sent is Lambda's, over a crash too: it delivers the
// event again, with a URL of the new life (Service::redelivered), unless it has been answered. What
// a crash found not noted as sent may have been: forget_unsent_requests() makes it void.
#include "base/ids.h"
#include "services/cloudformation/engine.h"
#include "services/cloudformation/intrinsics.h"
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

constexpr double kTimeoutSeconds = 3600;
constexpr size_t kPhysicalIdBytes = 1024;

store::Key request_key(const Session& session, const std::string& logical, std::string_view kind) {
  return StackStore::key("request", session.stack.id).add(logical).add(kind);
}

ApiResult<std::optional<json::Object>> load_request(const Session& session,
                                                    const std::string& logical,
                                                    std::string_view kind) {
  return services::load(session.stack.engine->stacks().store(),
                        request_key(session, logical, kind));
}

ApiResult<void> forget(const Session& session, const std::string& logical, std::string_view kind) {
  TRY(const auto request, load_request(session, logical, kind));
  if (!request) return {};
  store::Batch batch;
  Replies::close(batch, text(*request, "Token"));
  batch.erase(request_key(session, logical, kind));
  CHECK_OK(session.stack.engine->stacks().store().commit(batch));
  return {};
}

// Providers get scalars as text, as from AWS.
json::Value as_text(const json::Value& value) {
  if (value.is_object()) {
    json::Object out;
    for (const auto& [name, member] : value.as_object()) out[name] = as_text(member);
    return out;
  }
  if (value.is_array()) {
    json::Array out;
    for (const auto& item : value.as_array()) out.push_back(as_text(item));
    return out;
  }
  const auto text = to_text(value);
  return text ? json::Value(json::String(*text)) : value;
}

struct Asked {
  std::string_view kind;  // create, update, delete
  std::string logical_id;
  std::string type;
  std::string id;  // PhysicalResourceId
  json::Object properties;
  json::Object old_properties;
};

json::Object event_of(const Session& session, const Asked& asked, const json::Object& request) {
  const auto& config = session.stack.engine->context().config;
  json::Object event{{"RequestType", asked.kind == "create"   ? "Create"
                                     : asked.kind == "update" ? "Update"
                                                              : "Delete"},
                     {"ServiceToken", text(asked.properties, "ServiceToken")},
                     {"ResponseURL", Replies::url(config, text(request, "Token"))},
                     {"StackId", session.stack.id},
                     {"RequestId", text(request, "RequestId")},
                     {"LogicalResourceId", asked.logical_id},
                     {"ResourceType", asked.type},
                     {"ResourceProperties", as_text(asked.properties)}};
  if (asked.kind != "create") event["PhysicalResourceId"] = asked.id;
  if (asked.kind == "update") event["OldResourceProperties"] = as_text(asked.old_properties);
  return event;
}

ApiResult<bool> was_sent(const Session& session, const json::Object& request) {
  if (request.contains("Sent")) return true;
  return session.stack.engine->replies().given(text(request, "Token"));
}

ApiResult<void> send(const Session& session, const Asked& asked) {
  const auto function = text(asked.properties, "ServiceToken");
  if (!function.starts_with("arn:") || function.find(":lambda:") == std::string::npos) {
    return invalid(
        fmt::format("Invalid service token: Dewpoint supports ARNs of Lambda functions, not {}",
                    function.empty() ? "an empty one" : function));
  }
  auto& engine = *session.stack.engine;
  auto& store = engine.stacks().store();
  const auto key = request_key(session, asked.logical_id, asked.kind);
  TRY(auto request, services::load(store, key));
  const bool same = request && request->at("Properties") == json::Value(asked.properties) &&
                    request->at("Old") == json::Value(asked.old_properties) &&
                    text(*request, "Id") == asked.id;
  if (same) {
    TRY(const auto sent, was_sent(session, *request));
    if (sent) return {};
  }
  store::Batch batch;
  if (!same) {
    if (request) Replies::close(batch, text(*request, "Token"));
    request = json::Object{{"Token", Replies::open(batch, session.stack.id, Reply::kOnce)},
                           {"RequestId", uuid_v4()},
                           {"Began", engine.stacks().clock().now_seconds()},
                           {"Id", asked.id},
                           {"Properties", asked.properties},
                           {"Old", asked.old_properties}};
    services::save(batch, key, *request);
    CHECK_OK(store.commit(batch));
    batch = {};
  }
  CHECK_OK(session.call("lambda", "Invoke",
                        {{"FunctionName", function},
                         {"InvocationType", "Event"},
                         {"Payload", json::dump(event_of(session, asked, *request))}}));
  (*request)["Sent"] = true;
  services::save(batch, key, *request);
  CHECK_OK(store.commit(batch));
  return {};
}

// The attributes carry what the wait and the removal need to know.
Instance begun(const Asked& asked) {
  return {asked.id, asked.properties, {{"_LogicalId", asked.logical_id}, {"_Type", asked.type}}};
}

ApiResult<Instance> create(const Session& session, const Desired& desired) {
  const Asked asked{"create",     desired.logical_id, desired.type,
                    desired.name, desired.properties, {}};
  CHECK_OK(send(session, asked));
  return begun(asked);
}

ApiResult<Instance> update(const Session& session, const Instance& current,
                           const Desired& desired) {
  if (differs(current.properties, desired.properties, "ServiceToken"))
    return refused_update("Modifying service token is not allowed.");
  const Asked asked{"update",   desired.logical_id, desired.type,
                    current.id, desired.properties, current.properties};
  CHECK_OK(send(session, asked));
  return begun(asked);
}

double timeout_seconds(const json::Object& properties) {
  const auto given = json::int_at(properties, "ServiceTimeout");
  return given ? static_cast<double>(*given) : kTimeoutSeconds;
}

double deadline_of(const json::Object& request, const json::Object& properties) {
  return json::number_at(request, "Began").value_or(0) + timeout_seconds(properties);
}

Asked deletion_of(const Instance& it) {
  return {"delete",
          text(it.attributes, "_LogicalId"),
          text(it.attributes, "_Type"),
          it.id,
          it.properties,
          {}};
}

// What never began is not taken back; what failed is, under the id that the function gave it; what
// may still be made, once it is (wait_for_creation).
ApiResult<void> remove(const Session& session, const Instance& it) {
  auto asked = deletion_of(it);
  if (!it.attributes.contains("_Interrupted")) return send(session, asked);
  TRY(const auto creation, load_request(session, asked.logical_id, "create"));
  if (!creation) return {};
  TRY(const auto sent, was_sent(session, *creation));
  if (!sent) return {};
  auto& engine = *session.stack.engine;
  TRY(const auto answer, engine.replies().answer(text(*creation, "Token")));
  if (!answer && engine.stacks().clock().now_seconds() < deadline_of(*creation, it.properties))
    return {};
  const auto parsed = answer ? json::parse(*answer) : Result<json::Value>(json::Value());
  if (parsed && parsed->is_object()) {
    if (auto id = text(parsed->as_object(), "PhysicalResourceId"); !id.empty()) asked.id = id;
  }
  return send(session, asked);
}

// {"a":{"b":1}} can be asked for as "a" and as "a.b".
void flatten(const json::Object& data, const std::string& prefix, json::Object& out) {
  for (const auto& [name, value] : data) {
    const auto path = prefix + std::string(name);
    out[path] = value;
    if (value.is_object()) flatten(value.as_object(), path + ".", out);
  }
}

ApiResult<Instance> read_answer(const std::string& answer, const json::Object& request, Work work,
                                const Instance& begun) {
  const auto id = text(request, "RequestId");
  const auto failed = [&](std::string_view message) {
    return invalid(
        fmt::format("Received response status [FAILED] from custom resource. Message returned: {} "
                    "(RequestId: {})",
                    message, id));
  };
  const auto parsed = json::parse(answer);
  if (!parsed || !parsed->is_object()) return invalid("Response is not valid JSON");
  const auto& response = parsed->as_object();
  const auto status = text(response, "Status");
  if (status == "FAILED") return failed(json::string_or(response, "Reason", "No reason given"));
  if (status != "SUCCESS") {
    return invalid(fmt::format("Invalid Status: {}. It must be SUCCESS or FAILED", status));
  }
  for (const auto* member : {"RequestId", "LogicalResourceId"}) {
    const auto expected =
        std::string_view(member) == "RequestId" ? id : text(begun.attributes, "_LogicalId");
    if (const auto given = json::string_at(response, member); given && *given != expected)
      return invalid(fmt::format("Invalid {}: the response is to another request", member));
  }
  Instance out = begun;
  out.id = text(response, "PhysicalResourceId");
  if (work == Work::kRemove) return out;
  if (out.id.empty() || out.id.size() > kPhysicalIdBytes)
    return invalid("Invalid PhysicalResourceId");
  if (const auto* data = json::object_at(response, "Data")) flatten(*data, "", out.attributes);
  out.attributes["_RequestId"] = id;
  if (json::bool_at(response, "NoEcho").value_or(false)) out.attributes["_NoEcho"] = true;
  return out;
}

// Until it is answered or too late: then the removal that it delayed. false: interrupted.
ApiResult<bool> wait_for_creation(const Session& session, const Instance& begun,
                                  const Interrupted& interrupted) {
  auto& engine = *session.stack.engine;
  TRY(const auto creation, load_request(session, text(begun.attributes, "_LogicalId"), "create"));
  if (!creation) return true;
  TRY(const auto sent, was_sent(session, *creation));
  if (!sent) return true;
  const auto deadline = deadline_of(*creation, begun.properties);
  ApiResult<std::optional<std::string>> answer;
  bool over = false;
  const auto alarm = engine.alarm(deadline);
  engine.bell().wait([&] {
    answer = engine.replies().answer(text(*creation, "Token"));
    over = !answer || *answer || engine.stacks().clock().now_seconds() >= deadline;
    return over || interrupted();
  });
  CHECK_OK(answer);
  if (!over) return false;
  CHECK_OK(remove(session, begun));
  return true;
}

ApiResult<std::optional<Instance>> wait(const Session& session, Work work, const Instance& begun,
                                        const Interrupted& interrupted) {
  auto& engine = *session.stack.engine;
  const std::string_view kind = work == Work::kCreate   ? "create"
                                : work == Work::kUpdate ? "update"
                                                        : "delete";
  const auto logical = text(begun.attributes, "_LogicalId");
  TRY(auto request, load_request(session, logical, kind));
  if (!request && work == Work::kRemove && begun.attributes.contains("_Interrupted")) {
    TRY(const auto made, wait_for_creation(session, begun, interrupted));
    if (!made) return std::nullopt;
    TRY(request, load_request(session, logical, kind));
  }
  if (!request) {  // there was nothing to ask for
    CHECK_OK(forget(session, logical, "create"));
    return begun;
  }
  const auto deadline = deadline_of(*request, begun.properties);
  ApiResult<std::optional<std::string>> answer;
  bool late = false;
  const auto alarm = engine.alarm(deadline);
  engine.bell().wait([&] {
    answer = engine.replies().answer(text(*request, "Token"));
    late = engine.stacks().clock().now_seconds() >= deadline;
    return !answer || *answer || late || interrupted();
  });
  CHECK_OK(answer);
  if (!*answer && !late) return std::nullopt;
  auto outcome = *answer ? read_answer(**answer, *request, work, begun)
                         : invalid(fmt::format(
                               "CloudFormation did not receive a response from your Custom "
                               "Resource. Please check your logs for requestId [{}]. If you are "
                               "using the Python cfn-response module, you may need to update your "
                               "Lambda function code so that CloudFormation can attach the updated "
                               "version.",
                               text(*request, "RequestId")));
  // A failed creation's request is kept for its deletion.
  if (outcome || work != Work::kCreate) CHECK_OK(forget(session, logical, kind));
  if (outcome && work == Work::kRemove) CHECK_OK(forget(session, logical, "create"));
  if (!outcome) return std::unexpected(std::move(outcome).error());
  return std::move(*outcome);
}

}  // namespace

void add_custom_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::CloudFormation::CustomResource",
      .schema = "ServiceToken! string  ServiceTimeout int  *",
      .attributes = {"*"},
      .naming = Naming{"", 128, false},
      .create = create,
      .update = update,
      .remove = remove,
      .wait = wait,
      .waits_out_failures = true,
  });
}

}  // namespace dew::cloudformation
