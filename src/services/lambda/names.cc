#include "services/lambda/names.h"

#include <algorithm>
#include <array>

namespace dew::lambda {
namespace {

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool is_qualifier(std::string_view text) { return text == "$LATEST" || is_word(text); }

}  // namespace

std::optional<FunctionName> parse_function_name(std::string_view text) {
  constexpr size_t kMaxParts = 8;  // arn:aws:lambda:region:account:function:name:qualifier
  std::array<std::string_view, kMaxParts> parts;
  size_t count = 0;
  for (std::string_view rest = text;;) {
    if (count == kMaxParts) return std::nullopt;
    const auto colon = rest.find(':');
    parts[count++] = rest.substr(0, colon);
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  size_t at = 0;
  if (parts[0] == "arn") {
    if (count < 7 || parts[2] != "lambda" || parts[5] != "function") return std::nullopt;
    at = 6;
  } else if (count >= 3 && parts[1] == "function") {
    at = 2;
  } else if (count >= 2 && parts[0] == "function") {
    at = 1;
  }
  FunctionName out{.name = parts[at], .qualifier = {}};
  if (count == at + 2) {
    out.qualifier = parts[at + 1];
    if (!is_qualifier(out.qualifier)) return std::nullopt;
  } else if (count != at + 1) {
    return std::nullopt;
  }
  if (!is_word(out.name) || out.name.size() > kMaxFunctionNameBytes) return std::nullopt;
  return out;
}

aws::ApiResult<FunctionName> named_function(const json::Object& input) {
  const auto text = json::string_at(input, "FunctionName").value_or("");
  auto name = parse_function_name(text);
  if (!name) {
    return aws::fail(aws::ApiError::validation(fmt::format(
        "1 validation error detected: Value '{}' at 'functionName' failed to satisfy constraint: "
        "Member must be a function name of at most {} letters, digits, hyphens and underscores, or "
        "a function's ARN",
        text, kMaxFunctionNameBytes)));
  }
  if (const auto qualifier = json::string_at(input, "Qualifier");
      qualifier && !qualifier->empty()) {
    if (!name->qualifier.empty() && name->qualifier != *qualifier) {
      return aws::fail("InvalidParameterValueException",
                       "The derived qualifier from the function name does not match the specified "
                       "qualifier.");
    }
    name->qualifier = *qualifier;
  }
  return *name;
}

std::string function_arn(const std::string& region, const std::string& account,
                         std::string_view name, std::string_view qualifier) {
  std::string arn = fmt::format("arn:aws:lambda:{}:{}:function:{}", region, account, name);
  if (!qualifier.empty()) {
    arn += ':';
    arn += qualifier;
  }
  return arn;
}

}  // namespace dew::lambda
