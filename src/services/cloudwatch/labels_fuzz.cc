// Any text is a label: without "${" it stays as it is, and a time zone that is accepted lies within
// what there is.
#include <cstdlib>

#include "services/cloudwatch/labels.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew::cloudwatch;
  const std::string text(reinterpret_cast<const char*>(data), size);
  LabelScope scope{.account = "000000000000", .region = "us-east-1"};
  if (const auto offset = parse_timezone(text.substr(0, 5))) {
    if (*offset < -15 * 3600 || *offset > 15 * 3600) std::abort();
    scope.offset_s = *offset;
  }
  Query query;
  query.id = "m1";
  query.metric.emplace();
  query.metric->metric.space = "N";
  query.metric->metric.name = "m";
  query.metric->metric.dimensions = {{"Name", "Value"}};
  QueryResult result{&query, {}};
  for (const bool empty : {true, false}) {
    if (!empty) result.series.values = {{0, 1}, {60, -2.5}};
    const auto out = expand_label(text, result, scope);
    if (text.find("${") == std::string::npos && out != text) std::abort();
  }
  return 0;
}
