#include "cli/destination.h"

#include <fmt/format.h>

#include "net/client.h"

namespace dew::cli {

namespace {

std::string_view domain_of(std::string_view region) {
  if (region.starts_with("cn-")) return "amazonaws.com.cn";
  if (region.starts_with("us-isob-")) return "sc2s.sgov.gov";
  if (region.starts_with("us-iso-")) return "c2s.ic.gov";
  return "amazonaws.com";
}

}  // namespace

Destination Destination::endpoint(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  Destination out;
  out.endpoint_ = std::move(url);
  return out;
}

Destination Destination::aws(std::string region) {
  Destination out;
  out.region_ = std::move(region);
  return out;
}

std::string Destination::url(std::string_view service) const {
  if (!is_aws()) return endpoint_;
  return fmt::format("https://{}.{}.{}", service, region_, domain_of(region_));
}

bool Destination::is_local() const {
  if (is_aws()) return false;
  const auto url = net::Url::parse(endpoint_);
  return url && (url->host == "localhost" || url->host == "::1" || url->host == "[::1]" ||
                 url->host.starts_with("127.") || url->host.ends_with(".localhost"));
}

std::string Destination::name() const {
  return is_aws() ? fmt::format("AWS ({})", region_) : endpoint_;
}

}  // namespace dew::cli
