// A line of any bytes has a level, the same with white space around it; an event of the platform's
// is one line of JSON with the very strings that it was made of.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "services/lambda/logging.h"
#include "services/lambda/platform_log.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew;
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(lambda::level_of_line(text) == lambda::level_of_line(" \t" + text + " \n"));

  if (!json::parse(json::dump(json::Value(text)))) return 0;  // not UTF-8
  lambda::VersionConfig config;
  config.logging.json = true;
  config.logging.system_level = lambda::LogLevel::kTrace;
  const ManualClock clock{TimePoint{}};
  const lambda::PlatformLog log(config, clock);
  const std::string line =
      log.report({.request_id = text, .init_ms = 1.5, .status = "error", .error_type = text});
  check(line.find('\n') == line.size() - 1);
  const auto event = json::parse(line);
  check(event.has_value());
  const auto* record = json::object_at(event->as_object(), "record");
  check(record != nullptr && json::string_or(*record, "requestId") == text);
  check(text.empty() || json::string_or(*record, "errorType") == text);
  return 0;
}
