// The files of a service's functions, zipped.
//
// Which files: all of the service's directory but the default excludes, then every exclude, include
// and pattern in order, the last that matches a file deciding (`!` excludes); dependencies that
// package-lock.json marks as for development are left out.
// www.serverless.com/framework/docs/providers/aws/guide/packaging
//
// Limits: kPackageFiles files; kPackageBytes unzipped, which is Lambda's.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "serverless/compile.h"
#include "serverless/service.h"
#include "serverless/zip.h"

namespace dew::serverless {

inline constexpr size_t kPackageFiles = 50'000;
// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 250 MB unzipped
inline constexpr size_t kPackageBytes = 250UL * 1024 * 1024;
inline constexpr int kPackageDepth = 64;

// The files of one function (or of the whole service, `function` empty), sorted by name.
Result<std::vector<ZipEntry>> package_files(const Service& service, const std::string& function);

// The files of a layer: those in its `path`, named from there.
Result<std::vector<ZipEntry>> layer_files(const Service& service, const std::string& layer);

// Zips into `directory` (made if absent) and tells what each function got. Functions that share a
// package share an artifact; package.artifact is used as it is.
Result<Artifacts> package(const Service& service, const std::string& directory);

// Writes the templates beside the artifacts, as `serverless package` does.
Result<void> write_templates(const Compiled& compiled, const Artifacts& artifacts,
                             const Service& service, const std::string& directory);

}  // namespace dew::serverless
