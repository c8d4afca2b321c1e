#include "sandbox/sandbox.h"

#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "sandbox/cgroup.h"
#include "sandbox/seccomp.h"
#include "sandbox/spawner.h"

namespace dew::sandbox {
namespace {

// Waiting spawns; callers bound their own start-ups far below this.
constexpr size_t kMaxQueuedSpawns = 4096;

struct Order {
  net::Loop* loop;
  Spec spec;
  ProcessEvents events;
  std::move_only_function<void(Result<std::shared_ptr<Process>>)> started;
};

void probe_namespaces(Spawner& spawner, Isolation& found) {
  const auto attempt = [&](NamespaceLevel level, bool own_proc) {
    Isolation trial = found;
    trial.namespaces = level;
    trial.own_proc = own_proc;
    if (!spawner.probe(trial)) return false;
    found = trial;
    return true;
  };
  const bool root = ::geteuid() == 0;
  (root && attempt(NamespaceLevel::kRoot, true)) || attempt(NamespaceLevel::kUser, true) ||
      (root && attempt(NamespaceLevel::kRoot, false)) || attempt(NamespaceLevel::kUser, false);
}

}  // namespace

struct Sandbox::Impl {
  Options options;
  Isolation isolation;  // the thread's until `probed`, constant from then on
  std::unique_ptr<CgroupRoot> cgroups;
  std::unique_ptr<Spawner> spawner;

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Order> orders;
  bool stopping = false;
  bool probed = false;
  std::condition_variable found;
  std::thread thread;

  void run();
  void probe();
  void carry_out(Order order);
};

Result<std::unique_ptr<Sandbox>> Sandbox::open(Options options) {
  std::error_code error;
  std::filesystem::create_directories(options.state_directory, error);
  const auto absolute = std::filesystem::canonical(options.state_directory, error);
  if (error) {
    return fail(ErrorKind::kIo, fmt::format("cannot use {} for the sandbox: {}",
                                            options.state_directory, error.message()));
  }
  auto impl = std::make_unique<Impl>();
  TRY(impl->spawner, Spawner::open(absolute.string()));
  impl->options = std::move(options);
  return std::unique_ptr<Sandbox>(new Sandbox(std::move(impl)));
}

Sandbox::Sandbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

Sandbox::~Sandbox() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();  // the kernel now kills what this thread has started
}

const Isolation& Sandbox::isolation() const {
  std::unique_lock lock(impl_->mutex);
  impl_->found.wait(lock, [this] { return impl_->probed; });
  return impl_->isolation;
}

void Sandbox::spawn(net::Loop& loop, Spec spec, ProcessEvents events,
                    std::move_only_function<void(Result<std::shared_ptr<Process>>)> started) {
  Order order{&loop, std::move(spec), std::move(events), std::move(started)};
  {
    const std::scoped_lock lock(impl_->mutex);
    if (!impl_->stopping && impl_->orders.size() < kMaxQueuedSpawns) {
      impl_->orders.push_back(std::move(order));
      impl_->wake.notify_one();
      return;
    }
  }
  loop.post([started = std::move(order.started)]() mutable {
    started(fail(ErrorKind::kUnavailable, "too many processes are being started"));
  });
}

// Here, not in open(): whoever starts us has a store to open meanwhile.
void Sandbox::Impl::probe() {
  isolation.seccomp = seccomp_available();
  if (options.namespaces) probe_namespaces(*spawner, isolation);
  if (options.cgroups) {
    cgroups = CgroupRoot::open();
    isolation.cgroups = cgroups->version();
    isolation.memory_limit = cgroups->has_memory();
    isolation.cpu_limit = cgroups->has_cpu();
    isolation.process_limit = cgroups->has_pids();
  }
  const std::scoped_lock lock(mutex);
  probed = true;
  found.notify_all();
}

void Sandbox::Impl::run() {
  probe();
  for (;;) {
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return stopping || !orders.empty(); });
    if (stopping) {
      orders.clear();
      return;
    }
    Order order = std::move(orders.front());
    orders.pop_front();
    lock.unlock();
    carry_out(std::move(order));
  }
}

void Sandbox::Impl::carry_out(Order order) {
  std::unique_ptr<Cgroup> cgroup;
  if (cgroups != nullptr) {
    cgroup = cgroups->make(
        {.memory_bytes = order.spec.limits.memory_bytes, .processes = order.spec.limits.processes});
  }
  auto handles = spawner->spawn(order.spec, isolation, std::move(cgroup));
  order.loop->post([order = std::move(order), handles = std::move(handles)]() mutable {
    if (!handles) {
      order.started(std::unexpected(handles.error()));
      return;
    }
    auto process = Process::start(*order.loop, *std::move(handles), std::move(order.events));
    order.started(std::move(process));
  });
}

}  // namespace dew::sandbox
