#include "aws/arn.h"

#include <fmt/format.h>

#include <array>

namespace dew::aws {

std::optional<Arn> Arn::parse(std::string_view text) {
  std::array<std::string_view, 5> parts;
  for (auto& part : parts) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || parts[1].empty() || parts[2].empty() || text.empty())
    return std::nullopt;
  return Arn{std::string(parts[1]), std::string(parts[2]), std::string(parts[3]),
             std::string(parts[4]), std::string(text)};
}

std::string Arn::str() const {
  return fmt::format("arn:{}:{}:{}:{}:{}", partition, service, region, account, resource);
}

std::string_view Arn::resource_type() const {
  const std::string_view all = resource;
  return all.substr(0, all.find_first_of(":/"));
}

std::string_view Arn::resource_name() const {
  const std::string_view all = resource;
  const size_t mark = all.find_first_of(":/");
  return mark == std::string_view::npos ? std::string_view{} : all.substr(mark + 1);
}

}  // namespace dew::aws
