// Where calls go: one URL for every service (this machine's cloud, another one), or AWS, where
// every service has its own. A plain value.
#pragma once

#include <string>
#include <string_view>

namespace dew::cli {

class Destination {
 public:
  static Destination endpoint(std::string url);
  // docs.aws.amazon.com/general/latest/gr/rande.html
  static Destination aws(std::string region);

  // Without a slash at its end. `service` as in a signature's scope: s3, sts, lambda, …
  std::string url(std::string_view service) const;
  bool is_aws() const { return endpoint_.empty(); }
  // A cloud on this machine's loopback address.
  bool is_local() const;
  std::string name() const;  // for people: the URL, or "AWS (eu-west-1)"

 private:
  std::string endpoint_;  // empty: AWS
  std::string region_;
};

}  // namespace dew::cli
