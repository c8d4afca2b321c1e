#include "services/apigateway/repository.h"

#include "store/key.h"

namespace dew::apigateway {

namespace {

using store::Key;

Key root() { return Key("apigateway"); }
Key api_key(std::string_view api_id) { return root().add("apis").add(api_id); }
Key owned(std::string_view api_id, std::string_view kind) {
  return root().add("api").add(api_id).add(kind);
}

aws::ApiResult<json::Object> decode(std::string_view text) {
  auto value = json::parse(text);
  if (!value || !value->is_object()) {
    return aws::fail(Error{ErrorKind::kIo, "A stored API Gateway document is not valid JSON."});
  }
  return std::move(value->get_object());
}

}  // namespace

aws::ApiResult<std::optional<json::Object>> Repository::read(std::string_view key) const {
  TRY(auto text, store_.get(key));
  if (!text) return std::optional<json::Object>();
  TRY(auto document, decode(*text));
  return std::optional(std::move(document));
}

aws::ApiResult<Repository::Documents> Repository::scan(const std::string& prefix,
                                                       const std::string& end) const {
  Documents documents;
  auto cursor = store_.cursor(prefix, end);
  for (; cursor->valid(); cursor->next()) {
    TRY(auto document, decode(cursor->value()));
    documents.push_back(std::move(document));
  }
  CHECK_OK(cursor->status());
  return documents;
}

aws::ApiResult<std::optional<json::Object>> Repository::api(std::string_view api_id) const {
  return read(api_key(api_id));
}

aws::ApiResult<Repository::Documents> Repository::apis() const {
  const Key prefix = root().add("apis");
  return scan(prefix.str(), prefix.prefix_end());
}

aws::ApiResult<std::optional<json::Object>> Repository::get(std::string_view api_id,
                                                            std::string_view kind,
                                                            std::string_view id) const {
  return read(owned(api_id, kind).add(id));
}

aws::ApiResult<Repository::Documents> Repository::list(std::string_view api_id,
                                                       std::string_view kind) const {
  const Key prefix = owned(api_id, kind);
  return scan(prefix.str(), prefix.prefix_end());
}

aws::ApiResult<json::Object> Repository::account() const {
  TRY(auto document, read(root().add("account")));
  return document ? std::move(*document) : json::Object();
}

void Repository::put_api(store::Batch& batch, std::string_view api_id, const Document& document) {
  batch.put(api_key(api_id), json::dump(document));
}

void Repository::erase_api(store::Batch& batch, std::string_view api_id) {
  batch.erase(api_key(api_id));
  const Key prefix = root().add("api").add(api_id);
  batch.erase_range(prefix, prefix.prefix_end());
}

void Repository::put(store::Batch& batch, std::string_view api_id, std::string_view kind,
                     std::string_view id, const Document& document) {
  batch.put(owned(api_id, kind).add(id), json::dump(document));
}

void Repository::erase(store::Batch& batch, std::string_view api_id, std::string_view kind,
                       std::string_view id) {
  batch.erase(owned(api_id, kind).add(id));
}

aws::ApiResult<std::optional<json::Object>> Repository::get_global(std::string_view kind,
                                                                   std::string_view id) const {
  return read(root().add(kind).add(id));
}

aws::ApiResult<Repository::Documents> Repository::list_global(std::string_view kind) const {
  const Key prefix = root().add(kind);
  return scan(prefix.str(), prefix.prefix_end());
}

void Repository::put_global(store::Batch& batch, std::string_view kind, std::string_view id,
                            const Document& document) {
  batch.put(root().add(kind).add(id), json::dump(document));
}

void Repository::erase_global(store::Batch& batch, std::string_view kind, std::string_view id) {
  batch.erase(root().add(kind).add(id));
}

void Repository::put_account(store::Batch& batch, const Document& document) {
  batch.put(root().add("account"), json::dump(document));
}

aws::ApiResult<void> Repository::commit(const store::Batch& batch) {
  TRY([[maybe_unused]] auto sequence, store_.commit(batch));
  return {};
}

}  // namespace dew::apigateway
