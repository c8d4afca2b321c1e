// Records: a service's state as JSON documents in the store. Small helpers, no state of their own.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "aws/api_error.h"
#include "json/json.h"
#include "store/key.h"
#include "store/store.h"

namespace dew::services {

inline aws::ApiResult<std::optional<json::Object>> load(const store::Store& store,
                                                        std::string_view key) {
  TRY(auto bytes, store.get(key));
  if (!bytes) return std::nullopt;
  TRY(auto value, json::parse(*bytes));
  if (!value.is_object()) {
    return aws::fail(aws::ApiError(Error{ErrorKind::kInternal, "a stored record is no object"}));
  }
  return std::move(value.as_object());
}

inline void save(store::Batch& batch, std::string_view key, const json::Object& record) {
  batch.put(key, json::dump(record));
}

// Calls visit(key, record) for every record under `prefix`, from `from` on (empty: from the first),
// in key order, until it returns false.
template <class Visit>
aws::ApiResult<void> scan(const store::Store& store, const store::Key& prefix,
                          std::string_view from, Visit&& visit) {
  const std::string_view begin = from.empty() ? std::string_view(prefix) : from;
  const auto cursor = store.cursor(begin, prefix.prefix_end());
  for (; cursor->valid(); cursor->next()) {
    TRY(auto value, json::parse(cursor->value()));
    if (!value.is_object()) continue;
    if (!visit(cursor->key(), std::move(value.as_object()))) return {};
  }
  CHECK_OK(cursor->status());
  return {};
}

}  // namespace dew::services
