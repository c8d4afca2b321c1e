#include "cloud/clock_offset.h"

#include <fmt/format.h>

#include <charconv>
#include <future>

#include "base/log.h"
#include "store/key.h"

namespace dew::cloud {

namespace {

std::string offset_key() { return store::Key("cloud").add("clock").str(); }

}  // namespace

std::chrono::microseconds load_clock_offset(const store::Store& store) {
  const auto stored = store.get(offset_key());
  if (!stored || !*stored) return {};
  int64_t offset = 0;
  const auto& text = **stored;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error != std::errc() || end != text.data() + text.size() || offset < 0) {
    log::error("the clock's offset in the store cannot be read: the clock is the machine's");
    return {};
  }
  return std::chrono::microseconds(offset);
}

Result<void> save_clock_offset(store::Store& store, std::chrono::microseconds offset) {
  store::Batch batch;
  batch.put(offset_key(), std::to_string(offset.count()));
  TRY(const auto sequence, store.commit(batch));
  auto durable = std::make_shared<std::promise<Result<void>>>();
  auto waiting = durable->get_future();
  store.when_durable(sequence,
                     [durable](Result<void> done) { durable->set_value(std::move(done)); });
  return waiting.get();
}

std::string duration_text(std::chrono::microseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  std::string out;
  const std::pair<int64_t, char> units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
  int64_t left = seconds;
  for (const auto& [length, name] : units) {
    if (left < length) continue;
    out += fmt::format("{}{}{}", out.empty() ? "" : " ", left / length, name);
    left %= length;
  }
  return out.empty() ? "0s" : out;
}

std::string clock_notice(const WaitableClock& clock) {
  if (clock.offset().count() == 0) return {};
  return fmt::format("moved: {} ahead of the machine's, it is {} here",
                     duration_text(clock.offset()), iso8601(clock.now()));
}

}  // namespace dew::cloud
