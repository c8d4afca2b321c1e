#include <dew/encoding.h>
#include <dew/jwt.h>
#include <gtest/gtest.h>

namespace dew::jwt {
namespace {

// RFC 7515, appendix A.1 and A.2.
const std::string kRfcKey = *base64url_decode(
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
constexpr std::string_view kRfcHs256 =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9"
    "pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view kRfcRs256 =
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".cC"
    "4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjb"
    "KBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_"
    "dO--xi12jzDwusC-eOkHWEsqtFZ"
    "ESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
    "IoypGlUPQGe77Rw";
constexpr std::string_view kRfcN =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
    "4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_"
    "YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
    "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD"
    "Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
    "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
constexpr int64_t kBeforeExpiry = 1300819379;
const std::string kSecret = "a-secret-of-at-least-thirty-two-bytes";

std::string token(json::object claims, const std::string& header = {}) {
  if (header.empty()) return sign_hs256(claims, kSecret);
  const std::string good = sign_hs256(claims, kSecret);
  return base64url_encode(header) + good.substr(good.find('.'));
}

std::string code_of(const Verifier& verifier, std::string_view text, int64_t now = 1000) {
  auto claims = verifier.verify(text, now);
  return claims ? "" : claims.error().code;
}

TEST(Jwt, AcceptsTheRfcExamples) {
  const auto hs = Verifier::hs256(kRfcKey, {.issuer = "joe", .leeway = {}});
  auto claims = hs.verify(kRfcHs256, kBeforeExpiry);
  ASSERT_TRUE(claims) << claims.error().message;
  EXPECT_TRUE(claims->at("http://example.com/is_root").as_bool());
  EXPECT_EQ(code_of(hs, kRfcHs256, kBeforeExpiry + 1), "Expired");
  const auto rs = Verifier::rs256_jwk(kRfcN, "AQAB", {.issuer = "joe", .leeway = {}});
  EXPECT_TRUE(rs.verify(kRfcRs256, kBeforeExpiry));
  EXPECT_EQ(code_of(rs, kRfcRs256, kBeforeExpiry + 1), "Expired");
  std::string tampered(kRfcRs256);
  tampered[30] = tampered[30] == 'a' ? 'b' : 'a';
  EXPECT_FALSE(rs.verify(tampered, kBeforeExpiry));
}

TEST(Jwt, RefusesAlgorithmConfusion) {
  const auto hs = Verifier::hs256(kSecret);
  const auto rs = Verifier::rs256_jwk(kRfcN, "AQAB");
  EXPECT_EQ(code_of(hs, kRfcRs256), "AlgorithmMismatch");
  EXPECT_EQ(code_of(rs, kRfcHs256), "AlgorithmMismatch");
  const std::string claims = base64url_encode(R"({"exp":9999999999})");
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"hs256"})",
                             R"({})", R"({"alg":["HS256"]})"}) {
    EXPECT_EQ(code_of(hs, base64url_encode(header) + "." + claims + "."), "AlgorithmMismatch")
        << header;
  }
  EXPECT_EQ(code_of(hs, token({{"exp", 2000}}, R"({"alg":"HS256","crit":["exp"]})")), "Malformed");
  EXPECT_EQ(code_of(hs, token({{"exp", 2000}}, R"({"alg":"HS256"})")), "BadSignature");
}

TEST(Jwt, ChecksTheClaims) {
  const auto verifier = Verifier::hs256(
      kSecret, {.issuer = "me", .audience = "you", .leeway = std::chrono::seconds(10)});
  const json::object good{{"iss", "me"}, {"aud", "you"}, {"exp", 2000}, {"nbf", 500}};
  auto with = [&](const char* name, const json::value& value) {
    json::object claims = good;
    claims[name] = value;
    return token(claims);
  };
  EXPECT_EQ(code_of(verifier, token(good)), "");
  EXPECT_EQ(code_of(verifier, with("aud", json::array{"x", "you"})), "");
  EXPECT_EQ(code_of(verifier, token(good), 2009), "");
  EXPECT_EQ(code_of(verifier, token(good), 2010), "Expired");
  EXPECT_EQ(code_of(verifier, with("exp", "2000")), "Expired");
  EXPECT_EQ(code_of(verifier, with("exp", nullptr)), "Expired");
  EXPECT_EQ(code_of(verifier, token(good), 490), "");
  EXPECT_EQ(code_of(verifier, token(good), 489), "NotYetValid");
  EXPECT_EQ(code_of(verifier, with("nbf", "x")), "NotYetValid");
  EXPECT_EQ(code_of(verifier, with("iss", "other")), "WrongIssuer");
  EXPECT_EQ(code_of(verifier, with("iss", json::array{"me"})), "WrongIssuer");
  EXPECT_EQ(code_of(verifier, with("aud", json::array{"x"})), "WrongAudience");
  json::object endless = good;
  endless.erase("exp");
  EXPECT_EQ(code_of(verifier, token(endless)), "Expired");
}

TEST(Jwt, RefusesMalformedTokens) {
  const auto verifier = Verifier::hs256(kSecret);
  for (const std::string& bad :
       {std::string(), std::string("a"), std::string("a.b"), std::string(".."),
        std::string("a.b.c.d"), std::string("!.!.!"), std::string(kMaxTokenBytes + 1, 'a'),
        token({{"exp", 2000}}) + "=", token({{"exp", 2000}}) + ".x"}) {
    EXPECT_EQ(code_of(verifier, bad), "Malformed") << bad.substr(0, 40);
  }
}

TEST(Jwt, RefusesUnfitKeys) {
  EXPECT_THROW((void)Verifier::hs256(""), std::invalid_argument);
  EXPECT_THROW((void)Verifier::rs256_pem("not a key"), std::invalid_argument);
  EXPECT_THROW((void)Verifier::rs256_jwk("AQAB", "AQAB"), std::invalid_argument);
}

}  // namespace
}  // namespace dew::jwt
