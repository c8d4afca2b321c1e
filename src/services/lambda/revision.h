// A Revision is what an execution environment is made from: one immutable state of one version of a
// function. An update of code or configuration makes a new one; environments of the old one end
// after the invocation they are in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "services/lambda/code_store.h"
#include "services/lambda/function.h"

namespace dew::lambda {

struct Revision {
  VersionConfig config;
  CodePtr code;           // nullptr: its files are gone
  CodePtr opt;            // what is below /opt: its layers, merged; nullptr without layers
  std::string log_group;  // /aws/lambda/<name>, or what its LoggingConfig names
  Initialization initialization = Initialization::kOnDemand;
};
using RevisionPtr = std::shared_ptr<const Revision>;

}  // namespace dew::lambda
