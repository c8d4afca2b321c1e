#include "services/cloudformation/replies.h"

#include "base/ids.h"

namespace dew::cloudformation {

namespace {

constexpr size_t kTokenDigits = 64;

// As S3 refuses a presigned URL that does not hold any more.
http::Response refuse(int status, std::string_view code, std::string_view message) {
  return http::Response::text(
      status,
      fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}"
                  "</Message></Error>",
                  code, message),
      "application/xml");
}
http::Response denied() { return refuse(403, "AccessDenied", "Request has expired"); }
http::Response failed() {
  return refuse(500, "InternalError", "We encountered an internal error. Please try again.");
}

}  // namespace

std::string Replies::open(store::Batch& batch, std::string_view stack_id, Reply kind) {
  auto token = random_hex(kTokenDigits);
  services::save(batch, StackStore::key("reply", token),
                 {{"StackId", stack_id}, {"Once", kind == Reply::kOnce}});
  return token;
}

void Replies::close(store::Batch& batch, std::string_view token) {
  batch.erase(StackStore::key("reply", token));
  const auto signals = StackStore::key("signal", token);
  batch.erase_range(signals, signals.prefix_end());
}

std::string Replies::url(const services::Config& config, std::string_view token) {
  return config.endpoint() + std::string(kReplyPath) + std::string(token);
}

std::string Replies::token_of(std::string_view url) {
  const auto at = url.find(kReplyPath);
  if (at == std::string_view::npos) return {};
  const auto token = url.substr(at + kReplyPath.size());
  return token.size() == kTokenDigits ? std::string(token) : std::string();
}

ApiResult<std::optional<std::string>> Replies::answer(std::string_view token) const {
  TRY(const auto record, services::load(store_, StackStore::key("reply", token)));
  if (!record) return std::nullopt;
  if (const auto text = json::string_at(*record, "Answer")) return std::string(*text);
  return std::nullopt;
}

ApiResult<bool> Replies::open_for_answer(std::string_view token) const {
  TRY(const auto record, services::load(store_, StackStore::key("reply", token)));
  return record && !record->contains("Answer");
}

void Replies::note_delivery(std::string token) {
  const std::lock_guard lock(mutex_);
  delivered_.insert(std::move(token));
}

ApiResult<bool> Replies::given(std::string_view token) const {
  TRY(const auto there, answer(token));
  const std::lock_guard lock(mutex_);
  return there || delivered_.contains(token);
}

ApiResult<std::map<std::string, json::Object>> Replies::signals(std::string_view token) const {
  std::map<std::string, json::Object> out;
  CHECK_OK(services::scan(store_, StackStore::key("signal", token), {},
                          [&](std::string_view, json::Object record) {
                            out.emplace(json::string_or(record, "UniqueId"), std::move(record));
                            return true;
                          }));
  return out;
}

http::Response Replies::receive(std::string_view token, std::string_view body) {
  if (token.size() != kTokenDigits) return denied();
  std::lock_guard lock(mutex_);
  const auto record = services::load(store_, StackStore::key("reply", token));
  if (!record) return failed();
  if (!*record || (*record)->contains("Answer")) return denied();
  if (!json::bool_at(**record, "Once").value_or(true)) return receive_signal(token, body);
  auto answered = **record;
  // What is too long is an answer, too: the stack says so.
  answered["Answer"] = body.size() > kReplyBytes
                           ? R"({"Status":"FAILED","Reason":"Response object is too long."})"
                           : body;
  // Text that no JSON can hold could be stored, and never be read again.
  if (!json::parse(json::dump(answered)))
    answered["Answer"] = R"({"Status":"FAILED","Reason":"Response object is not valid UTF-8."})";
  store::Batch batch;
  services::save(batch, StackStore::key("reply", token), answered);
  if (!store_.commit(batch)) return failed();
  return http::Response::text(200, "");
}

http::Response Replies::receive_signal(std::string_view token, std::string_view body) {
  if (body.size() > kReplyBytes) {
    return refuse(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
  }
  const auto parsed = json::parse(body);
  const auto* signal = parsed ? parsed->if_object() : nullptr;
  const auto status = signal == nullptr ? "" : json::string_or(*signal, "Status");
  const auto id = signal == nullptr ? "" : json::string_or(*signal, "UniqueId");
  if ((status != "SUCCESS" && status != "FAILURE") || id.empty()) {
    return refuse(400, "InvalidRequest",
                  "A signal is a JSON object with Status (SUCCESS or FAILURE), UniqueId, Reason "
                  "and Data");
  }
  const auto there = signals(token);
  if (!there) return failed();
  if (there->size() >= kSignals && !there->contains(id))
    return refuse(400, "InvalidRequest", "The handle holds 1000 signals already");
  // A second signal of the same id replaces the first.
  store::Batch batch;
  services::save(batch, StackStore::key("signal", token).add(id),
                 {{"UniqueId", id},
                  {"Status", status},
                  {"Reason", json::string_or(*signal, "Reason")},
                  {"Data", json::string_or(*signal, "Data")}});
  if (!store_.commit(batch)) return failed();
  return http::Response::text(200, "");
}

}  // namespace dew::cloudformation
