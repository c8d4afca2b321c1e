// The file system that a sandboxed process sees, as a list of steps for the child.
//
//   /usr /bin /lib* /etc /opt /nix …   the host's, read-only
//   /tmp                               empty, private, bounded
//   /proc, /dev                        its own processes; null, zero, full, random, urandom
//   binds of the Spec                  read-only: /var/task, /var/runtime, /opt (layers, in place
//   of the host's), an
//                                      interpreter's prefix
// Home directories, /var, /run, /root, /srv, /mnt and our own state do not exist inside.
#pragma once

#include <string>
#include <vector>

#include "sandbox/child.h"
#include "sandbox/isolation.h"
#include "sandbox/spec.h"

namespace dew::sandbox {

// `root` is an empty directory to build on; `hidden` is covered if it lies below what is shown.
std::vector<Step> root_steps(const std::string& root, const std::string& hidden, const Spec& spec,
                             const Isolation& isolation);

}  // namespace dew::sandbox
