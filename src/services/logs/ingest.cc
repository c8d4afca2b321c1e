#include "services/logs/ingest.h"

#include <fmt/format.h>

#include "base/log.h"

namespace dew::logs {

namespace {

constexpr size_t kEventOverheadBytes = 64;  // what a buffered line costs beside its text

}  // namespace

Ingest::Ingest(Records& records, Filters& filters, const Clock& clock)
    : records_(records), filters_(filters), clock_(clock), thread_([this] { run(); }) {}

Ingest::~Ingest() { stop(); }

void Ingest::append(std::string_view group, std::string_view stream, std::vector<Event>&& events) {
  if (events.empty()) return;
  size_t size = 0;
  for (auto& event : events) {
    if (event.message.size() > kMaxEventBytes) event.message.resize(kMaxEventBytes);
    size += event.message.size() + kEventOverheadBytes;
  }
  bool wake = false;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    auto found = buffers_.find(Less::View(group, stream));
    if (found == buffers_.end()) found = buffers_.try_emplace(Name(group, stream)).first;
    auto& buffer = found->second;
    if (bytes_ + size > kMaxBufferedBytes) {
      buffer.dropped += events.size();
      return;
    }
    wake = bytes_ == 0 || (bytes_ < kFlushBytes && bytes_ + size >= kFlushBytes);
    bytes_ += size;
    if (buffer.events.empty()) {
      buffer.events = std::move(events);
    } else {
      buffer.events.insert(buffer.events.end(), std::make_move_iterator(events.begin()),
                           std::make_move_iterator(events.end()));
    }
  }
  if (wake) wake_.notify_one();
}

void Ingest::flush() {
  const std::scoped_lock flushing(flushing_);
  Buffers taken;
  {
    const std::scoped_lock lock(mutex_);
    taken.swap(buffers_);
    bytes_ = 0;
  }
  if (!taken.empty()) write(std::move(taken));
}

void Ingest::write(Buffers buffers) {
  const std::scoped_lock lock(records_.write);
  store::Batch batch;
  for (auto& [name, buffer] : buffers) {
    if (buffer.dropped > 0) {
      const auto time = buffer.events.empty() ? clock_.now_ms() : buffer.events.back().timestamp_ms;
      buffer.events.push_back(
          {time,
           fmt::format(
               "[dewpoint] {} log events dropped: they came faster than they could be written",
               buffer.dropped)});
      log::warn("{} log events of {} {} dropped: they came faster than they could be written",
                buffer.dropped, name.first, name.second);
    }
    auto filters = filters_.of(name.first);
    std::vector<StoredEvent> stored;
    if (auto added = records_.add_events(batch, name.first, name.second, std::move(buffer.events),
                                         filters ? &stored : nullptr);
        !added) {
      log::error("log events of {} could not be kept: {}", name.first, added.error().message);
    }
    // Two new streams of a new group must not each write the group's record over the other's.
    if (auto written = records_.commit(batch); !written) {
      log::error("log events could not be written: {}", written.error().message);
    } else if (filters) {
      filters_.offer(std::move(filters), name.second, std::move(stored));
    }
    batch = store::Batch();
  }
}

void Ingest::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    // Idle, this thread sleeps: an engine at rest costs nothing.
    wake_.wait(lock, [&] { return stopping_ || bytes_ > 0; });
    if (!stopping_ && bytes_ > 0 && bytes_ < kFlushBytes) {
      wake_.wait_for(lock, kFlushInterval, [&] { return stopping_ || bytes_ >= kFlushBytes; });
    }
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
