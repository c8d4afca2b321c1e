#include "services/logs/ingest.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

namespace dew::logs {

namespace {

// Of nice(2): about a tenth of what a thread that serves requests gets when both want the CPU.
constexpr int kNice = 10;

}  // namespace

Ingest::Ingest(Records& records, Filters& filters, const Clock& clock)
    : records_(records), filters_(filters), clock_(clock), thread_([this] { run(); }) {}

Ingest::~Ingest() { stop(); }

bool Ingest::has_room(const Buffer& buffer) const {
  const size_t bytes = buffer.lines.bytes();
  return bytes < kStreamBytes && (bytes_ < kFullBytes || bytes < kShareBytes);
}

Ingest::Room Ingest::append(std::string_view group, std::string_view stream,
                            const TimedLines& lines) {
  if (lines.empty()) return Room::kEnough;
  const size_t size = lines.bytes();
  bool wake = false;
  auto room = Room::kEnough;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return Room::kEnough;
    auto found = buffers_.find(Less::View(group, stream));
    if (found == buffers_.end()) found = buffers_.try_emplace(Name(group, stream)).first;
    auto& buffer = found->second;
    if (bytes_ + size > kMaxBufferedBytes) {
      buffer.dropped += lines.size();
      return Room::kNone;
    }
    wake = bytes_ == 0;
    bytes_ += size;
    buffer.lines.append(lines, kMaxEventBytes);
    if (!has_room(buffer)) room = Room::kNone;
    if (!urgent_ && (room == Room::kNone || bytes_ >= kFlushBytes)) urgent_ = wake = true;
  }
  if (wake) wake_.notify_one();
  return room;
}

void Ingest::when_room(std::string_view group, std::string_view stream,
                       std::move_only_function<void()> call) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = buffers_.find(Less::View(group, stream));
    if (!stopping_ && found != buffers_.end() && !has_room(found->second)) {
      full_.push_back(std::move(call));
      return;
    }
  }
  call();
}

void Ingest::flush() {
  const std::scoped_lock flushing(flushing_);
  Buffers taken;
  decltype(full_) full;
  {
    const std::scoped_lock lock(mutex_);
    taken.swap(buffers_);
    full.swap(full_);
    bytes_ = 0;
    urgent_ = false;
  }
  for (auto& call : full) call();
  if (!taken.empty()) write(std::move(taken));
}

void Ingest::write(Buffers buffers) {
  for (auto& [name, buffer] : buffers) {
    auto& lines = buffer.lines;
    if (buffer.dropped > 0) {
      lines.add(lines.empty() ? clock_.now_ms() : lines.time_ms(lines.size() - 1),
                fmt::format(
                    "[dewpoint] {} log events dropped: they came faster than they could be written",
                    buffer.dropped));
      log::warn("{} log events of {} {} dropped: they came faster than they could be written",
                buffer.dropped, name.first, name.second);
    }
    auto filters = filters_.of(name.first);
    std::vector<StoredEvent> stored;
    store::Batch batch;
    const std::scoped_lock lock(records_.write);
    if (auto added = records_.add_events(batch, name.first, name.second, std::move(lines),
                                         filters.get(), filters ? &stored : nullptr);
        !added) {
      log::error("log events of {} could not be kept: {}", name.first, added.error().message);
    }
    // Two new streams of a new group must not each write the group's record over the other's.
    if (auto written = records_.commit(batch); !written) {
      log::error("log events could not be written: {}", written.error().message);
    } else if (filters) {
      filters_.offer(std::move(filters), name.second, std::move(stored));
    }
  }
}

void Ingest::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    // Idle, this thread sleeps: an engine at rest costs nothing.
    wake_.wait(lock, [&] { return stopping_ || bytes_ > 0; });
    if (!stopping_ && !urgent_)
      wake_.wait_for(lock, kFlushInterval, [&] { return stopping_ || urgent_; });
    lock.unlock();
    flush();
    lock.lock();
  }
}

void Ingest::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  flush();
}

}  // namespace dew::logs
