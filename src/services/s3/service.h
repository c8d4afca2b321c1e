// S3: buckets and objects for deployments and their tools. docs.aws.amazon.com/AmazonS3/latest/API/
//
// An object is a record in the store and a body in a file (bodies.h). The body is complete on disk
// before the record is committed, so a half-written object is never visible; files that no record
// names (a crash between the two) are swept when the service starts.
//
// Lifecycle rules are applied by a sweep on the workers.
//
// Thread-safe: records change under one lock, bodies are written and read outside it. Bodies arrive
// whole; the front door limits them to limits::kServiceBodyBytes.
#pragma once

#include <memory>

#include "policy/policy.h"
#include "services/context.h"
#include "services/s3/cors.h"

namespace dew::s3 {

struct State;

class Service {
 public:
  explicit Service(const services::Context& context);
  ~Service();

  void register_operations(aws::Registry& registry);

  // Lifecycle rules are applied from now on: at once, at every midnight UTC by the cloud's clock,
  // and whenever rules are put.
  void start_sweeps();
  // No sweep runs any more when it returns. The destructor does it, too.
  void stop_sweeps();
  // One sweep, as of the clock's now.
  void sweep();

  // A bucket's policy, compiled, from memory; null: it has none.
  policy::PolicyPtr bucket_policy(std::string_view bucket) const;
  // That policy is public, and nobody but the account and services may profit of it.
  bool restricts_public_access(std::string_view bucket) const;
  // Its CORS rules, from memory; null: it has none.
  std::shared_ptr<const CorsRules> cors_rules(std::string_view bucket) const;

 private:
  void post_sweep(ClockHold hold);
  void sweep_at_midnight();

  std::unique_ptr<State> state_;
  struct Sweeps;
  std::shared_ptr<Sweeps> sweeps_;
  DueTimer timer_;
};

}  // namespace dew::s3
