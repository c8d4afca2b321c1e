// botocore's protocol tests, from the server's side: an "input" case's wire form must parse back
// into its parameters, an "output" case's result must render into an equivalent wire form.
#include <gtest/gtest.h>
#include <pugixml.hpp>

#include <cmath>
#include <map>
#include <set>

#include "aws/protocol.h"
#include "aws/router.h"
#include "aws/test_data.h"
#include "base/encoding.h"

namespace dew::aws {
namespace {

constexpr auto kCompression =
    "a server sees the compressed body; the dispatcher inflates it before parsing";
constexpr auto kToken = "the client fills in the token, which the case's parameters lack";
constexpr auto kEmpty = "an empty collection and an absent one look alike on the wire";
constexpr auto kEmptyPayload = "the client sends {} for an absent structure";
constexpr auto kQueryMap =
    "which of two members a query parameter came from does not show on the wire";
constexpr auto kEndpoint = "the path is that of the client's endpoint";
constexpr auto kOffset = "we write times in UTC only";
constexpr auto kGarbage = "we do not write garbage";
constexpr auto kErrorForm = "one of several forms that clients accept; we write another";
constexpr auto kExtra = "the wire form has more than the result";
constexpr auto kRequestHeader = "a request header in the expected response";
constexpr auto kRequestId = "the dispatcher adds the request id";
constexpr auto kLength = "the server adds Content-Length";
constexpr auto kNoMessage = "the wire form has a message that the case does not give";
constexpr auto kNoBody = "an empty document is no body at all";

// Cases that do not hold for a server, or not for ours. Each must really fail: one that passes is
// reported.
const std::map<std::string, std::string>& exceptions() {
  static const std::map<std::string, std::string> kExceptions = {
      {"input SDKAppliedContentEncoding_awsJson1_1", kCompression},
      {"input SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1", kCompression},
      {"input SDKAppliedContentEncoding_awsJson1_0", kCompression},
      {"input SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0", kCompression},
      {"input SDKAppliedContentEncoding_awsQuery", kCompression},
      {"input SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery", kCompression},
      {"input QueryProtocolIdempotencyTokenAutoFill", kToken},
      {"input QueryEmptyQueryMaps", kEmpty},
      {"input RestJsonAllQueryStringTypes", kQueryMap},
      {"input RestJsonQueryStringEscaping", kQueryMap},
      {"input RestJsonSupportsNaNFloatQueryValues", kQueryMap},
      {"input RestJsonSupportsInfinityFloatQueryValues", kQueryMap},
      {"input RestJsonSupportsNegativeInfinityFloatQueryValues", kQueryMap},
      {"input RestJsonZeroAndFalseQueryValues", kQueryMap},
      {"input RestJsonHostWithPath", kEndpoint},
      {"input RestJsonHttpPrefixHeadersAreNotPresent", kEmpty},
      {"input RestJsonOmitsEmptyListQueryValues", kEmpty},
      {"input SDKAppliedContentEncoding_restJson1", kCompression},
      {"input SDKAppendedGzipAfterProvidedEncoding_restJson1", kCompression},
      {"input RestJsonQueryIdempotencyTokenAutoFill", kToken},
      {"input RestJsonQueryPrecedence", kQueryMap},
      {"input RestJsonHttpWithEmptyStructurePayload", kEmptyPayload},
      {"input RestJsonHttpWithHeadersButNoPayload", kEmptyPayload},
      {"input HttpPrefixHeadersAreNotPresent", kEmpty},
      {"input SDKAppliedContentEncoding_restXml", kCompression},
      {"input SDKAppendedGzipAfterProvidedEncoding_restXml", kCompression},
      {"input QueryIdempotencyTokenAutoFill", kToken},
      {"input RestXmlQueryPrecedence", kQueryMap},
      {"output AwsJson11DateTimeWithNegativeOffset", kOffset},
      {"output AwsJson11DateTimeWithPositiveOffset", kOffset},
      {"output handles_unexpected_json_output", kGarbage},
      {"output AwsJson11FooErrorUsingXAmznErrorType", kErrorForm},
      {"output AwsJson11FooErrorUsingXAmznErrorTypeWithUri", kErrorForm},
      {"output AwsJson11FooErrorUsingXAmznErrorTypeWithUriAndNamespace", kErrorForm},
      {"output AwsJson11FooErrorUsingCode", kErrorForm},
      {"output AwsJson11FooErrorUsingCodeAndNamespace", kErrorForm},
      {"output AwsJson11FooErrorUsingCodeUriAndNamespace", kErrorForm},
      {"output AwsJson11IntEnums", kRequestHeader},
      {"output AwsJson11DeserializeIgnoreType", kExtra},
      {"output parses_the_request_id_from_the_response", kRequestId},
      {"output AwsJson10FooErrorUsingXAmznErrorType", kErrorForm},
      {"output AwsJson10FooErrorUsingXAmznErrorTypeWithUri", kErrorForm},
      {"output AwsJson10FooErrorUsingXAmznErrorTypeWithUriAndNamespace", kErrorForm},
      {"output AwsJson10FooErrorUsingCode", kErrorForm},
      {"output AwsJson10FooErrorUsingCodeAndNamespace", kErrorForm},
      {"output AwsJson10FooErrorUsingCodeUriAndNamespace", kErrorForm},
      {"output AwsJson10DeserializeIgnoreType", kExtra},
      {"output AwsJson10HandlesUnexpectedJsonOutput", kGarbage},
      {"output AwsQueryDateTimeWithNegativeOffset", kOffset},
      {"output AwsQueryDateTimeWithPositiveOffset", kOffset},
      {"output RestJsonDateTimeWithNegativeOffset", kOffset},
      {"output RestJsonDateTimeWithPositiveOffset", kOffset},
      {"output RestJsonFooErrorUsingXAmznErrorTypeWithUri", kErrorForm},
      {"output RestJsonFooErrorUsingXAmznErrorTypeWithUriAndNamespace", kErrorForm},
      {"output RestJsonFooErrorUsingCode", kErrorForm},
      {"output RestJsonFooErrorUsingCodeAndNamespace", kErrorForm},
      {"output RestJsonFooErrorUsingCodeUriAndNamespace", kErrorForm},
      {"output RestJsonFooErrorWithDunderType", kErrorForm},
      {"output RestJsonFooErrorWithDunderTypeAndNamespace", kErrorForm},
      {"output RestJsonFooErrorWithDunderTypeUriAndNamespace", kErrorForm},
      {"output RestJsonHttpPayloadWithUnsetUnion", kLength},
      {"output RestJsonDeserializeIgnoreType", kExtra},
      {"output RestXmlDateTimeWithNegativeOffset", kOffset},
      {"output RestXmlDateTimeWithPositiveOffset", kOffset},
      {"output InvalidGreetingError", kExtra},
      {"output ComplexError", kNoMessage},
      {"output RestXmlHttpPayloadWithUnsetUnion", kLength},
      {"output IgnoreQueryParamsInResponse", kNoBody},
  };
  return kExceptions;
}

// An error's type without its namespace and URI, as clients read it.
std::string bare_type(std::string type) {
  type = type.substr(type.find('#') + 1);
  return type.substr(0, type.find(':'));
}

// Absent and null are the same; so are 5 and 5.0, and NaN and "NaN".
std::string difference(const json::Value& expected, const json::Value& actual,
                       const std::string& path) {
  if (expected.is_object()) {
    if (!actual.is_object()) return path + ": not an object: " + json::dump(actual);
    for (const auto& entry : expected.get_object()) {
      if (entry.value().is_null()) continue;
      const auto* found = json::find(actual, entry.key());
      const std::string below = path + "." + std::string(entry.key());
      if (!found) return below + ": missing";
      if (entry.key() == "__type" && found->is_string() &&
          bare_type(json::str(*found)) == bare_type(json::str(entry.value()))) {
        continue;
      }
      if (auto d = difference(entry.value(), *found, below); !d.empty()) return d;
    }
    for (const auto& entry : actual.get_object()) {
      const auto* wanted = json::find(expected, entry.key());
      if (!wanted || wanted->is_null())
        return path + "." + std::string(entry.key()) + ": unexpected";
    }
    return "";
  }
  if (expected.is_array()) {
    if (!actual.is_array() || actual.get_array().size() != expected.get_array().size()) {
      return path + ": " + json::dump(actual) + " instead of " + json::dump(expected);
    }
    for (size_t i = 0; i < expected.get_array().size(); ++i) {
      auto d = difference(expected.get_array()[i], actual.get_array()[i],
                          path + "[" + std::to_string(i) + "]");
      if (!d.empty()) return d;
    }
    return "";
  }
  if (actual.is_double() && expected.is_string()) {
    const double number = actual.get_double();
    const std::string text = json::str(expected);
    if ((text == "NaN" && std::isnan(number)) ||
        (text == "Infinity" && number > 0 && std::isinf(number)) ||
        (text == "-Infinity" && number < 0 && std::isinf(number))) {
      return "";
    }
  }
  if (expected.is_number() && actual.is_number()) {
    if (std::abs(expected.to_number<double>() - actual.to_number<double>()) < 1e-6) return "";
  } else if (expected == actual) {
    return "";
  }
  return path + ": " + json::dump(actual) + " instead of " + json::dump(expected);
}

// An XML document without what does not matter: the root's name, namespaces, order of different
// elements.
std::string canonical_xml(const pugi::xml_node& node, bool root) {
  std::set<std::string> attributes;
  for (const auto& attribute : node.attributes()) {
    const std::string name = attribute.name();
    if (!name.starts_with("xmlns")) attributes.insert(" " + name + "=" + attribute.value());
  }
  std::multimap<std::string, std::string> children;
  std::string text;
  for (const auto& child : node.children()) {
    if (child.type() == pugi::node_element) {
      const std::string name = child.name();
      if (name == "ResponseMetadata" || name == "RequestId") continue;
      children.emplace(name, canonical_xml(child, false));
    } else {
      text += child.value();
    }
  }
  std::string out = root ? "root" : node.name();
  for (const auto& attribute : attributes) out += attribute;
  out += "(";
  for (const auto& [name, child] : children) out += child;
  if (children.empty()) out += text;
  return out + ")";
}

std::string xml_difference(const std::string& expected, const std::string& actual) {
  if (expected.empty()) return "";
  pugi::xml_document a;
  pugi::xml_document b;
  if (!a.load_string(expected.c_str(), pugi::parse_full)) return "the expected body is not XML";
  if (!b.load_string(actual.c_str(), pugi::parse_full)) return "not XML: " + actual;
  const auto x = canonical_xml(a.document_element(), true);
  const auto y = canonical_xml(b.document_element(), true);
  return x == y ? "" : "\n  expected " + x + "\n  actual   " + y;
}

class ProtocolVectors : public testing::TestWithParam<std::string> {
 protected:
  // Calls `check` for each case; it returns what is wrong, empty if nothing.
  template <class Check>
  void each_case(const std::string& side, Check check) {
    const auto path = test_data() / "protocols" / side / (GetParam() + ".json");
    if (!std::filesystem::exists(path)) {
      GTEST_SKIP() << "the protocol tests are not at " << path << ": set DEW_TEST_DATA";
    }
    const auto suites = json::parse(read_file(path)).value();
    int passed = 0;
    for (const auto& suite : suites.as_array()) {
      for (const auto& test_case : suite.at("cases").as_array()) {
        json::Object source{{"metadata", suite.at("metadata")}, {"shapes", suite.at("shapes")}};
        const auto& given = test_case.at("given");
        const std::string name = json::str(given.at("name"));
        source["operations"] = json::Object{{name, given}};
        auto model = ServiceModel::build("test", source);
        const std::string id = json::str(test_case.at("id"));
        ASSERT_TRUE(model) << id << ": " << model.error().message;
        const std::string wrong = check(**model, *(*model)->operation(name), test_case.as_object());
        const auto exception = exceptions().find(side + " " + id);
        if (exception == exceptions().end()) {
          EXPECT_EQ(wrong, "") << GetParam() << " " << side << " " << id;
          passed += wrong.empty() ? 1 : 0;
        } else {
          EXPECT_NE(wrong, "") << id << " passes: take it off the list of exceptions";
        }
      }
    }
    EXPECT_GT(passed, 0);
  }

  bool xml() const { return GetParam() == "query" || GetParam() == "rest-xml"; }
  bool rest() const { return GetParam().starts_with("rest"); }
};

std::string check_input(const ServiceModel& model, const Operation& operation,
                        const json::Object& test_case, bool rest) {
  const auto& wire = test_case.at("serialized").as_object();
  http::Request request;
  request.method = json::string_or(wire, "method", "POST");
  request.target = json::string_or(wire, "uri", "/");
  request.body = json::string_or(wire, "body");
  if (const auto* headers = json::object_at(wire, "headers")) {
    for (const auto& header : *headers)
      request.headers.add(header.key(), json::str(header.value()));
  }
  if (rest && match_operation(model, request, request.target) != &operation)
    return "the URI matches no operation";
  json::Arena arena;
  auto parsed = protocol(model.protocol).parse(model, operation, request, arena);
  if (!parsed) return parsed.error().code + ": " + parsed.error().message;
  return difference(test_case.at("params"), *parsed, "");
}

std::string check_headers(const json::Object& wire, const http::Response& actual) {
  const auto* headers = json::object_at(wire, "headers");
  if (!headers) return "";
  for (const auto& header : *headers) {
    if (http::iequals(header.key(), "content-type")) continue;
    const std::string wanted = json::str(header.value());
    const std::string got(actual.headers.get(header.key()));
    if (got != wanted)
      return std::string(header.key()) + ": '" + got + "' instead of '" + wanted + "'";
  }
  return "";
}

std::string check_output(const ServiceModel& model, const Operation& operation,
                         const json::Object& test_case, bool xml) {
  const auto& wire = test_case.at("response").as_object();
  const ReplyTo to{model, &operation, "foo-id"};
  http::Response actual;
  const auto status = static_cast<int>(json::int_at(wire, "status_code").value_or(200));
  if (const auto code = json::string_at(test_case, "errorCode")) {
    ApiError error(std::string(*code), json::string_or(test_case, "errorMessage"), status);
    if (const auto* members = json::object_at(test_case, "error")) {
      for (const auto& entry : *members) {
        if (!http::iequals(entry.key(), "message")) error.members[entry.key()] = entry.value();
      }
    }
    actual = protocol(model.protocol).render_error(to, error);
  } else {
    const auto* result = json::find(test_case, "result");
    actual = protocol(model.protocol).render(to, result ? *result : json::Value(json::Object()));
  }
  if (actual.status != status) return "status " + std::to_string(actual.status);
  if (auto wrong = check_headers(wire, actual); !wrong.empty()) return wrong;
  const std::string expected = json::string_or(wire, "body");
  if (expected.empty()) return "";
  if (xml && expected.find('<') != std::string::npos) return xml_difference(expected, actual.body);
  const auto a = json::parse(expected);
  const auto b = json::parse(actual.body);
  if (!a || !b) return expected == actual.body ? "" : "body " + actual.body;
  return difference(*a, *b, "");
}

TEST_P(ProtocolVectors, ParseBack) {
  each_case("input", [this](const ServiceModel& model, const Operation& operation,
                            const json::Object& test_case) {
    return check_input(model, operation, test_case, rest());
  });
}

TEST_P(ProtocolVectors, RenderAlike) {
  each_case("output", [this](const ServiceModel& model, const Operation& operation,
                             const json::Object& test_case) {
    return check_output(model, operation, test_case, xml());
  });
}

INSTANTIATE_TEST_SUITE_P(, ProtocolVectors,
                         testing::Values("json", "json_1_0", "json_1_0-query-compatible", "query",
                                         "rest-json", "rest-xml"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace dew::aws
