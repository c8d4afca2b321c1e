#include "cli/credentials.h"

#include <gtest/gtest.h>

namespace dew::cli {
namespace {

constexpr std::string_view kConfig = R"(# comment
[default]
region = eu-west-1
[profile work]
role_arn = arn:aws:iam::1:role/deployer
source_profile = keys
external_id = ext ; a comment
role_session_name = me
duration_seconds = 900
s3 =
  addressing_style = path
  role_arn = nested
[profile	tabbed]
AWS_ACCESS_KEY_ID=A
aws_secret_access_key = s=e#c/r+t==
[keys]
aws_access_key_id = not a profile in this file
[profile again]
role_arn = arn:aws:iam::1:role/second
source_profile = work
[profile circle]
role_arn = x
source_profile = circle2
[profile circle2]
role_arn = x
source_profile = circle
[profile both]
role_arn = x
source_profile = keys
credential_source = Environment
[profile mfa]
role_arn = x
source_profile = keys
mfa_serial = y
[profile sso]
sso_session = corp
[profile itself]
role_arn = arn:aws:iam::1:role/itself
source_profile = itself
aws_access_key_id = I
aws_secret_access_key = i
)";

Profiles profiles() {
  auto out = parse_profiles(kConfig, ProfileFile::kConfig);
  out["keys"] = parse_profiles("[keys]\naws_access_key_id = K\naws_secret_access_key = k\n",
                               ProfileFile::kCredentials)["keys"];
  return out;
}

TEST(AwsProfiles, Parses) {
  auto found = profiles();
  EXPECT_EQ(found["default"]["region"], "eu-west-1");
  EXPECT_EQ(found["work"]["external_id"], "ext");
  EXPECT_EQ(found["work"]["role_arn"], "arn:aws:iam::1:role/deployer");
  EXPECT_EQ(found["tabbed"]["aws_access_key_id"], "A");
  EXPECT_EQ(found["tabbed"]["aws_secret_access_key"], "s=e#c/r+t==");
  EXPECT_EQ(found["keys"]["aws_access_key_id"], "K");
}

struct Recorder {
  std::vector<std::pair<std::string, RoleToAssume>> calls;  // access key, role
  CredentialSources sources() {
    CredentialSources out;
    out.assume = [this](const Credentials& from, const RoleToAssume& role) -> Result<Credentials> {
      calls.emplace_back(from.access_key, role);
      return Credentials{"of " + role.arn, "secret", "token"};
    };
    return out;
  }
};

TEST(Credentials, AssumesRolesAlongSourceProfiles) {
  Recorder recorder;
  const auto found = credentials_of_profile(profiles(), "again", recorder.sources());
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->access_key, "of arn:aws:iam::1:role/second");
  EXPECT_EQ(found->session_token, "token");
  ASSERT_EQ(recorder.calls.size(), 2U);
  EXPECT_EQ(recorder.calls[0].first, "K");
  EXPECT_EQ(recorder.calls[0].second.session_name, "me");
  EXPECT_EQ(recorder.calls[0].second.external_id, "ext");
  EXPECT_EQ(recorder.calls[0].second.duration_seconds, "900");
  EXPECT_EQ(recorder.calls[1].first, "of arn:aws:iam::1:role/deployer");
  EXPECT_TRUE(recorder.calls[1].second.session_name.starts_with("dew-"));
}

TEST(Credentials, AProfileMayNameItselfAsSource) {
  Recorder recorder;
  ASSERT_TRUE(credentials_of_profile(profiles(), "itself", recorder.sources()));
  EXPECT_EQ(recorder.calls[0].first, "I");
}

TEST(Credentials, RefusesByName) {
  Recorder recorder;
  const auto message = [&](const std::string& name) {
    const auto found = credentials_of_profile(profiles(), name, recorder.sources());
    return found ? "found" : found.error().message;
  };
  EXPECT_EQ(message("none"), "there is no profile none in ~/.aws/config or ~/.aws/credentials");
  EXPECT_NE(message("circle").find("goes in a circle"), std::string::npos);
  EXPECT_NE(message("both").find("either source_profile or credential_source"), std::string::npos);
  EXPECT_NE(message("mfa").find("mfa_serial"), std::string::npos);
  EXPECT_NE(message("sso").find("by sso_session, which is not supported yet"), std::string::npos);
  EXPECT_NE(message("default").find("neither keys nor a role_arn"), std::string::npos);
}

}  // namespace
}  // namespace dew::cli
