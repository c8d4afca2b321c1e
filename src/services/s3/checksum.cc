#include "services/s3/checksum.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"

namespace dew::s3 {

const Algorithm* find_algorithm(std::string_view name) {
  const auto* it = std::ranges::find(kAlgorithms, name, &Algorithm::name);
  return it == kAlgorithms.end() ? nullptr : it;
}

std::optional<std::string> checksum(std::string_view algorithm, std::string_view bytes) {
  const auto* found = find_algorithm(algorithm);
  if (found == nullptr) return std::nullopt;
  return base64_encode(digest(found->kind, bytes));
}

namespace {

std::vector<std::string_view> or_default(std::vector<std::string_view> names) {
  if (names.empty()) names.push_back(kDefaultAlgorithm);
  return names;
}

// Whether a comma-separated header names it.
bool lists(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    auto item = list.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (http::iequals(item, name)) return true;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return false;
}

}  // namespace

std::vector<std::string_view> wanted_algorithms(const http::Request& head) {
  std::vector<std::string_view> out;
  for (const auto& algorithm : kAlgorithms) {
    const auto header = fmt::format("x-amz-checksum-{}", algorithm.name);
    if (head.headers.has(header) || lists(head.headers.get("x-amz-trailer"), header) ||
        http::iequals(head.headers.get("x-amz-sdk-checksum-algorithm"), algorithm.name)) {
      out.push_back(algorithm.name);
    }
  }
  return or_default(std::move(out));
}

std::vector<std::string_view> wanted_algorithms(const json::Object& input) {
  std::vector<std::string_view> out;
  for (const auto& algorithm : kAlgorithms) {
    if (input.contains(fmt::format("Checksum{}", algorithm.name)) ||
        json::string_or(input, "ChecksumAlgorithm") == algorithm.name) {
      out.push_back(algorithm.name);
    }
  }
  return or_default(std::move(out));
}

}  // namespace dew::s3
