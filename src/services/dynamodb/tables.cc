#include "services/dynamodb/tables.h"

#include <fmt/format.h>

#include <charconv>

#include "store/key.h"

namespace dew::dynamodb {
namespace {

store::Key tables_prefix() { return std::move(store::Key("dynamodb").add("t")); }
std::string table_key(std::string_view name) { return tables_prefix().add(name).str(); }
std::string last_number_key() { return store::Key("dynamodb").add("n").str(); }
store::Key figures_prefix(TableNumber table) {
  return std::move(store::Key("dynamodb").add("c").add(table));
}

std::unexpected<aws::ApiError> not_found(std::string_view name, Tables::Words words) {
  std::string message = "Requested resource not found";
  if (words == Tables::Words::kTables) message += fmt::format(": Table: {} not found", name);
  return aws::fail("ResourceNotFoundException", std::move(message));
}

}  // namespace

std::string figures_key(TableNumber table, size_t stripe) {
  return figures_prefix(table).add(uint64_t{stripe}).str();
}

std::string store_figures(int64_t items, int64_t bytes) {
  return store::Key().add(static_cast<uint64_t>(items)).add(static_cast<uint64_t>(bytes)).str();
}

TableFigures Table::figures() const {
  TableFigures out;
  for (const auto& part : state->parts) {
    out.items += part.items.load(std::memory_order_relaxed);
    out.bytes += part.bytes.load(std::memory_order_relaxed);
  }
  return out;
}

Tables::Tables(store::Store& store) : store_(store) {
  if (auto loaded = load(); !loaded) {
    log::error("the DynamoDB tables cannot be read: {}", loaded.error().message);
    catalogue_.with([&](Catalogue& catalogue) { catalogue.broken = loaded.error(); });
  }
}

Result<void> Tables::load() {
  Catalogue catalogue;
  TRY(const auto last_number, store_.get(last_number_key()));
  if (last_number) {
    store::KeyReader reader(*last_number);
    catalogue.last_number = reader.number().value_or(0);
  }
  const store::Key prefix = tables_prefix();
  const auto cursor = store_.cursor(prefix, prefix.prefix_end());
  for (; cursor->valid(); cursor->next()) {
    TRY(auto definition, load_definition(cursor->value()));
    auto table = std::make_shared<Table>();
    table->definition = std::move(definition);
    table->state = std::make_shared<TableState>();
    CHECK_OK(load_parts(*table));
    std::string name = table->definition.name;
    catalogue.tables.emplace(std::move(name), std::move(table));
  }
  CHECK_OK(cursor->status());
  catalogue_.with([&](Catalogue& current) { current = std::move(catalogue); });
  return {};
}

Result<void> Tables::load_parts(const Table& table) {
  const store::Key prefix = figures_prefix(table.definition.number);
  const auto cursor = store_.cursor(prefix, prefix.prefix_end());
  for (; cursor->valid(); cursor->next()) {
    store::KeyReader key(cursor->key().substr(prefix.str().size()));
    store::KeyReader value(cursor->value());
    const auto stripe = key.number();
    const auto items = value.number();
    const auto bytes = value.number();
    if (!stripe || !items || !bytes) {
      return fail(
          ErrorKind::kInternal,
          fmt::format("The stored figures of the table {} are damaged", table.definition.name));
    }
    auto& part = table.state->parts[*stripe % kStripes];
    part.items += static_cast<int64_t>(*items);
    part.bytes += static_cast<int64_t>(*bytes);
  }
  return cursor->status();
}

aws::ApiResult<TablePtr> Tables::find(std::string_view name, Words words) const {
  return catalogue_.read([&](const Catalogue& catalogue) -> aws::ApiResult<TablePtr> {
    if (catalogue.broken) return std::unexpected(aws::ApiError(*catalogue.broken));
    const auto it = catalogue.tables.find(name);
    if (it == catalogue.tables.end()) return not_found(name, words);
    return it->second;
  });
}

aws::ApiResult<TablePtr> Tables::create(TableDefinition definition) {
  const std::lock_guard lock(changes_);
  const auto number =
      catalogue_.read([&](const Catalogue& catalogue) -> aws::ApiResult<TableNumber> {
        if (catalogue.broken) return std::unexpected(aws::ApiError(*catalogue.broken));
        if (catalogue.tables.contains(definition.name)) {
          return aws::fail("ResourceInUseException",
                           fmt::format("Table already exists: {}", definition.name));
        }
        if (catalogue.tables.size() >= kMaxTables) {
          return aws::fail(
              "LimitExceededException",
              fmt::format("Subscriber limit exceeded: There is a limit of {} tables per subscriber",
                          kMaxTables));
        }
        return catalogue.last_number + 1;
      });
  if (!number) return std::unexpected(number.error());
  auto table = std::make_shared<Table>();
  table->definition = std::move(definition);
  table->definition.number = *number;
  table->state = std::make_shared<TableState>();
  store::Batch batch;
  batch.put(table_key(table->definition.name), store_definition(table->definition));
  batch.put(last_number_key(), store::Key().add(*number));
  CHECK_OK(store_.commit(batch));
  catalogue_.with([&](Catalogue& catalogue) {
    catalogue.tables[table->definition.name] = table;
    catalogue.last_number = *number;
  });
  return table;
}

aws::ApiResult<TablePtr> Tables::update(
    std::string_view name, const std::function<aws::ApiResult<void>(TableDefinition&)>& change) {
  const std::lock_guard lock(changes_);
  TRY(const TablePtr current, find(name, Words::kTables));
  auto table = std::make_shared<Table>(*current);
  CHECK_OK(change(table->definition));
  store::Batch batch;
  batch.put(table_key(name), store_definition(table->definition));
  CHECK_OK(store_.commit(batch));
  catalogue_.with([&](Catalogue& catalogue) { catalogue.tables[table->definition.name] = table; });
  return table;
}

aws::ApiResult<TablePtr> Tables::erase(
    std::string_view name,
    const std::function<aws::ApiResult<void>(const TableDefinition&)>& check) {
  const std::lock_guard lock(changes_);
  TRY(TablePtr table, find(name, Words::kTables));
  CHECK_OK(check(table->definition));
  const std::unique_lock gate(table->state->gate);
  const KeyRange items = table_range(table->definition.number);
  const store::Key figures = figures_prefix(table->definition.number);
  store::Batch batch;
  batch.erase(table_key(name));
  batch.erase_range(items.begin, items.end);
  batch.erase_range(figures, figures.prefix_end());
  CHECK_OK(store_.commit(batch));
  table->state->dropped = true;
  catalogue_.with([&](Catalogue& catalogue) { catalogue.tables.erase(std::string(name)); });
  return table;
}

aws::ApiResult<Tables::Names> Tables::names(std::string_view after, size_t limit) const {
  return catalogue_.read([&](const Catalogue& catalogue) -> aws::ApiResult<Names> {
    if (catalogue.broken) return std::unexpected(aws::ApiError(*catalogue.broken));
    Names out;
    for (auto it = catalogue.tables.upper_bound(after); it != catalogue.tables.end(); ++it) {
      if (out.names.size() == limit) {
        out.more = true;
        break;
      }
      out.names.push_back(it->first);
    }
    return out;
  });
}

}  // namespace dew::dynamodb
