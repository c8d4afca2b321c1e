// Engine: what the operations share. One per service; lives as long as it. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "aws/call.h"
#include "services/context.h"
#include "services/dynamodb/expression_cache.h"
#include "services/dynamodb/item_store.h"
#include "services/dynamodb/tables.h"

namespace dew::dynamodb {

struct Engine {
  explicit Engine(const services::Context& context)
      : config(context.config), clock(context.clock), tables(context.store), items(context.store) {}

  std::string arn(std::string_view table) const;

  const services::Config& config;
  const Clock& clock;
  Tables tables;
  ItemStore items;
  ExpressionCache expressions;
};

// One function per operation; each takes the call's checked input and gives the operation's output.
using Output = aws::ApiResult<json::Value>;

// items.cc
Output get_item(Engine& engine, aws::Call& call);
Output put_item(Engine& engine, aws::Call& call);
Output update_item(Engine& engine, aws::Call& call);
Output delete_item(Engine& engine, aws::Call& call);
// query.cc
Output query(Engine& engine, aws::Call& call);
Output scan(Engine& engine, aws::Call& call);
// batch.cc
Output batch_get_item(Engine& engine, aws::Call& call);
Output batch_write_item(Engine& engine, aws::Call& call);
// table_operations.cc
Output create_table(Engine& engine, aws::Call& call);
Output describe_table(Engine& engine, aws::Call& call);
Output list_tables(Engine& engine, aws::Call& call);
Output update_table(Engine& engine, aws::Call& call);
Output delete_table(Engine& engine, aws::Call& call);
// table_settings.cc
Output describe_time_to_live(Engine& engine, aws::Call& call);
Output update_time_to_live(Engine& engine, aws::Call& call);
Output describe_continuous_backups(Engine& engine, aws::Call& call);
Output list_tags_of_resource(Engine& engine, aws::Call& call);
Output tag_resource(Engine& engine, aws::Call& call);
Output untag_resource(Engine& engine, aws::Call& call);
Output describe_limits(Engine& engine, aws::Call& call);
Output describe_endpoints(Engine& engine, aws::Call& call);

}  // namespace dew::dynamodb
