// The way of an alias with provisioned concurrency from one version to another: traffic goes over
// as the new version's environments become ready. Meanwhile the alias has the old version in its
// RoutingConfig, as on AWS, with the share of traffic that it still serves; that is gone once all
// are ready. When the new version cannot be initialized it stays, until the alias is updated.
//
// AWS documents no more than that the provisioned concurrency goes along
// (docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html). The rest is as observed:
// "AWS temporarily adds alias routing weights during alias version transitions", {"1": 1} at first
// (github.com/hashicorp/terraform-provider-aws/pull/48116); PutProvisionedConcurrencyConfig is
// refused until then (github.com/hashicorp/terraform/issues/24957).
//
// Pure functions over an alias.
#pragma once

#include "services/lambda/function.h"

namespace dew::lambda {

// The alias's version has just become another one than `before`'s. `ready` of `wanted` environments
// of the new one are there already.
void begin_shift(Alias& alias, const Alias& before, int wanted, int ready);
// So many are ready now. false: that changes nothing.
bool advance_shift(Alias& alias, int wanted, int ready);
void end_shift(Alias& alias);

}  // namespace dew::lambda
