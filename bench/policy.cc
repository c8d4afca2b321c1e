// What authorizing costs, without the wire: one line "NAME VALUE" for each figure.
//   policy_evaluations_rate   evaluations a second of one request against a role's three policies
//   (ten
//                             statements, one condition)
//   authorize_admin_ns        one GetItem of the administrator, through the authorizer
//   authorize_role_ns         one GetItem of a role's session whose policies are known
//   authorize_leading_keys_ns the same with a policy that looks at dynamodb:LeadingKeys
#include <chrono>
#include <cstdio>

#include "authz/authorizer.h"
#include "policy/evaluate.h"

namespace {

namespace authz = dew::authz;
namespace aws = dew::aws;
namespace json = dew::json;
namespace policy = dew::policy;

constexpr const char* kTable = "arn:aws:dynamodb:us-east-1:000000000000:table/users";

policy::PolicyPtr compile(const char* text) {
  return *policy::Policy::parse(text, policy::Kind::kIdentity);
}

policy::AttachedPtr attached(bool leading_keys) {
  auto out = std::make_shared<policy::AttachedPolicies>();
  out->arn = "arn:aws:iam::000000000000:role/app";
  out->id = "AROA1";
  out->name = "app";
  out->identity = {
      compile(R"({"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["logs:CreateLogStream","logs:CreateLogGroup","logs:TagResource"],
         "Resource":["arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/users-dev*:*"]},
        {"Effect":"Allow","Action":["logs:PutLogEvents"],
         "Resource":["arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/users-dev*:*:*"]},
        {"Effect":"Allow","Action":["ssm:GetParameter*"],
         "Resource":"arn:aws:ssm:us-east-1:000000000000:parameter/users/*"}]})"),
      compile(R"({"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"xray:Put*","Resource":"*"},
        {"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:*:*:function:users-*"},
        {"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]})"),
      compile(
          leading_keys
              ? R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",
        "Condition":{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["${aws:PrincipalTag/team}*","k*"]}}}]})"
              : R"({"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","Action":"dynamodb:DeleteTable","Resource":"*"},
        {"Effect":"Allow","Action":["dynamodb:PutItem","dynamodb:UpdateItem","dynamodb:DeleteItem","dynamodb:Query"],
         "Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/users"},
        {"Effect":"Allow","Action":"dynamodb:DescribeTable","Resource":"*"},
        {"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/*",
         "Condition":{"StringEquals":{"aws:PrincipalType":"AssumedRole"}}}]})")};
  return out;
}

struct Sources final : authz::Sources {
  explicit Sources(bool leading_keys)
      : role_(attached(leading_keys)), version_(leading_keys ? 2 : 1) {}
  uint64_t version() const override { return version_; }
  policy::AttachedPtr user(std::string_view) const override { return nullptr; }
  policy::AttachedPtr role(std::string_view) const override { return role_; }
  policy::PolicyPtr bucket_policy(std::string_view) const override { return nullptr; }
  std::string group_arn(std::string_view) const override { return {}; }
  bool restricts_public_access(std::string_view) const override { return false; }
  authz::Tags tags(std::string_view, std::string_view) const override { return {}; }
  policy::PolicyPtr function_policy(std::string_view, std::string_view) const override {
    return nullptr;
  }
  std::string partition_key(std::string_view, std::string_view) const override { return "id"; }
  policy::AttachedPtr role_;
  uint64_t version_;
};

struct Context final : policy::Context {
  bool get(std::string_view key, policy::Values& out) const override {
    if (key != "aws:principaltype") return false;
    out.emplace_back("AssumedRole");
    return true;
  }
};

// Nanoseconds of one call, the best of five runs.
template <class Body>
double measure(Body&& body) {
  constexpr int kTurns = 400'000;
  double best = 1e9;
  for (int run = 0; run < 5; ++run) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kTurns; ++i) body();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / kTurns);
  }
  return best;
}

double authorize(authz::Sources& sources, bool admin) {
  const dew::SystemClock clock;
  authz::Authorizer authorizer(sources, clock, "000000000000", authz::Mode::kEnforce);
  aws::Call call{"dynamodb", "GetItem", "us-east-1", "request", {}, {}};
  call.input = json::Object{{"TableName", "users"},
                            {"Key", json::Object{{"id", json::Object{{"S", "k1"}}}}}};
  if (!admin) {
    call.identity.arn = "arn:aws:sts::000000000000:assumed-role/app/users-dev-api";
    call.identity.user_id = "AROA1:users-dev-api";
  }
  return measure([&] {
    if (!authorizer.authorize(call)) std::abort();
  });
}

}  // namespace

int main() {
  const auto role = attached(false);
  const policy::Principal who{.kind = policy::Principal::Kind::kRoleSession,
                              .account = "000000000000",
                              .arn = "arn:aws:sts::000000000000:assumed-role/app/s",
                              .role_arn = role->arn};
  const Context context;
  const double evaluation = measure([&] {
    const policy::Request request{who, "dynamodb:GetItem", kTable, context};
    policy::Policies policies;
    policies.identity = role->identity;
    if (!policy::evaluate(request, policies, "000000000000").allowed()) std::abort();
  });
  Sources plain(false);
  Sources keys(true);
  std::printf("policy_evaluations_rate %.0f\n", 1e9 / evaluation);
  std::printf("authorize_admin_ns %.1f\n", authorize(plain, true));
  std::printf("authorize_role_ns %.1f\n", authorize(plain, false));
  std::printf("authorize_leading_keys_ns %.1f\n", authorize(keys, false));
  return 0;
}
