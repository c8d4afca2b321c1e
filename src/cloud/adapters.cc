#include "cloud/adapters.h"

namespace dew::cloud {

void LogsSink::append(std::string_view group, std::string_view stream, std::vector<lambda::LogLine> lines) {
  std::vector<logs::Event> events;
  events.reserve(lines.size());
  for (auto& line : lines) events.push_back({line.timestamp_ms, std::move(line.message)});
  ingest_.append(group, stream, std::move(events));
}

}  // namespace dew::cloud
