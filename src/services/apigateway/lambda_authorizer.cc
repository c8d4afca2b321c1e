#include "services/apigateway/lambda_authorizer.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "services/apigateway/errors.h"
#include "services/apigateway/integration_uri.h"

namespace dew::apigateway {

namespace {

constexpr int64_t kDefaultTtl_s = 300;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// The text of a value that may stand in the context: no object and no array.
Result<std::string> plain(std::string_view name, const json::Value& value) {
  if (value.is_string()) return json::str(value);
  if (value.is_double()) return fmt::format("{}", value.get_double());
  if (value.is_number() || value.is_bool()) return json::dump(value);
  return fail(ErrorKind::kInvalid,
              fmt::format("The authorizer's {} must be a string, a number or a boolean.", name));
}

}  // namespace

aws::ApiResult<std::vector<IdentitySource>> identity_sources(std::string_view text) {
  using From = IdentitySource::From;
  static constexpr auto kPrefixes = std::to_array<std::pair<std::string_view, From>>({
      {"method.request.header.", From::kHeader},
      {"method.request.querystring.", From::kQuery},
      {"stageVariables.", From::kStageVariable},
      {"context.", From::kContext},
  });
  std::vector<IdentitySource> out;
  while (!trimmed(text).empty()) {
    const size_t comma = text.find(',');
    const auto one = trimmed(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const auto* const known = std::ranges::find_if(kPrefixes, [&](const auto& prefix) {
      return one.starts_with(prefix.first) && one.size() > prefix.first.size();
    });
    if (known == kPrefixes.end()) {
      return aws::fail(
          bad_request(fmt::format("Invalid mapping expression specified: Validation Result: "
                                  "warnings : [], errors : [Invalid mapping expression specified: "
                                  "{}]",
                                  one)));
    }
    out.push_back({known->second, std::string(one.substr(known->first.size()))});
  }
  return out;
}

Result<Verdict> read_verdict(std::string_view payload) {
  TRY(const auto parsed, json::parse(payload));
  if (!parsed.is_object()) {
    return fail(ErrorKind::kInvalid, "The authorizer's function did not answer with an object.");
  }
  const auto& answer = parsed.get_object();
  Verdict out;
  const auto* document = json::object_at(answer, "policyDocument");
  if (!document)
    return fail(ErrorKind::kInvalid, "The authorizer's function answered without policyDocument.");
  TRY(out.policy, policy::Policy::parse(json::dump(*document), policy::Kind::kIdentity));
  if (const auto* context = json::find(answer, "context"); context && !context->is_null()) {
    if (!context->is_object())
      return fail(ErrorKind::kInvalid, "The authorizer's context must be an object.");
    for (const auto& entry : context->get_object()) {
      if (entry.value().is_null()) continue;
      TRY(auto text, plain("context", entry.value()));
      out.authorizer[entry.key()] = text;
    }
  }
  if (const auto* principal = json::find(answer, "principalId");
      principal && !principal->is_null()) {
    TRY(auto text, plain("principalId", *principal));
    out.authorizer["principalId"] = text;
  }
  if (const auto* key = json::find(answer, "usageIdentifierKey"); key && !key->is_null()) {
    TRY(out.usage_identifier_key, plain("usageIdentifierKey", *key));
  }
  return out;
}

VerdictPtr VerdictCache::find(std::string_view identity, int64_t now_ms) const {
  return entries_.read([&](const Entries& entries) -> VerdictPtr {
    const auto found = entries.find(identity);
    return found == entries.end() || found->second.until_ms <= now_ms ? nullptr
                                                                      : found->second.verdict;
  });
}

void VerdictCache::keep(std::string identity, VerdictPtr verdict, int64_t until_ms,
                        int64_t now_ms) {
  entries_.with([&](Entries& entries) {
    if (entries.size() >= kMaxEntries) {
      std::erase_if(entries, [&](const auto& one) { return one.second.until_ms <= now_ms; });
    }
    if (entries.size() >= kMaxEntries) {
      // Half of them, those with the least time left: seldom, so that each entry pays little.
      std::vector<int64_t> times;
      times.reserve(entries.size());
      for (const auto& one : entries) times.push_back(one.second.until_ms);
      std::ranges::nth_element(times, times.begin() + kMaxEntries / 2);
      const auto middle = times[kMaxEntries / 2];
      std::erase_if(entries, [&](const auto& one) { return one.second.until_ms <= middle; });
    }
    entries.insert_or_assign(std::move(identity), Entry{std::move(verdict), until_ms});
  });
}

Result<LambdaAuthorizerPtr> build_authorizer(const json::Object& document,
                                             const json::Object& variables) {
  auto out = std::make_shared<LambdaAuthorizer>();
  out->id = json::string_or(document, "id");
  out->kind = json::string_or(document, "type") == "REQUEST" ? LambdaAuthorizer::Kind::kRequest
                                                             : LambdaAuthorizer::Kind::kToken;
  auto function = function_of_uri(json::string_or(document, "authorizerUri"));
  if (!function) return fail(ErrorKind::kInvalid, function.error().message);
  out->function_arn = with_stage_variables(*function, &variables);
  auto sources = identity_sources(json::string_or(document, "identitySource"));
  if (!sources) return fail(ErrorKind::kInvalid, sources.error().message);
  out->sources = *std::move(sources);
  if (const auto pattern = json::string_or(document, "identityValidationExpression");
      !pattern.empty()) {
    out->validation = std::make_shared<RE2>(pattern, RE2::Quiet);
  }
  out->ttl_ms =
      1000 * json::int_at(document, "authorizerResultTtlInSeconds").value_or(kDefaultTtl_s);
  out->cache = std::make_shared<VerdictCache>();
  return LambdaAuthorizerPtr(std::move(out));
}

}  // namespace dew::apigateway
