// The DynamoDB service: tables and items over the embedded store.
//
// Start reading at engine.h (what the operations share), then items.cc and query.cc. Thread-safe.
// Not here yet: indexes, transactions, streams, expiry by time to live, PartiQL, backups, global
// tables; whatever asks for them gets a clear error (docs/compat/dynamodb.md).
#pragma once

#include <memory>

#include "aws/registry.h"
#include "services/context.h"
#include "services/dynamodb/operation_metrics.h"

namespace dew::dynamodb {

struct Engine;

class Service {
 public:
  explicit Service(const services::Context& context);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void register_operations(aws::Registry& registry);
  // Before register_operations(); outlives the service.
  void set_metrics(OperationMetrics* metrics) { metrics_ = metrics; }

  // The name of a table's partition key, from memory; empty: no such table, or an index, of which
  // there are none.
  std::string partition_key(std::string_view table, std::string_view index) const;

 private:
  std::unique_ptr<Engine> engine_;
  OperationMetrics* metrics_ = nullptr;
};

}  // namespace dew::dynamodb
