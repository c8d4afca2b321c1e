#include "aws/post_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "aws/timestamp.h"
#include "base/encoding.h"
#include "net/http.h"

namespace dew::aws {

namespace {

// "Each form field that you specify in a form (except x-amz-signature, file, policy, and field
// names that have an x-ignore- prefix) must appear in the list of conditions"; of Signature Version
// 2, AWSAccessKeyId and signature as well.
constexpr std::string_view kUnconditional[] = {"x-amz-signature", "file", "policy",
                                               "awsaccesskeyid", "signature"};
constexpr std::string_view kIgnored = "x-ignore-";
constexpr size_t kShownChars = 512;  // of what somebody sent, in an error

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::unexpected<ApiError> invalid_policy(std::string_view what) {
  return fail("InvalidPolicyDocument", fmt::format("Invalid Policy: {}", what));
}

std::unexpected<ApiError> against_policy(std::string_view what) {
  return fail("AccessDenied", fmt::format("Invalid according to Policy: {}", what), 403);
}

std::optional<uint64_t> number(const json::Value& value) {
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<uint64_t>(value.get_int64());
  if (value.is_uint64()) return value.get_uint64();
  if (!value.is_string()) return std::nullopt;
  const auto text = json::view(value.get_string());
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

bool PostPolicy::Condition::holds(std::string_view actual) const {
  if (match == Match::kEqual) return actual == value;
  // "Content-Types values for a starts-with condition that include commas are interpreted as lists.
  // Each value in the list must meet the condition".
  if (field != "content-type") return actual.starts_with(value);
  while (true) {
    const size_t comma = actual.find(',');
    auto one = actual.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (!one.starts_with(value)) return false;
    if (comma == std::string_view::npos) return true;
    actual.remove_prefix(comma + 1);
  }
}

ApiResult<PostPolicy> PostPolicy::parse(std::string_view encoded) {
  const auto text = base64_decode(encoded);
  if (!text) return invalid_policy("Invalid base64 encoding.");
  const auto document = json::parse(*text);
  if (!document || !document->is_object()) return invalid_policy("Invalid JSON.");
  const auto& policy = document->get_object();
  const auto expiration = json::string_at(policy, "expiration");
  if (!expiration) return invalid_policy("Policy missing expiration.");
  const auto expires = parse_iso8601(*expiration);
  if (!expires) {
    return invalid_policy(
        fmt::format("Invalid 'expiration' value: '{}'", expiration->substr(0, kShownChars)));
  }
  const auto* conditions = json::array_at(policy, "conditions");
  if (conditions == nullptr) return invalid_policy("Policy missing conditions.");
  for (const auto& member : policy) {
    if (member.key() != "expiration" && member.key() != "conditions") {
      return invalid_policy(
          fmt::format("Unexpected: '{}'", std::string_view(member.key()).substr(0, kShownChars)));
    }
  }
  PostPolicy out;
  out.expires_seconds_ = *expires;
  for (const auto& condition : *conditions) CHECK_OK(out.add(condition));
  return out;
}

// {"acl": "private"}, ["eq", "$acl", "private"], ["starts-with", "$key", "user/"],
// ["content-length-range", 1, 10]
ApiResult<void> PostPolicy::add(const json::Value& condition) {
  if (condition.is_array()) return add_list(condition.get_array());
  if (!condition.is_object() || condition.get_object().size() != 1) {
    return invalid_policy(
        "Invalid Simple-Condition: Simple-Conditions must have exactly one "
        "property specified.");
  }
  const auto& [name, value] = *condition.get_object().begin();
  if (!value.is_string())
    return invalid_policy("Invalid Simple-Condition: value must be a string.");
  conditions_.push_back({Match::kEqual, lower(name), json::str(value),
                         json::dump(json::Array{"eq", "$" + std::string(name), value})});
  return {};
}

ApiResult<void> PostPolicy::add_list(const json::Array& condition) {
  constexpr size_t kParts = 3;
  if (condition.size() != kParts || !condition[0].is_string())
    return invalid_policy("Invalid Condition: wrong number of arguments.");
  const auto operation = lower(json::view(condition[0].get_string()));
  if (operation == "content-length-range") {
    const auto least = number(condition[1]);
    const auto most = number(condition[2]);
    if (!least || !most)
      return invalid_policy("Invalid content-length-range: values must be whole numbers.");
    // Of several, all count.
    const Range before = range_.value_or(Range{0, UINT64_MAX});
    range_ = Range{std::max(before.least, *least), std::min(before.most, *most)};
    return {};
  }
  if (operation != "eq" && operation != "starts-with") {
    return invalid_policy(fmt::format("Invalid Condition: unknown operation '{}'.",
                                      std::string_view(operation).substr(0, kShownChars)));
  }
  if (!condition[1].is_string() || !condition[2].is_string())
    return invalid_policy("Invalid Condition: arguments must be strings.");
  auto field = json::view(condition[1].get_string());
  if (!field.starts_with('$')) {
    return invalid_policy(
        fmt::format("Invalid Condition: '{}' must begin with '$'.", field.substr(0, kShownChars)));
  }
  field.remove_prefix(1);
  conditions_.push_back({operation == "eq" ? Match::kEqual : Match::kBegins, lower(field),
                         json::str(condition[2]), json::dump(condition)});
  return {};
}

ApiResult<void> PostPolicy::check(const FormFields& fields, std::string_view bucket,
                                  double now_seconds) const {
  if (now_seconds >= expires_seconds_) return against_policy("Policy expired.");
  for (const auto& condition : conditions_) {
    const auto at = fields.find(condition.field);
    const auto actual = condition.field == "bucket" ? bucket
                        : at == fields.end()        ? std::string_view()
                                                    : std::string_view(at->second);
    if (!condition.holds(actual)) {
      return against_policy(
          fmt::format("Policy Condition failed: {}", condition.shown.substr(0, kShownChars)));
    }
  }
  std::string extra;
  for (const auto& [name, value] : fields) {
    const bool known =
        name.starts_with(kIgnored) ||
        std::ranges::find(kUnconditional, name) != std::end(kUnconditional) ||
        std::ranges::any_of(conditions_, [&](const auto& one) { return one.field == name; });
    if (!known) extra += (extra.empty() ? "" : ", ") + name;
  }
  if (extra.empty()) return {};
  return against_policy(fmt::format("Extra input fields: {}", extra.substr(0, kShownChars)));
}

ApiResult<void> PostPolicy::check_most(uint64_t bytes) const {
  if (!range_ || bytes <= range_->most) return {};
  ApiError error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
  error.members["ProposedSize"] = std::to_string(bytes);
  error.members["MaxSizeAllowed"] = std::to_string(range_->most);
  return fail(std::move(error));
}

ApiResult<void> PostPolicy::check_least(uint64_t bytes) const {
  if (!range_ || bytes >= range_->least) return {};
  ApiError error("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
  error.members["ProposedSize"] = std::to_string(bytes);
  error.members["MinSizeAllowed"] = std::to_string(range_->least);
  return fail(std::move(error));
}

}  // namespace dew::aws
