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

std::string endpoint_of(const CommonOptions& options);
// Is this our own cloud, on this machine? Only there may parameters be seeded.
bool is_local(const std::string& endpoint);

// Loads options.directory's service. The api, if any, answers ${ssm:}, ${cf:} and ${aws:accountId};
// it must outlive the call only. Warnings are printed.
Result<serverless::Service> load_project(const CommonOptions& options, ApiClient* api, Seed seed);

// The region that the service asks for, without asking any cloud; us-east-1 when it cannot be told
// yet.
std::string region_of(const CommonOptions& options);
// custom.serverless-offline.httpPort, likewise; -1: not set.
int http_port_of(const CommonOptions& options);
bool has_config(const std::string& directory);

// A client for the service's region at the endpoint.
ApiClient client_for(const CommonOptions& options);

// Prints an error (or as JSON to standard output if asked) and returns kFailed.
int report(const Error& error, bool json = false);

}  // namespace dew::cli
