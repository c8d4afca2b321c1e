// BatchGetItem and BatchWriteItem.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
#include <fmt/format.h>

#include <array>
#include <map>
#include <set>

#include "services/dynamodb/capacity.h"
#include "services/dynamodb/engine.h"
#include "services/dynamodb/item_codec.h"
#include "services/dynamodb/legacy.h"
#include "services/dynamodb/request.h"
#include "services/dynamodb/validation.h"
#include "services/dynamodb/wire.h"

namespace dew::dynamodb {
namespace {

constexpr size_t kMaxGets = 100;
constexpr size_t kMaxWrites = 25;
constexpr size_t kMaxBatchBytes = size_t{16} * 1024 * 1024;
constexpr std::string_view kDuplicates = "Provided list of item keys contains duplicates";

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail(aws::ApiError::validation(std::move(message)));
}

aws::ApiResult<const json::Object*> request_items(const json::Object& input,
                                                  std::string_view operation) {
  const auto* items = json::object_at(input, "RequestItems");
  if (items == nullptr || items->empty()) {
    return invalid(fmt::format("The requestItems parameter is required for {}", operation));
  }
  return items;
}

json::Array capacities(const json::Object& input, const std::map<std::string, double>& units) {
  json::Array out;
  for (const auto& [table, consumed] : units)
    out.push_back(consumed_capacity(input, table, consumed));
  return out;
}

// What is asked of one table.
struct Gets {
  std::string requested;  // the table's name or ARN, as the client wrote it
  const json::Object* request = nullptr;
  std::optional<RequestExpressions> expressions;  // the projection points into it
  std::optional<BoundProjection> projection;
  std::vector<Item> keys;
  Consistency consistency = Consistency::kEventual;
};

aws::ApiResult<Gets> read_gets(Engine& engine, std::string_view table,
                               const json::Object& request) {
  constexpr std::array<std::string_view, 1> kExpressions = {"ProjectionExpression"};
  constexpr std::array<std::string_view, 1> kLegacy = {"AttributesToGet"};
  Gets out;
  out.requested = table;
  out.request = &request;
  CHECK_OK(check_expression_members(request, {kExpressions, kLegacy}));
  TRY(out.projection, read_attributes_to_get(request));
  TRY(out.expressions, RequestExpressions::read(engine.expressions, request));
  TRY(auto projection, out.expressions->projection());
  CHECK_OK(out.expressions->check_all_used());
  if (projection) out.projection = std::move(projection);
  out.consistency = consistency(request);
  const auto* keys = json::array_at(request, "Keys");
  if (keys == nullptr || keys->empty())
    return invalid("The Keys parameter is required for each table of BatchGetItem");
  for (const auto& key : *keys) {
    const auto* object = key.if_object();
    if (object == nullptr) return invalid("The provided key element does not match the schema");
    TRY(auto item, read_checked(*object));
    out.keys.push_back(std::move(item));
  }
  return out;
}

// Reads the items of one table until the whole answer is full.
class BatchReader {
 public:
  BatchReader(Engine& engine, const json::Object& input) : engine_(engine), input_(input) {}

  aws::ApiResult<void> read(const Gets& gets) {
    TRY(const TablePtr table, engine_.tables.find(table_name_of_arn(gets.requested)));
    const auto& schema = table->definition.keys;
    if (gets.projection) CHECK_OK(check_nested_keys(paths_of(gets.projection->paths), schema));
    std::set<std::string> seen;
    std::vector<std::string> keys;
    for (const auto& key : gets.keys) {
      TRY(const KeyValues values, check_key(key, schema));
      keys.push_back(item_key(table->definition.number, *values.partition, values.sort));
      if (!seen.insert(keys.back()).second) return invalid(std::string(kDuplicates));
    }
    json::Array found;
    json::Array unprocessed;
    double units = 0;
    for (size_t i = 0; i < keys.size(); ++i) {
      TRY(const auto stored, engine_.items.get(keys[i]));
      const size_t size = stored ? stored->size : 0;
      if (bytes_ + size > kMaxBatchBytes) {
        unprocessed.push_back(write_item(gets.keys[i]));
        continue;
      }
      bytes_ += size;
      units += read_units(size, gets.consistency);
      if (!stored) continue;
      TRY(auto shown, show(*stored, gets));
      found.push_back(std::move(shown));
    }
    responses_[gets.requested] = std::move(found);
    units_[table->definition.name] += units;
    if (!unprocessed.empty()) {
      json::Object again = *gets.request;
      again["Keys"] = std::move(unprocessed);
      unprocessed_[gets.requested] = std::move(again);
    }
    return {};
  }

  json::Object finish() && {
    json::Object out;
    out["Responses"] = std::move(responses_);
    out["UnprocessedKeys"] = std::move(unprocessed_);
    if (wants_capacity(input_)) out["ConsumedCapacity"] = capacities(input_, units_);
    return out;
  }

 private:
  static Result<json::Object> show(const StoredItem& stored, const Gets& gets) {
    if (!gets.projection) return decode_item_to_wire(stored.bytes);
    TRY(const Item item, decode_item(stored.bytes));
    return write_item(project(gets.projection->paths, item));
  }

  Engine& engine_;
  const json::Object& input_;
  size_t bytes_ = 0;
  json::Object responses_;
  json::Object unprocessed_;
  std::map<std::string, double> units_;
};

// One Put or Delete of a BatchWriteItem.
struct Write {
  TablePtr table;
  std::string key;
  std::optional<StoredItem> item;
};

struct WriteInput {
  std::string table;
  bool is_put = false;
  Item item;  // or the key
};

aws::ApiResult<WriteInput> read_write(std::string_view table, const json::Value& request) {
  const auto* object = request.if_object();
  const auto* put = object == nullptr ? nullptr : json::object_at(*object, "PutRequest");
  const auto* erase = object == nullptr ? nullptr : json::object_at(*object, "DeleteRequest");
  if ((put == nullptr) == (erase == nullptr)) {
    return invalid(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
        "supported datatypes");
  }
  const auto* wire =
      put != nullptr ? json::object_at(*put, "Item") : json::object_at(*erase, "Key");
  if (wire == nullptr) {
    return invalid(fmt::format("The {} of each {} is required", put != nullptr ? "Item" : "Key",
                               put != nullptr ? "PutRequest" : "DeleteRequest"));
  }
  WriteInput out{std::string(table_name_of_arn(table)), put != nullptr, {}};
  TRY(out.item, read_checked(*wire));
  return out;
}

aws::ApiResult<Write> prepare(Engine& engine, const WriteInput& input, size_t& total_bytes) {
  Write out;
  TRY(out.table, engine.tables.find(input.table));
  const auto& schema = out.table->definition.keys;
  KeyValues values;
  if (input.is_put) {
    const auto checked = check_item_key(input.item, schema);
    if (!checked) {
      // A missing or mistyped key is told in the words of a key here.
      const std::string& message = checked.error().message;
      const bool reworded = message.find("Missing the key") != std::string::npos ||
                            message.find("Type mismatch") != std::string::npos;
      return invalid(reworded ? "The provided key element does not match the schema" : message);
    }
    values = *checked;
    const size_t size = item_size(input.item);
    total_bytes += size;
    out.item = StoredItem{encode_item(input.item, size), size};
  } else {
    TRY(values, check_key(input.item, schema));
  }
  out.key = item_key(out.table->definition.number, *values.partition, values.sort);
  return out;
}

}  // namespace

Output batch_get_item(Engine& engine, aws::Call& call) {
  TRY(const auto* tables, request_items(call.input, "BatchGetItem"));
  std::vector<Gets> all;
  size_t count = 0;
  for (const auto& entry : *tables) {
    const auto* request = entry.value().if_object();
    if (request == nullptr)
      return invalid("The Keys parameter is required for each table of BatchGetItem");
    TRY(auto gets, read_gets(engine, entry.key(), *request));
    count += gets.keys.size();
    if (count > kMaxGets) return invalid("Too many items requested for the BatchGetItem call");
    all.push_back(std::move(gets));
  }
  BatchReader reader(engine, call.input);
  for (const auto& gets : all) CHECK_OK(reader.read(gets));
  return std::move(reader).finish();
}

Output batch_write_item(Engine& engine, aws::Call& call) {
  TRY(const auto* tables, request_items(call.input, "BatchWriteItem"));
  std::vector<WriteInput> inputs;
  for (const auto& entry : *tables) {
    const auto* requests = entry.value().if_array();
    if (requests == nullptr || requests->empty()) {
      return invalid("The batch write request list for a table cannot be null or empty");
    }
    for (const auto& request : *requests) {
      TRY(auto write, read_write(entry.key(), request));
      if (write.is_put && item_size(write.item) > kMaxItemBytes) {
        return invalid("Item size has exceeded the maximum allowed size");
      }
      inputs.push_back(std::move(write));
      if (inputs.size() > kMaxWrites)
        return invalid("Too many items requested for the BatchWriteItem call");
    }
  }
  std::vector<Write> writes;
  std::set<std::string> seen;
  size_t total_bytes = 0;
  for (const auto& input : inputs) {
    TRY(auto write, prepare(engine, input, total_bytes));
    if (!seen.insert(write.key).second) return invalid(std::string(kDuplicates));
    writes.push_back(std::move(write));
  }
  if (total_bytes > kMaxBatchBytes)
    return invalid("The items of a BatchWriteItem call have at most 16 MB together");

  std::vector<ItemStore::Target> targets;
  targets.reserve(writes.size());
  for (const auto& write : writes) targets.push_back({write.table, write.key});
  TRY(const WriteLatch latch, engine.items.latch(targets));
  std::vector<ItemChange> changes;
  std::map<std::string, double> units;
  for (auto& write : writes) {
    TRY(const auto current, engine.items.get(write.key));
    const std::optional<size_t> old_size = current ? std::optional(current->size) : std::nullopt;
    units[write.table->definition.name] +=
        write_units(old_size.value_or(0), write.item ? write.item->size : 0);
    if (!write.item && !current) continue;
    changes.push_back({write.table.get(), write.key, std::move(write.item), old_size});
  }
  CHECK_OK(engine.items.commit(latch, changes));
  json::Object out;
  out["UnprocessedItems"] = json::Object();
  if (wants_capacity(call.input)) out["ConsumedCapacity"] = capacities(call.input, units);
  return out;
}

}  // namespace dew::dynamodb
