#include "services/dynamodb/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "services/dynamodb/capacity.h"
#include "services/dynamodb/item_codec.h"
#include "services/dynamodb/validation.h"
#include "services/dynamodb/wire.h"

namespace dew::dynamodb {
namespace {

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail(aws::ApiError::validation(std::move(message)));
}

// Reads items one after the other into the page.
class Page {
 public:
  Page(const PageRequest& request, bool count_only) : request_(request), count_only_(count_only) {}

  Result<void> add(std::string_view stored) {
    TRY(const size_t size, decode_item_size(stored));
    bytes_ += size;
    ++scanned_;
    if (!request_.filter && !request_.projection) {
      ++matched_;
      if (count_only_) return {};
      TRY(auto wire, decode_item_to_wire(stored));
      items_.push_back(std::move(wire));
      return {};
    }
    TRY(const Item item, decode_item(stored));
    if (request_.filter && !request_.filter->matches(item)) return {};
    ++matched_;
    if (count_only_) return {};
    items_.push_back(
        write_item(request_.projection ? project(request_.projection->paths, item) : item));
    return {};
  }

  size_t scanned() const { return scanned_; }
  size_t bytes() const { return bytes_; }

  json::Object finish() && {
    json::Object out;
    if (!count_only_) out["Items"] = std::move(items_);
    out["Count"] = matched_;
    out["ScannedCount"] = scanned_;
    return out;
  }

 private:
  const PageRequest& request_;
  bool count_only_;
  json::Array items_;
  size_t bytes_ = 0;
  size_t scanned_ = 0;
  size_t matched_ = 0;
};

}  // namespace

Output read_page(Engine& engine, const json::Object& input, const PageRequest& request) {
  const auto limit = static_cast<size_t>(
      json::int_at(input, "Limit").value_or(std::numeric_limits<int64_t>::max()));
  Page page(request, json::string_at(input, "Select") == "COUNT");
  std::string last;
  if (request.range.begin < request.range.end) {
    const auto cursor =
        engine.items.store().cursor(request.range.begin, request.range.end, request.direction);
    for (; cursor->valid(); cursor->next()) {
      CHECK_OK(page.add(cursor->value()));
      if (page.scanned() >= limit || page.bytes() >= kPageBytes) {
        last = cursor->value();
        break;
      }
    }
    CHECK_OK(cursor->status());
  }
  const size_t bytes = page.bytes();
  json::Object out = std::move(page).finish();
  if (!last.empty()) {
    TRY(const Item item, decode_item(last));
    out["LastEvaluatedKey"] = write_item(key_of(item, request.table->definition.keys));
  }
  if (wants_capacity(input)) {
    out["ConsumedCapacity"] = consumed_capacity(input, request.table->definition.name,
                                                read_units(bytes, consistency(input)));
  }
  return out;
}

aws::ApiResult<void> check_select(const json::Object& input) {
  const auto select = json::string_at(input, "Select");
  if (!select) return {};
  const bool expression = input.contains("ProjectionExpression");
  const bool legacy = input.contains("AttributesToGet");
  if (*select == "SPECIFIC_ATTRIBUTES") {
    if (expression || legacy) return {};
    return invalid(
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
        "SPECIFIC_ATTRIBUTES");
  }
  if (expression || legacy) {
    return invalid(fmt::format("Cannot specify the {} when choosing to get {}",
                               expression ? "ProjectionExpression" : "AttributesToGet",
                               *select == "COUNT" ? "only the Count" : *select));
  }
  if (*select == "ALL_PROJECTED_ATTRIBUTES" && !input.contains("IndexName")) {
    return invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  }
  return {};
}

aws::ApiResult<void> check_index(const json::Object& input) {
  const auto index = json::string_at(input, "IndexName");
  if (!index) return {};
  return invalid(fmt::format("The table does not have the specified index: {}", *index));
}

aws::ApiResult<std::optional<Item>> read_start_key(const json::Object& input) {
  const auto* wire = json::object_at(input, "ExclusiveStartKey");
  if (wire == nullptr) return std::nullopt;
  auto key = read_item(*wire);
  if (key) return *std::move(key);
  // AWS says that it is about the starting key, but for errors of numbers and of duplicates in
  // sets.
  constexpr std::array<std::string_view, 5> kBare = {"contains duplicates", "number set",
                                                     "numeric value", "significant digits",
                                                     "number with magnitude"};
  const bool bare = std::any_of(kBare.begin(), kBare.end(), [&](std::string_view part) {
    return key.error().find(part) != std::string::npos;
  });
  return invalid(bare ? key.error()
                      : fmt::format("The provided starting key is invalid: {}", key.error()));
}

}  // namespace dew::dynamodb
