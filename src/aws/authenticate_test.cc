#include "aws/authenticate.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "aws/auth_errors.h"
#include "aws/payload.h"
#include "base/encoding.h"

namespace dew::aws {
namespace {

constexpr std::string_view kKey = "AKIADEWEXAMPLE000001";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr int64_t kNow_s = 1'440'938'160;  // 20150830T123600Z

class Keys final : public CredentialSource {
 public:
  std::shared_ptr<const Credential> find(std::string_view key) override {
    if (key != kKey) return nullptr;
    auto out = std::make_shared<Credential>();
    out->secret = kSecret;
    out->session_token = token;
    out->identity.arn = "arn:aws:iam::000000000000:user/ada";
    out->use = use;
    return out;
  }
  std::string token;
  std::shared_ptr<KeyUse> use = std::make_shared<KeyUse>(KeyUse::Last{});
};

class Authenticate : public testing::Test {
 protected:
  Authenticate() {
    set_clock(kNow_s);
    policy_.mode = AuthMode::kStrict;
  }

  // All that stands between the wire and an operation: the identity's ARN, or an error's code.
  std::string ask(http::Request request, std::string_view service = "s3") {
    const ServiceModel& model = *service_model(service);
    const auto signature = parse_signature(request);
    if (!signature) return auth_error(model, signature.error()).code;
    auto caller =
        authenticate(request, *signature ? &**signature : nullptr, model, &keys_, *clock_, policy_);
    if (!caller) {
      message_ = caller.error().message;
      return caller.error().code;
    }
    if (is_s3(model)) {
      if (const auto read = read_payload(request, std::move(caller->signing)); !read)
        return read.error().code;
    }
    return caller->identity.anonymous ? "anonymous" : caller->identity.arn;
  }

  static SigningInput input(std::string_view service = "s3") {
    return {std::string(kKey),
            std::string(kSecret),
            "",
            "us-east-1",
            std::string(service),
            format_amz_date(kNow_s),
            service == "s3" ? PathStyle::kPlain : PathStyle::kNormalized};
  }

  static http::Request put(std::string_view hash) {
    http::Request request;
    request.method = "PUT";
    request.target = "/bucket/a%20key/b?x-id=PutObject&partNumber=1";
    request.remote_address = "127.0.0.1";
    request.headers.add("Host", "localhost:4566");
    request.headers.add("Content-Type", "text/plain");
    request.headers.add("x-amz-content-sha256", hash);
    request.headers.add("x-amz-meta-who", "ada");
    return request;
  }

  static http::Request in_header() {
    const std::string body = "some bytes";
    auto request = put(hex_encode(sha256(body)));
    request.body = body;
    sign_headers(request, input(), hex_encode(sha256(body)));
    return request;
  }

  static http::Request json_call() {
    http::Request request;
    request.method = "POST";
    request.target = "/";
    request.headers.add("Host", "localhost:4566");
    request.headers.add("X-Amz-Target", "DynamoDB_20120810.ListTables");
    request.body = R"({"Limit":3})";
    sign_headers(request, input("dynamodb"), hex_encode(sha256(request.body)));
    return request;
  }

  static http::Request in_query() {
    http::Request request;
    request.method = "GET";
    request.target = "/bucket/key?response-content-type=text%2Fplain";
    request.headers.add("Host", "localhost:4566");
    sign_query(request, input(), 900, kUnsignedPayload);
    return request;
  }

  static http::Request chunked(bool with_trailer) {
    const std::string_view hash = with_trailer ? kStreamingSignedTrailer : kStreamingSigned;
    auto request = put(hash);
    request.headers.add("Content-Encoding", "aws-chunked");
    request.headers.add("x-amz-decoded-content-length", std::to_string(kMinSignedChunkBytes + 9));
    if (with_trailer) request.headers.add("x-amz-trailer", "x-amz-checksum-crc32");
    sign_headers(request, input(), hash);
    const auto signature = parse_signature(request);
    std::string previous = (*signature)->signature;
    const auto key = signing_key(kSecret, "20150830", "us-east-1", "s3");
    const auto sign = [&](std::string_view kind, std::string_view rest) {
      return previous =
                 sign_string(key, fmt::format("{}\n{}\n{}\n{}\n{}", kind, (*signature)->timestamp,
                                              (*signature)->scope(), previous, rest));
    };
    for (const auto& chunk :
         {std::string(kMinSignedChunkBytes, 'a'), std::string("the rest!"), std::string()}) {
      request.body += fmt::format("{:x};chunk-signature={}\r\n", chunk.size(),
                                  sign("AWS4-HMAC-SHA256-PAYLOAD",
                                       hex_encode(sha256("")) + "\n" + hex_encode(sha256(chunk))));
      if (!chunk.empty()) request.body += chunk + "\r\n";
    }
    if (with_trailer) {
      request.body += fmt::format(
          "x-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:{}\r\n",
          sign("AWS4-HMAC-SHA256-TRAILER", hex_encode(sha256("x-amz-checksum-crc32:AAAAAA==\n"))));
    }
    request.body += "\r\n";
    return request;
  }

  // Every byte of `text`, a part of `request`, changed in turn.
  void change_each(const http::Request& request, std::string& text, std::string_view service,
                   size_t from = 0, size_t to = std::string::npos) {
    for (size_t i = from; i < std::min(to, text.size()); ++i) {
      const char before = text[i];
      for (const int flip : {1, 4}) {
        text[i] = static_cast<char>(before ^ flip);
        const auto answer = ask(request, service);
        if (answer != kMe && answer != "anonymous") ++refused_;
        EXPECT_NE(answer, kMe) << "byte " << i << " of " << text.substr(0, 300);
      }
      text[i] = before;
    }
  }

  // The method, target, every header that is signed, the credential, names and signature, the body.
  void change_everything(http::Request request, std::string_view service) {
    ASSERT_EQ(ask(request, service), kMe);
    change_each(request, request.method, service);
    change_each(request, request.target, service, 1);  // all targets begin with a slash
    change_each(request, request.body, service);
    const auto headers = request.headers;
    for (const auto& header : headers) {
      auto value = header.value;
      const bool authorization = header.name == "Authorization";
      size_t from = 0;
      std::vector<std::pair<size_t, size_t>> parts;
      if (authorization) {
        for (const auto* part : {"Credential=", "SignedHeaders=", "Signature="}) {
          from = value.find(part) + std::string_view(part).size();
          parts.emplace_back(from, value.find(',', from));
        }
      } else {
        parts.emplace_back(0, value.size());
      }
      for (const auto& [begin, end] : parts) {
        for (size_t i = begin; i < std::min(end, value.size()); ++i) {
          auto changed = value;
          changed[i] = static_cast<char>(changed[i] ^ 1);
          auto copy = request;
          copy.headers.set(header.name, changed);
          EXPECT_NE(ask(copy, service), kMe) << header.name << ": " << changed;
          ++refused_;
        }
      }
    }
    for (const auto& header : headers) {
      auto copy = request;
      copy.headers.erase(header.name);
      EXPECT_NE(ask(copy, service), kMe) << "without " << header.name;
    }
    EXPECT_GT(refused_, 100u);
  }

  static constexpr std::string_view kMe = "arn:aws:iam::000000000000:user/ada";
  void set_clock(int64_t seconds) {
    clock_ = std::make_unique<ManualClock>(TimePoint(std::chrono::seconds(seconds)));
  }
  std::unique_ptr<ManualClock> clock_;
  Keys keys_;
  AuthPolicy policy_;
  std::string message_;
  size_t refused_ = 0;
};

TEST_F(Authenticate, AnyByteChangedIsRefusedInTheHeaderForm) {
  change_everything(in_header(), "s3");
}
TEST_F(Authenticate, AnyByteChangedIsRefusedInAJsonCall) {
  change_everything(json_call(), "dynamodb");
}
TEST_F(Authenticate, AnyByteChangedIsRefusedInTheQueryForm) { change_everything(in_query(), "s3"); }
TEST_F(Authenticate, AnyByteChangedIsRefusedInSignedChunks) {
  change_everything(chunked(false), "s3");
}
TEST_F(Authenticate, AnyByteChangedIsRefusedInSignedTrailers) {
  change_everything(chunked(true), "s3");
}

TEST_F(Authenticate, ChunksCannotBeLeftOutOrMoved) {
  auto request = chunked(false);
  ASSERT_EQ(ask(request), kMe);
  const size_t second = request.body.find("\r\n9;") + 2;
  const size_t third = request.body.find("\r\n0;") + 2;
  auto without = request;
  without.body.erase(second, third - second);
  EXPECT_EQ(ask(without), "SignatureDoesNotMatch");
  auto cut = request;
  cut.body.resize(third);
  EXPECT_EQ(ask(cut), "IncompleteBody");
  auto twice = request;
  twice.body.insert(second, request.body.substr(second, third - second));
  EXPECT_NE(ask(twice), kMe);
}

TEST_F(Authenticate, SaysWhatIsWrongWithTheScope) {
  const auto with = [&](std::string_view service, std::string_view region, std::string_view scope) {
    http::Request request;
    request.method = "POST";
    request.target = "/";
    request.headers.add("Host", "localhost:4566");
    auto in = input(scope);
    in.region = region;
    sign_headers(request, in, hex_encode(sha256("")));
    return ask(std::move(request), service);
  };
  EXPECT_EQ(with("dynamodb", "eu-west-1", "dynamodb"), "InvalidSignatureException");
  EXPECT_EQ(message_, "Credential should be scoped to a valid region, not 'eu-west-1'.");
  EXPECT_EQ(with("dynamodb", "eu-west-1", "lambda"), "InvalidSignatureException");
  EXPECT_EQ(message_,
            "Credential should be scoped to a valid region, not 'eu-west-1'. Credential should be "
            "scoped to correct service: 'dynamodb'.");
  EXPECT_EQ(with("iam", "us-east-1", "sts"), "SignatureDoesNotMatch");
  EXPECT_EQ(message_, "Credential should be scoped to correct service: 'iam'.");
  EXPECT_EQ(with("s3", "eu-west-1", "s3"), "AuthorizationHeaderMalformed");
  EXPECT_EQ(message_,
            "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting "
            "'us-east-1'");
  // Global services are signed for us-east-1 wherever the cloud is.
  policy_.region = "eu-west-1";
  EXPECT_EQ(with("iam", "us-east-1", "iam"), kMe);
  policy_.mode = AuthMode::kRelaxed;
  EXPECT_EQ(with("dynamodb", "us-west-2", "dynamodb"), kMe);
}

TEST_F(Authenticate, HoldsRequestsToTheirTime) {
  const auto after = [&](int64_t seconds, http::Request request, std::string_view service) {
    set_clock(kNow_s + seconds);
    return ask(std::move(request), service);
  };
  EXPECT_EQ(after(899, json_call(), "dynamodb"), kMe);
  EXPECT_EQ(after(901, json_call(), "dynamodb"), "InvalidSignatureException");
  EXPECT_EQ(message_,
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
            "(20150830T125101Z - 15 min.)");
  EXPECT_EQ(after(-901, json_call(), "dynamodb"), "InvalidSignatureException");
  EXPECT_EQ(message_,
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
            "(20150830T122059Z + 15 min.)");
  EXPECT_EQ(after(901, in_header(), "s3"), "RequestTimeTooSkewed");
  EXPECT_EQ(after(899, in_query(), "s3"), kMe);
  EXPECT_EQ(after(901, in_query(), "s3"), "AccessDenied");
  EXPECT_EQ(message_, "Request has expired");
  EXPECT_EQ(after(-901, in_query(), "s3"), "AccessDenied");
}

TEST_F(Authenticate, RefusesWhoIsUnknownInStrictMode) {
  http::Request unsigned_request;
  unsigned_request.method = "POST";
  unsigned_request.target = "/";
  EXPECT_EQ(ask(unsigned_request, "dynamodb"), "MissingAuthenticationTokenException");
  EXPECT_EQ(ask(unsigned_request, "lambda"), "MissingAuthenticationTokenException");
  EXPECT_EQ(ask(unsigned_request, "iam"), "MissingAuthenticationToken");
  EXPECT_EQ(ask(unsigned_request, "s3"), "anonymous");
  unsigned_request.headers.add("Authorization", "Bearer abc");
  EXPECT_EQ(ask(unsigned_request, "s3"), "AccessDenied");
  const auto unknown = [&](std::string_view service) {
    http::Request request;
    request.method = "POST";
    request.target = "/";
    request.headers.add("Host", "localhost:4566");
    auto in = input(service);
    in.access_key = "AKIAUNKNOWN";
    sign_headers(request, in, "hash");
    return ask(std::move(request), service);
  };
  EXPECT_EQ(unknown("dynamodb"), "UnrecognizedClientException");
  EXPECT_EQ(unknown("iam"), "InvalidClientTokenId");
  EXPECT_EQ(unknown("s3"), "InvalidAccessKeyId");
  policy_.mode = AuthMode::kRelaxed;
  EXPECT_EQ(unknown("dynamodb"), "arn:aws:iam::000000000000:root");
  EXPECT_EQ(unknown("s3"), "arn:aws:iam::000000000000:root");
}

TEST_F(Authenticate, NeverMakesAnAdministratorOfAKeyThatWasOurs) {
  policy_.mode = AuthMode::kRelaxed;
  const auto with = [&](std::string key) {
    auto request = put(kUnsignedPayload);
    auto in = input();
    in.access_key = std::move(key);
    sign_headers(request, in, kUnsignedPayload);
    return ask(std::move(request));
  };
  EXPECT_EQ(with(std::string(kUserKeyPrefix) + "GONE000000000"), "InvalidAccessKeyId");
  EXPECT_EQ(with(std::string(kSessionKeyPrefix) + "GONE000000000"), "ExpiredToken");
}

TEST_F(Authenticate, TakesTheWellKnownKeyFromThisMachineOnly) {
  const auto with = [&](std::string_view secret, std::string_view peer) {
    auto request = put(kUnsignedPayload);
    auto in = input();
    in.access_key = "test";
    in.secret = secret;
    request.remote_address = peer;
    sign_headers(request, in, kUnsignedPayload);
    return ask(std::move(request));
  };
  EXPECT_EQ(with("test", "127.0.0.1"), "arn:aws:iam::000000000000:root");
  EXPECT_EQ(with("test", "::1"), "arn:aws:iam::000000000000:root");
  EXPECT_EQ(with("test", "::ffff:127.0.0.1"), "arn:aws:iam::000000000000:root");
  EXPECT_EQ(with("other", "127.0.0.1"), "SignatureDoesNotMatch");
  EXPECT_EQ(with("test", "192.0.2.1"), "InvalidAccessKeyId");
  EXPECT_EQ(with("test", ""), "InvalidAccessKeyId");
}

TEST_F(Authenticate, WantsHostAndAmzHeadersSigned) {
  auto request = in_header();
  request.headers.add("x-amz-acl", "public-read");
  EXPECT_EQ(ask(request), "AccessDenied");
  auto call = json_call();
  call.headers.add("X-Amz-Other", "x");
  EXPECT_EQ(ask(call, "dynamodb"), "InvalidSignatureException");
  EXPECT_EQ(message_, "'X-Amz-Other' must be a 'SignedHeader' in the AWS Authorization.");
  http::Request no_host;
  no_host.method = "POST";
  no_host.target = "/";
  sign_headers(no_host, input("dynamodb"), hex_encode(sha256("")));
  no_host.headers.add("Host", "localhost");
  EXPECT_EQ(ask(no_host, "dynamodb"), "InvalidSignatureException");
  EXPECT_EQ(message_, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
}

TEST_F(Authenticate, ComparesTheSessionToken) {
  keys_.token = "token";
  EXPECT_EQ(ask(json_call(), "dynamodb"), "UnrecognizedClientException");
  auto request = json_call();
  request.headers.add("X-Amz-Security-Token", "token");  // unsigned is fine: it is compared
  EXPECT_EQ(ask(request, "dynamodb"), kMe);
  request.headers.set("X-Amz-Security-Token", "tokem");
  EXPECT_EQ(ask(request, "dynamodb"), "UnrecognizedClientException");
}

TEST_F(Authenticate, KnowsThePayloadsThatS3Knows) {
  const auto with = [&](std::string_view hash) {
    auto request = put(hash);
    sign_headers(request, input(), hash);
    return ask(std::move(request));
  };
  EXPECT_EQ(with(kUnsignedPayload), kMe);
  EXPECT_EQ(with("UNSIGNED"), "InvalidArgument");
  EXPECT_EQ(with("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"), "NotImplemented");
  auto request = put("");
  request.headers.erase("x-amz-content-sha256");
  sign_headers(request, input(), kUnsignedPayload);
  EXPECT_EQ(ask(request), "InvalidRequest");
}

}  // namespace
}  // namespace dew::aws
