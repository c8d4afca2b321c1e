#include "services/xray/ingest.h"

#include "base/log.h"

namespace dew::xray {

namespace {

constexpr size_t kOverheadBytes = 160;  // what a buffered segment costs beside its text

}  // namespace

Ingest::Ingest(TraceStore& store, Written written)
    : store_(store), written_(std::move(written)), thread_([this] { run(); }) {}

Ingest::~Ingest() { stop(); }

void Ingest::add(Segment segment) { push({&segment, 1}); }

void Ingest::add_raw(std::vector<std::string> texts) {
  std::vector<Segment> segments(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) segments[i].text = std::move(texts[i]);
  push(segments);
}

void Ingest::push(std::span<Segment> segments) {
  uint64_t taken = 0;
  bool wake = false;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    const size_t before = bytes_;
    for (auto& segment : segments) {
      const size_t size = segment.text.size() + kOverheadBytes;
      if (bytes_ + size > kMaxBufferedBytes) {
        ++dropped_unsaid_;
        dropped_.fetch_add(1, std::memory_order_relaxed);
        continue;
      }
      bytes_ += size;
      buffer_.push_back(std::move(segment));
      ++taken;
    }
    wake = bytes_ > before && (before == 0 || (before < kFlushBytes && bytes_ >= kFlushBytes));
  }
  received_.fetch_add(taken, std::memory_order_relaxed);
  if (wake) wake_.notify_one();
}

Result<void> Ingest::write(const std::vector<Segment>& segments) {
  received_.fetch_add(segments.size(), std::memory_order_relaxed);
  CHECK_OK(store_.write(segments));
  if (written_) written_(segments);
  return {};
}

void Ingest::flush() {
  const std::scoped_lock flushing(flushing_);
  std::vector<Segment> taken;
  uint64_t unsaid = 0;
  {
    const std::scoped_lock lock(mutex_);
    taken.swap(buffer_);
    unsaid = std::exchange(dropped_unsaid_, 0);
    bytes_ = 0;
  }
  if (unsaid > 0) {
    log::warn("{} trace segments dropped: they came faster than they could be written", unsaid);
  }
  if (taken.empty()) return;
  std::vector<Segment> checked;
  std::vector<Refusal> refused;
  checked.reserve(taken.size());
  for (auto& segment : taken) {
    if (segment.id.empty()) {
      read_document(segment.text, checked, refused);
    } else {
      checked.push_back(std::move(segment));
    }
  }
  if (!refused.empty()) {
    refused_.fetch_add(refused.size(), std::memory_order_relaxed);
    log::warn("{} trace segments refused; the first one: {}", refused.size(),
              refused.front().message());
  }
  if (auto written = store_.write(checked); !written) {
    log::error("trace segments could not be written: {}", written.error().message);
    return;
  }
  if (written_ && !checked.empty()) written_(checked);
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

}  // namespace dew::xray
