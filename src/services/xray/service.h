// X-Ray: traces. docs.aws.amazon.com/xray/latest/api/
//
// Segments come through PutTraceSegments, through the daemon's port (the cloud's), and from this
// cloud's own services (record()). They are kept as sent (trace_store.h), put together when
// somebody asks (trace.h), filtered (filter.h) and summed up (summary.h, service_graph.h). Sampling
// rules (sampler.h) decide for the cloud's own services, and for the SDKs that ask.
//
// Not here, and refused by name: insights, encryption with a key (PutEncryptionConfig KMS),
// resource policies, root causes of response times.
//
// Thread-safe. stop() before the store goes.
#pragma once

#include <memory>
#include <string>

#include "aws/registry.h"
#include "services/context.h"
#include "services/xray/sampler.h"
#include "services/xray/segment.h"

namespace dew::xray {

class Service {
 public:
  // Hears of every segment that was written; must not block.
  using Written = std::function<void(const std::vector<Segment>&)>;

  explicit Service(const services::Context& context, Written written = {});
  ~Service();
  Service(const Service&) = delete;

  void register_operations(aws::Registry& registry);

  // Whether a request that nobody has decided about yet is traced. Does not block.
  bool sample(const SamplingRequest& request);
  // Keeps a segment of this cloud's own. Returns at once; never fails (ingest.h).
  void record(Segment segment);
  // A document from the daemon's port: checked later, and dropped if it is not in order.
  void record_raw(std::vector<std::string> texts);

  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dew::xray
