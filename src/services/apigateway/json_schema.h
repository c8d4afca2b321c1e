// JsonSchema: a JSON schema of draft 4, compiled once, so that every request's body can be compared
// with it. Our own, since Debian has no C++ library for it that compiles schemas and bounds its
// work. json-schema.org/draft-04/json-schema-validation.html
// docs.aws.amazon.com/apigateway/latest/developerguide/models-mapping-models.html
//
// All of the draft's keywords but `id` as a base for references: `$ref` is a pointer into the same
// document (#/definitions/x), or names another document that the resolver knows. Regular
// expressions are RE2's, so that no body can make one take exponential time; a pattern that needs
// more (a look-ahead) is refused when the schema is compiled. Formats: date-time, email, hostname,
// ipv4, ipv6, uri; others are not checked, as the draft allows.
//
// Immutable, thread-safe. Limits: kMaxSteps comparisons for one body, kMaxDepth schemas inside each
// other; a body that reaches them does not match.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"

namespace dew::apigateway {

class JsonSchema {
 public:
  static constexpr size_t kMaxSteps = 5'000'000;
  static constexpr int kMaxDepth = 256;
  static constexpr size_t kMaxSchemas = 100'000;

  // Another document by the part of a reference before '#'. kNotFound: no such document.
  using Resolver = std::function<Result<json::Value>(std::string_view document)>;

  // kInvalid: the message names the keyword that is wrong, and where.
  static Result<JsonSchema> compile(const json::Value& schema, const Resolver& resolver = {});

  // What is wrong with a value, and where, in a few words; nullopt: it matches.
  std::optional<std::string> check(const json::Value& value) const;

  struct Node;

 private:
  struct Program;
  friend struct SchemaCompiler;
  std::shared_ptr<const Program> program_;
};

}  // namespace dew::apigateway
