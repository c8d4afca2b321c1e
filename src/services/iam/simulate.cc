// SimulateCustomPolicy and SimulatePrincipalPolicy: what the policies would decide.
// docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
#include <set>

#include "policy/evaluate.h"
#include "policy/inspect.h"
#include "services/iam/state.h"

namespace dew::iam {

namespace {

constexpr size_t kMaxSimulations = 1000;

// What the request says of the context; remembers which keys were asked for in vain.
class GivenContext final : public policy::Context {
 public:
  explicit GivenContext(const json::Object& input) {
    const auto* entries = json::array_at(input, "ContextEntries");
    if (entries == nullptr) return;
    for (const auto& one : *entries) {
      const auto& entry = one.as_object();
      auto& values = values_[policy::lower(json::string_or(entry, "ContextKeyName"))];
      if (const auto* list = json::array_at(entry, "ContextKeyValues")) {
        for (const auto& value : *list) values.push_back(json::str(value));
      }
    }
  }
  bool get(std::string_view key, policy::Values& out) const override {
    const auto it = values_.find(key);
    if (it == values_.end()) {
      missing_.emplace(key);
      return false;
    }
    out.insert(out.end(), it->second.begin(), it->second.end());
    return true;
  }
  std::set<std::string> take_missing() { return std::exchange(missing_, {}); }

 private:
  std::map<std::string, policy::Values, std::less<>> values_;
  mutable std::set<std::string> missing_;
};

struct Simulation {
  policy::Principal caller;
  std::vector<policy::PolicyPtr> identity;
  std::vector<std::string> names;  // of the same
  policy::PolicyPtr boundary;
  policy::PolicyPtr resource;
};

ApiResult<policy::PolicyPtr> compile(std::string_view text, policy::Kind kind) {
  auto parsed = policy::Policy::parse(text, kind);
  if (!parsed) return aws::fail("InvalidInput", std::move(parsed.error().message));
  return *std::move(parsed);
}

ApiResult<void> read_policies(const json::Object& input, Simulation& simulation) {
  if (const auto* list = json::array_at(input, "PolicyInputList")) {
    for (const auto& text : *list) {
      TRY(auto compiled, compile(json::view(text.as_string()), policy::Kind::kIdentity));
      simulation.identity.push_back(std::move(compiled));
      simulation.names.push_back(fmt::format("PolicyInputList.{}", simulation.identity.size()));
    }
  }
  if (const auto* list = json::array_at(input, "PermissionsBoundaryPolicyInputList");
      list != nullptr && !list->empty()) {
    TRY(simulation.boundary, compile(json::view((*list)[0].as_string()), policy::Kind::kIdentity));
  }
  if (const auto text = json::string_at(input, "ResourcePolicy")) {
    TRY(simulation.resource, compile(*text, policy::Kind::kResource));
  }
  return {};
}

policy::Principal user_principal(const State& state, std::string_view arn) {
  return {.kind = policy::Principal::Kind::kUser,
          .account = state.context.config.account,
          .arn = std::string(arn),
          .role_arn = {}};
}

std::string_view decision_name(const policy::Decision& decision) {
  using enum policy::Decision::Outcome;
  if (decision.outcome == kAllowed) return "allowed";
  return decision.outcome == kExplicitDeny ? "explicitDeny" : "implicitDeny";
}

json::Object position(const policy::Place& place) {
  return {{"Line", place.line}, {"Column", place.column}};
}

json::Object run_one(const State& state, const Simulation& simulation, GivenContext& context,
                     std::string_view action, std::string_view resource) {
  const policy::Request request{simulation.caller, action, resource, context};
  const policy::Policies policies{.identity = simulation.identity,
                                  .boundary = simulation.boundary.get(),
                                  .session = {},
                                  .resource = simulation.resource.get()};
  const auto decision = policy::evaluate(request, policies, state.context.config.account);
  json::Array matched;
  for (size_t i = 0; i < simulation.identity.size(); ++i) {
    const bool denied = decision.outcome == policy::Decision::Outcome::kExplicitDeny;
    const auto statements = simulation.identity[i]->matching(request, denied);
    if (statements.empty()) continue;
    const auto extents = policy::statement_extents(simulation.identity[i]->source());
    for (const auto index : statements) {
      json::Object one{{"SourcePolicyId", simulation.names[i]}, {"SourcePolicyType", "IAM Policy"}};
      // A document may spell its members with escapes, which no place is told for.
      if (index < extents.size()) {
        one["StartPosition"] = position(extents[index].begin);
        one["EndPosition"] = position(extents[index].end);
      }
      matched.emplace_back(std::move(one));
    }
  }
  json::Object out{{"EvalActionName", action},
                   {"EvalResourceName", resource},
                   {"EvalDecision", decision_name(decision)},
                   {"MatchedStatements", std::move(matched)}};
  if (simulation.boundary) {
    const auto opinion = simulation.boundary->evaluate(request);
    out["PermissionsBoundaryDecisionDetail"] =
        json::Object{{"AllowedByPermissionsBoundary",
                      !opinion.denies && opinion.allows != policy::Grant::kNone}};
  }
  json::Array missing;
  for (const auto& key : context.take_missing()) missing.emplace_back(key);
  out["MissingContextValues"] = std::move(missing);
  return out;
}

ApiResult<json::Value> run(const State& state, const json::Object& input,
                           const Simulation& simulation) {
  GivenContext context(input);
  const auto& actions = *json::array_at(input, "ActionNames");
  json::Array everything{"*"};
  const auto* resources = json::array_at(input, "ResourceArns");
  if (resources == nullptr || resources->empty()) resources = &everything;
  if (actions.size() * resources->size() > kMaxSimulations) {
    return aws::fail("InvalidInput", fmt::format("at most {} actions times resources can be "
                                                 "simulated at once",
                                                 kMaxSimulations));
  }
  json::Array results;
  for (const auto& action : actions) {
    for (const auto& resource : *resources) {
      results.emplace_back(run_one(state, simulation, context, json::view(action.as_string()),
                                   json::view(resource.as_string())));
    }
  }
  return page(input, "EvaluationResults", std::move(results));
}

ApiResult<void> refuse_unsupported(const json::Object& input) {
  for (const auto* member : {"ResourceHandlingOption", "ResourceOwner"}) {
    if (input.contains(member)) {
      return aws::fail(aws::ApiError::unsupported(fmt::format("a simulation with {}", member)));
    }
  }
  return {};
}

ApiResult<json::Value> simulate_custom(State& state, Call& call) {
  CHECK_OK(refuse_unsupported(call.input));
  Simulation simulation;
  CHECK_OK(read_policies(call.input, simulation));
  simulation.caller = user_principal(
      state, json::string_or(call.input, "CallerArn", arn(state, "user", "/", "simulated")));
  return run(state, call.input, simulation);
}

ApiResult<json::Value> simulate_principal(State& state, Call& call) {
  CHECK_OK(refuse_unsupported(call.input));
  const auto source = json::string_or(call.input, "PolicySourceArn");
  TRY(const auto found, load_source(state, source));
  const auto& attached = found.attached;
  Simulation simulation;
  CHECK_OK(read_policies(call.input, simulation));
  simulation.identity.insert(simulation.identity.end(), attached->identity.begin(),
                             attached->identity.end());
  simulation.names.insert(simulation.names.end(), attached->identity_names.begin(),
                          attached->identity_names.end());
  if (simulation.boundary == nullptr) simulation.boundary = attached->boundary;
  // "You can specify only the ARN of an IAM user": for a group, whose policies alone would do.
  const auto caller =
      found.kind == Principal::kGroup ? arn(state, "user", "/", "simulated") : source;
  simulation.caller = user_principal(state, json::string_or(call.input, "CallerArn", caller));
  if (found.kind == Principal::kRole) {
    simulation.caller.kind = policy::Principal::Kind::kRoleSession;
    simulation.caller.role_arn = source;
  }
  simulation.caller.bounded = simulation.boundary != nullptr;
  return run(state, call.input, simulation);
}

}  // namespace

ApiResult<PolicySource> load_source(const State& state, std::string_view source_arn) {
  for (const auto kind : {Principal::kUser, Principal::kGroup, Principal::kRole}) {
    if (source_arn.find(fmt::format(":{}/", word(kind))) == source_arn.npos) continue;
    const auto name = source_arn.substr(source_arn.rfind('/') + 1);
    auto attached = load_attached(state, kind, name);
    if (attached == nullptr || attached->arn != source_arn) {
      return no_such_entity(fmt::format("The {} with name {} cannot be found.", word(kind), name));
    }
    return PolicySource{kind, std::move(attached)};
  }
  return aws::fail("InvalidInput", fmt::format("Invalid Entity Arn: {}", source_arn));
}

void add_simulate_operations(const Add& add) {
  add("SimulateCustomPolicy", simulate_custom);
  add("SimulatePrincipalPolicy", simulate_principal);
}

}  // namespace dew::iam
