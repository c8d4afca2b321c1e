#include "aws/sigv4.h"

#include <gtest/gtest.h>

#include "aws/test_data.h"
#include "aws/timestamp.h"
#include "json/json.h"

namespace dew::aws {
namespace {

// A request as the vectors write it: header lines without a space, folded values, the body after an
// empty line.
http::Request read_request(const std::string& text) {
  http::Request out;
  std::string_view rest = text;
  const auto line = [&rest] {
    const size_t end = rest.find('\n');
    auto taken = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (taken.ends_with('\r')) taken.remove_suffix(1);
    return taken;
  };
  const auto first = line();
  out.method = first.substr(0, first.find(' '));
  const size_t http = first.rfind(" HTTP/");
  out.target = first.substr(out.method.size() + 1, http - out.method.size() - 1);
  std::vector<http::Header> headers;
  while (!rest.empty()) {
    const auto header = line();
    if (header.empty()) break;
    if (header.front() == ' ' || header.front() == '\t') {
      headers.back().value += " " + std::string(header);
    } else {
      const size_t colon = header.find(':');
      headers.push_back(
          {std::string(header.substr(0, colon)), std::string(header.substr(colon + 1))});
    }
  }
  for (const auto& header : headers) out.headers.add(header.name, header.value);
  out.body = rest;
  return out;
}

constexpr size_t kVectors = 38;

struct Vector {
  std::string name;
  http::Request request;
  SigningInput input;
  int64_t expires_s = 0;
  bool sign_body = false;
  bool omit_token = false;
  std::filesystem::path dir;

  std::string expected(const std::string& file) const { return read_file(dir / file); }
};

std::vector<Vector> vectors() {
  std::vector<Vector> out;
  const auto root = test_data() / "sigv4";
  if (!std::filesystem::exists(root)) return out;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (!entry.is_directory()) continue;
    Vector v;
    v.dir = entry.path();
    v.name = entry.path().filename();
    v.request = read_request(v.expected("request.txt"));
    const auto context = json::parse(v.expected("context.json")).value().as_object();
    const auto& keys = context.at("credentials").as_object();
    v.input.access_key = json::string_or(keys, "access_key_id");
    v.input.secret = json::string_or(keys, "secret_access_key");
    v.input.session_token = json::string_or(keys, "token");
    v.input.region = json::string_or(context, "region");
    v.input.service = json::string_or(context, "service");
    v.input.style = json::bool_at(context, "normalize").value_or(true) ? PathStyle::kNormalized
                                                                       : PathStyle::kEncoded;
    v.input.timestamp = format_amz_date(
        static_cast<int64_t>(*parse_iso8601(json::string_or(context, "timestamp"))));
    v.expires_s = json::int_at(context, "expiration_in_seconds").value_or(0);
    v.sign_body = json::bool_at(context, "sign_body").value_or(false);
    v.omit_token = json::bool_at(context, "omit_session_token").value_or(false);
    out.push_back(std::move(v));
  }
  return out;
}

class SigV4Vectors : public testing::Test {
 protected:
  void SetUp() override {
    vectors_ = vectors();
    if (vectors_.empty())
      GTEST_SKIP() << "no vectors in " << test_data() / "sigv4" << ": set DEW_TEST_DATA";
    ASSERT_EQ(vectors_.size(), kVectors);  // all of them are played
  }
  std::vector<Vector> vectors_;
};

TEST_F(SigV4Vectors, HeaderForm) {
  for (auto& v : vectors_) {
    SCOPED_TRACE(v.name);
    const std::string payload = payload_hash(v.request);
    if (v.sign_body) v.request.headers.set("x-amz-content-sha256", payload);
    if (v.omit_token) v.input.session_token.clear();  // added after signing, and so not signed
    sign_headers(v.request, v.input, payload);
    const auto signature = parse_signature(v.request);
    ASSERT_TRUE(signature && *signature);
    const Signature& s = **signature;
    EXPECT_EQ(s.signature, v.expected("header-signature.txt"));
    const auto canonical = canonical_request(v.request, s.signed_headers, payload, v.input.style);
    EXPECT_EQ(canonical, v.expected("header-canonical-request.txt"));
    EXPECT_EQ(string_to_sign(s.timestamp, s.scope(), canonical),
              v.expected("header-string-to-sign.txt"));
    const auto matches = [&](const http::Request& request, std::string_view secret) {
      return verify_signature(request, s, secret, payload, v.input.style).matches;
    };
    EXPECT_TRUE(matches(v.request, v.input.secret));
    EXPECT_FALSE(matches(v.request, "other"));
    auto changed = v.request;
    changed.headers.set("host", "elsewhere");
    EXPECT_FALSE(matches(changed, v.input.secret));
  }
}

TEST_F(SigV4Vectors, QueryForm) {
  for (auto& v : vectors_) {
    SCOPED_TRACE(v.name);
    const std::string payload = payload_hash(v.request);
    if (v.omit_token) v.input.session_token.clear();
    sign_query(v.request, v.input, v.expires_s, payload);
    const auto signature = parse_signature(v.request);
    ASSERT_TRUE(signature && *signature);
    EXPECT_EQ((*signature)->signature, v.expected("query-signature.txt"));
    EXPECT_EQ((*signature)->expires_s, v.expires_s);
    const auto canonical = canonical_request(v.request, (*signature)->signed_headers, payload,
                                             v.input.style, Signature::Form::kQuery);
    EXPECT_EQ(canonical, v.expected("query-canonical-request.txt"));
    EXPECT_TRUE(
        verify_signature(v.request, **signature, v.input.secret, payload, v.input.style).matches);
  }
}

TEST(SigV4, ExplainsWhatIsMissing) {
  http::Request request;
  request.target = "/";
  EXPECT_FALSE(parse_signature(request)->has_value());
  request.headers.set("Authorization", "AWS4-HMAC-SHA256 Signature=b,Credential=a");
  request.headers.set("Date", "a");
  const auto failed = parse_signature(request);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, SignatureFault::Kind::kIncomplete);
  EXPECT_EQ(failed.error().message, "Authorization header requires 'SignedHeaders' parameter.");
  request.headers.erase("Authorization");
  request.target = "/?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-Date=d";
  EXPECT_EQ(parse_signature(request).error().message,
            "AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the "
            "query-string parameters.");
}

TEST(SigV4, RefusesOtherAlgorithmsByName) {
  struct Case {
    const char* authorization;
    const char* target;
    const char* message;
  };
  for (const auto& c : {
           Case{"AWS AKID:c2ln", "/", "Signature Version 2"},
           Case{"", "/?AWSAccessKeyId=a&Signature=b", "Signature Version 2"},
           Case{"AWS4-ECDSA-P256-SHA256 Credential=a", "/", "Signature Version 4A"},
           Case{"AWS4-HMAC-SHA25 Credential=a", "/", "Unsupported AWS 'algorithm'"},
           Case{"",
                "/?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=a%2F20150830%2Fr%2Fs%2F"
                "aws4_request&X-Amz-Signature=c&X-Amz-SignedHeaders=host&X-Amz-Date="
                "20150830T123600Z",
                "Signature Version 4A"},
       }) {
    http::Request request;
    request.target = c.target;
    if (*c.authorization) request.headers.set("Authorization", c.authorization);
    const auto parsed = parse_signature(request);
    ASSERT_FALSE(parsed) << c.message;
    EXPECT_EQ(parsed.error().kind, SignatureFault::Kind::kAlgorithm);
    EXPECT_NE(parsed.error().message.find(c.message), std::string::npos) << parsed.error().message;
  }
}

TEST(SigV4, HoldsAPresignedUrlToAWeek) {
  const auto parse = [](std::string_view expires) {
    http::Request request;
    request.target =
        "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20150830%2Fr%2Fs%2Faws4_request&"
        "X-Amz-Signature=c&X-Amz-SignedHeaders=host&X-Amz-Date=20150830T123600Z&X-Amz-Expires=" +
        std::string(expires);
    return parse_signature(request);
  };
  EXPECT_EQ((*parse("604800"))->expires_s, 604'800);
  for (const auto* bad : {"604801", "-1", "x", ""}) EXPECT_FALSE(parse(bad)) << bad;
}

TEST(SigV4, TakesAnEmptyService) {
  http::Request request;
  request.headers.set("Authorization",
                      "AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1//aws4_request, "
                      "SignedHeaders=host, Signature=ab");
  request.headers.set("X-Amz-Date", "20150830T123600Z");
  const auto signature = parse_signature(request);
  ASSERT_TRUE(signature && *signature);
  EXPECT_EQ((*signature)->access_key, "AK");
  EXPECT_EQ((*signature)->service, "");
  EXPECT_EQ((*signature)->region, "us-east-1");
}

}  // namespace
}  // namespace dew::aws
