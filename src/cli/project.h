// From the command line's options to a loaded service and a client for its cloud.
#pragma once

#include <memory>
#include <string>

#include "cli/api_client.h"
#include "cli/options.h"
#include "serverless/service.h"

namespace dew::cli {

enum class Reach { kNone, kCloud };  // kNone: no cloud may be asked (package, print offline)
enum class Seed { kNo, kYes };  // put absent custom.dew.parameters into SSM: a local cloud only

Destination destination_of(const CommonOptions& options);

// Loads options.directory's service. The api, if any, answers ${ssm:}, ${cf:} and ${aws:accountId};
// it must outlive the call only. Warnings are printed.
Result<serverless::Service> load_project(const CommonOptions& options, ApiClient* api, Seed seed);

// The region that the service asks for, without asking any cloud; us-east-1 when it cannot be told
// yet.
std::string region_of(const CommonOptions& options);
// custom.serverless-offline.httpPort, likewise; -1: not set.
int http_port_of(const CommonOptions& options);
bool has_config(const std::string& directory);

// A client for the service's region at the destination. Its credentials: for this machine's cloud
// when nothing names a destination the environment's, else test/test; for any other the SDKs' chain
// (credentials.h), and for one on this machine test/test when that finds none.
ApiClient client_for(const CommonOptions& options);

// Prints an error (or as JSON to standard output if asked) and returns kFailed.
int report(const Error& error, bool json = false);

}  // namespace dew::cli
