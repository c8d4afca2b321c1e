// Mapping templates: the part of the Velocity Template Language that MOCK integrations and gateway
// responses need, among them the templates that the Serverless Framework generates for CORS.
//
// Understood: text, #set, #if / #elseif / #else / #end, ## comments, references ($name, ${name},
// $!name), $input.params("name"), $input.body, $context.name, $stageVariables.name,
// x.matches("regex"), string, number and boolean literals, == != && || ! and parentheses. Assigning
// to $context.responseOverride.header.NAME and $context.responseOverride.status changes the
// response. Anything else is refused by compile(), with its name.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
//
// A compiled template is immutable: any thread may render it. Limits: kMaxTemplateBytes, kMaxDepth.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"

namespace dew::apigateway {

inline constexpr size_t kMaxTemplateBytes = 300 * 1024;  // AWS's limit for a mapping template

// Where a template's references find their values. Each gives "" for what is absent.
struct TemplateScope {
  std::function<std::string(std::string_view name)> parameter;       // $input.params("name")
  std::function<std::string(std::string_view name)> context;         // $context.name
  std::function<std::string(std::string_view name)> stage_variable;  // $stageVariables.name
  std::string_view body;                                             // $input.body
};

struct TemplateResult {
  std::string text;
  int status = 0;  // 0: not overridden
  std::vector<http::Header> header_overrides;
};

class Template {
 public:
  // The error's message names what is not understood.
  static Result<Template> compile(std::string_view text);
  TemplateResult render(const TemplateScope& scope) const;
  bool is_static() const;  // always the same text

  struct Block;

 private:
  std::shared_ptr<const Block> block_;
};

// Whether `name` may follow "$context." in a template here.
bool is_context_variable(std::string_view name);

}  // namespace dew::apigateway
