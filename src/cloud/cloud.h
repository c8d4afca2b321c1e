// The composition root: makes the store, the threads, the services and the front door, wires them,
// and takes them down in the opposite order. Nothing includes this folder but main().
#pragma once

#include "cli/launcher.h"

namespace dew::cloud {

// A cli::LaunchCloud. Returns when the AWS APIs answer; the error says what to do about it.
Result<std::unique_ptr<cli::RunningCloud>> launch(const cli::CloudOptions& options);

}  // namespace dew::cloud
