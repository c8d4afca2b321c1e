#include "services/xray/service.h"

#include "base/log.h"
#include "services/xray/core.h"

namespace dew::xray {

namespace {

constexpr std::chrono::hours kSweepInterval{1};

}  // namespace

struct Service::Impl {
  Impl(const services::Context& context, Written written) : core(context, std::move(written)) {}

  void sweep_later() {
    sweeper = core.context.clock.after(kSweepInterval, [this](const ClockHold&) {
      sweep_later();
      if (const auto swept = core.traces.sweep(); !swept)
        log::error("expired traces could not be removed: {}", swept.error().message);
    });
  }

  Core core;
  DueTimer sweeper;
};

Service::Service(const services::Context& context, Written written)
    : impl_(std::make_unique<Impl>(context, std::move(written))) {
  if (const auto loaded = impl_->core.traces.load(); !loaded)
    log::error("the stored traces could not be read: {}", loaded.error().message);
  if (const auto loaded = load_rules(impl_->core); !loaded)
    log::error("the sampling rules could not be read: {}", loaded.error().message);
  impl_->sweep_later();
}

Service::~Service() { stop(); }

void Service::register_operations(aws::Registry& registry) {
  register_traces(registry, impl_->core);
  register_graphs(registry, impl_->core);
  register_sampling(registry, impl_->core);
  register_groups(registry, impl_->core);
  register_settings(registry, impl_->core);
}

bool Service::sample(const SamplingRequest& request) { return impl_->core.sampler.sample(request); }
void Service::record(Segment segment) { impl_->core.ingest.add(std::move(segment)); }
void Service::record_raw(std::vector<std::string> texts) {
  impl_->core.ingest.add_raw(std::move(texts));
}
void Service::stop() {
  impl_->sweeper.cancel();
  impl_->core.ingest.stop();
}

}  // namespace dew::xray
