// Plays evaluation_cases/*.json: each case is a request, the policies that apply to it, and what
// AWS answers, with the rule of the documentation that it shows. Its members:
//   rule      what the documentation says
//   who       user (default), session, root, service NAME, anonymous, user of another account
//   action, resource, context (a value or a list for each key)
//   identity, boundary, session, resource_policy, trust   a statement, or a list of them
//   version   of the policies: 2012-10-17 unless said otherwise; "" for none
//   expect    allow, or "explicit|implicit identity|resource|boundary|session|trust"
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "policy/evaluate.h"

namespace dew::policy {
namespace {

constexpr std::string_view kAccount = "111122223333";

struct TestContext final : Context {
  json::Object keys;
  bool get(std::string_view key, Values& out) const override {
    for (const auto& [name, value] : keys) {
      if (lower(std::string_view(name)) != key) continue;
      if (value.is_array()) {
        for (const auto& one : value.as_array()) out.push_back(json::str(one));
      } else {
        out.push_back(json::str(value));
      }
      return true;
    }
    return false;
  }
};

Principal principal(std::string_view who) {
  using enum Principal::Kind;
  const std::string account(kAccount);
  if (who == "root")
    return {
        .kind = kRoot, .account = account, .arn = "arn:aws:iam::111122223333:root", .role_arn = {}};
  if (who == "session") {
    return {.kind = kRoleSession,
            .account = account,
            .arn = "arn:aws:sts::111122223333:assumed-role/app/s1",
            .role_arn = "arn:aws:iam::111122223333:role/app"};
  }
  if (who == "anonymous") return {};
  if (who == "user of another account") {
    return {.kind = kUser,
            .account = "444455556666",
            .arn = "arn:aws:iam::444455556666:user/bob",
            .role_arn = {}};
  }
  if (who.starts_with("service ")) {
    return {.kind = kService, .account = {}, .arn = std::string(who.substr(8)), .role_arn = {}};
  }
  return {.kind = kUser,
          .account = account,
          .arn = "arn:aws:iam::111122223333:user/alice",
          .role_arn = {}};
}

PolicyPtr compile(const json::Object& test, const char* member, Kind kind) {
  const auto* statements = json::find(test, member);
  if (statements == nullptr) return nullptr;
  const auto version = json::string_or(test, "version", "2012-10-17");
  json::Object document;
  if (!version.empty()) document["Version"] = version;
  document["Statement"] = *statements;
  auto parsed = Policy::parse(json::dump(document), kind);
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().message) << json::dump(test);
  return parsed ? *parsed : nullptr;
}

std::string verdict(const Decision& decision) {
  using enum Decision::Outcome;
  if (decision.allowed()) return "allow";
  static constexpr const char* kSources[] = {"none",     "identity", "resource",
                                             "boundary", "session",  "trust"};
  return std::string(decision.outcome == kExplicitDeny ? "explicit " : "implicit ") +
         kSources[static_cast<int>(decision.source)];
}

void play(const json::Object& test) {
  auto who = principal(json::string_or(test, "who", "user"));
  TestContext context;
  if (const auto* keys = json::object_at(test, "context")) context.keys = *keys;
  std::vector<PolicyPtr> identity;
  std::vector<PolicyPtr> session;
  if (auto policy = compile(test, "identity", Kind::kIdentity)) identity.push_back(policy);
  if (auto policy = compile(test, "session", Kind::kIdentity)) session.push_back(policy);
  const auto boundary = compile(test, "boundary", Kind::kIdentity);
  who.bounded = boundary != nullptr;
  const bool trust = test.contains("trust");
  const auto resource = trust ? compile(test, "trust", Kind::kTrust)
                              : compile(test, "resource_policy", Kind::kResource);
  const Policies policies{
      .identity = identity,
      .boundary = boundary.get(),
      .session = session,
      .in_session_policies = !session.empty(),
      .resource = resource.get(),
      .rule = trust ? Policies::ResourceRule::kMustAllow : Policies::ResourceRule::kUsual};
  const auto action = json::string_or(test, "action", "s3:GetObject");
  const auto arn = json::string_or(test, "resource", "arn:aws:s3:::bucket/key");
  const Request request{who, action, arn, context};
  EXPECT_EQ(verdict(evaluate(request, policies, kAccount)), json::string_or(test, "expect"))
      << json::dump(test);
}

TEST(Evaluation, FollowsTheDocumentation) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(DEW_SOURCE_DIR "/src/policy/evaluation_cases")) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  size_t count = 0;
  for (const auto& path : files) {
    SCOPED_TRACE(path.filename().string());
    std::ifstream in(path);
    const auto parsed = json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    for (const auto& test : *json::array_at(parsed->as_object(), "cases")) {
      EXPECT_FALSE(json::string_or(test.as_object(), "rule").empty());
      play(test.as_object());
      ++count;
    }
  }
  EXPECT_GE(count, 300u);
}

TEST(Evaluation, SaysWhy) {
  using enum Decision::Outcome;
  const auto say = [](Decision::Outcome outcome, Source source) {
    return denial_message({outcome, source}, "arn:aws:iam::1:user/u", "s3:Get", "arn:aws:s3:::b");
  };
  const std::string start =
      "User: arn:aws:iam::1:user/u is not authorized to perform: s3:Get on resource: "
      "arn:aws:s3:::b ";
  const std::tuple<Decision::Outcome, Source, const char*> cases[] = {
      {kImplicitDeny, Source::kIdentity,
       "because no identity-based policy allows the s3:Get action"},
      {kImplicitDeny, Source::kResource,
       "because no resource-based policy allows the s3:Get action"},
      {kImplicitDeny, Source::kBoundary,
       "because no permissions boundary allows the s3:Get action"},
      {kImplicitDeny, Source::kSession, "because no session policy allows the s3:Get action"},
      {kImplicitDeny, Source::kTrust, "because no role trust policy allows the s3:Get action"},
      {kExplicitDeny, Source::kIdentity, "with an explicit deny in an identity-based policy"},
      {kExplicitDeny, Source::kResource, "with an explicit deny in a resource-based policy"},
      {kExplicitDeny, Source::kBoundary, "with an explicit deny in a permissions boundary"},
      {kExplicitDeny, Source::kSession, "with an explicit deny in a session policy"},
      {kExplicitDeny, Source::kTrust, "with an explicit deny in the role trust policy"},
  };
  for (const auto& [outcome, source, rest] : cases) EXPECT_EQ(say(outcome, source), start + rest);
  EXPECT_EQ(denial_message({kImplicitDeny, Source::kIdentity}, "u", "a:b", ""),
            "User: u is not authorized to perform: a:b because no identity-based policy allows the "
            "a:b action");
}

TEST(Dates, AreReadAsTheW3CWritesThem) {
  const std::pair<const char*, std::optional<double>> cases[] = {
      {"2026", 1'767'225'600.0},
      {"2026-02", 1'769'904'000.0},
      {"2026-01-02", 1'767'312'000.0},
      {"2026-01-01T00:00Z", 1'767'225'600.0},
      {"2026-01-01T00:00:01Z", 1'767'225'601.0},
      {"2026-01-01T00:00:00.5Z", 1'767'225'600.5},
      {"2026-01-01T02:00:00+02:00", 1'767'225'600.0},
      {"2025-12-31T19:00:00-05:00", 1'767'225'600.0},
      {"1767225600", 1'767'225'600.0},
      {"2026-13", std::nullopt},
      {"2026-02-30", std::nullopt},
      {"2026-01-01T00:00:00", std::nullopt},
      {"yesterday", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [text, expected] : cases) {
    const auto got = parse_date(text);
    ASSERT_EQ(got.has_value(), expected.has_value()) << text;
    if (expected) {
      EXPECT_DOUBLE_EQ(*got, *expected) << text;
    }
  }
}

}  // namespace
}  // namespace dew::policy
