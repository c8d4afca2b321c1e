#include "services/cloudwatch/prometheus.h"

#include <fmt/format.h>

#include <cctype>
#include <set>

namespace dew::cloudwatch {

namespace {

bool plain(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// "AWS/Lambda", "ConcurrentExecutions": aws_lambda_concurrent_executions
void append_snake(std::string_view text, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool upper = std::isupper(static_cast<unsigned char>(c)) != 0;
    const bool after_lower = i > 0 && std::islower(static_cast<unsigned char>(text[i - 1])) != 0;
    if (!plain(c) || (upper && after_lower)) {
      if (!out.ends_with('_')) out += '_';
    }
    if (plain(c)) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
}

std::string family_name(const Metric& metric) {
  std::string out;
  append_snake(metric.space, out);
  out += '_';
  append_snake(metric.name, out);
  if (std::isdigit(static_cast<unsigned char>(out.front())) != 0) out.insert(0, "_");
  return out;
}

void append_value(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

std::string labels(const Series& series) {
  std::string out = "{";
  std::set<std::string> used;
  for (const auto& [name, value] : series.metric.dimensions) {
    std::string label = "dimension_";
    for (const char c : name) label += plain(c) ? c : '_';
    while (!used.insert(label).second) label += '_';
    out += label + "=\"";
    append_value(value, out);
    out += "\",";
  }
  if (series.unit != kNoUnit) out += fmt::format("unit=\"{}\",", kUnits[series.unit]);
  if (out.ends_with(',')) out.pop_back();
  return out + "}";
}

}  // namespace

std::string prometheus_text(const MetricStore& store) {
  std::map<std::string, std::vector<std::string>> families;
  store.each([&](Series& series) {
    const auto [count, sum] = store.totals(series);
    if (count == 0) return;
    const auto name = family_name(series.metric);
    const auto with = labels(series);
    families[name].push_back(
        fmt::format("{0}_sum{1} {2}\n{0}_count{1} {3}\n", name, with, sum, count));
  });
  std::string out;
  for (auto& [name, lines] : families) {
    std::sort(lines.begin(), lines.end());
    out += "# TYPE " + name + " summary\n";
    for (const auto& line : lines) out += line;
  }
  return out;
}

}  // namespace dew::cloudwatch
