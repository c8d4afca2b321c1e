#include "sandbox/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>

namespace dew::sandbox {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArchitecture = 0;
#endif

// Calls refused whatever their arguments.
constexpr int kDenied[] = {
    // the file system's shape
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_mount_setattr,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_quotactl,
    SYS_swapon,
    SYS_swapoff,
    SYS_fanotify_init,
    // other processes
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_process_madvise,
    SYS_setns,
    SYS_unshare,
    // the kernel
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_reboot,
    SYS_syslog,
    SYS_acct,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_lookup_dcookie,
    SYS_nfsservctl,
    SYS_vhangup,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    // the host's identity and clock
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
#if defined(__x86_64__)
    SYS_kexec_file_load,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
    SYS__sysctl,
    SYS_create_module,
    SYS_get_kernel_syms,
    SYS_query_module,
#endif
};

constexpr uint32_t kNamespaceFlags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | 0x80 /* time */;

// Socket families a function may open; the rest (packet, vsock, alg, …) have no use here.
constexpr uint32_t kFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

class Builder {
 public:
  void load(uint32_t offset) { add(BPF_LD | BPF_W | BPF_ABS, offset); }
  void answer(uint32_t action) { add(BPF_RET | BPF_K, action); }
  // Jumps over `skip` statements unless the loaded word equals `value`.
  void unless_equal_skip(uint32_t value, uint8_t skip) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip));
  }
  void unless_any_bit_skip(uint32_t bits, uint8_t skip) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, skip));
  }
  void if_equal_skip(uint32_t value, uint8_t skip) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skip, 0));
  }
  void unless_at_least_skip(uint32_t value, uint8_t skip) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, 0, skip));
  }
  std::vector<sock_filter> take() { return std::move(code_); }

 private:
  void add(uint16_t op, uint32_t value) { code_.push_back(BPF_STMT(op, value)); }
  std::vector<sock_filter> code_;
};

constexpr uint32_t errno_answer(int error) {
  return SECCOMP_RET_ERRNO | (static_cast<uint32_t>(error) & SECCOMP_RET_DATA);
}
constexpr uint32_t kRefuse = errno_answer(EPERM);
constexpr uint32_t kUnknown = errno_answer(ENOSYS);
// The low word of an argument; both architectures are little-endian.
constexpr uint32_t argument(int index) {
  return static_cast<uint32_t>(offsetof(seccomp_data, args) + (sizeof(uint64_t) * index));
}

std::vector<sock_filter> build() {
  if (kArchitecture == 0) return {};
  Builder b;
  b.load(offsetof(seccomp_data, arch));
  b.if_equal_skip(kArchitecture, 1);
  b.answer(kRefuse);  // 32-bit compatibility calls have other numbers
  b.load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  b.unless_at_least_skip(0x40000000, 1);  // the x32 interface
  b.answer(kUnknown);
#endif
  for (const int number : kDenied) {
    b.unless_equal_skip(static_cast<uint32_t>(number), 1);
    b.answer(kRefuse);
  }
  // clone3 passes its flags in memory, which a filter cannot read: libraries fall back to clone.
  b.unless_equal_skip(SYS_clone3, 1);
  b.answer(kUnknown);
  b.unless_equal_skip(SYS_clone, 3);
  b.load(argument(0));
  b.unless_any_bit_skip(kNamespaceFlags, 1);
  b.answer(kRefuse);
  b.load(offsetof(seccomp_data, nr));
  // Typing into the terminal of whoever started us.
  b.unless_equal_skip(SYS_ioctl, 3);
  b.load(argument(1));
  b.unless_equal_skip(TIOCSTI, 1);
  b.answer(kRefuse);
  b.load(offsetof(seccomp_data, nr));
  constexpr auto kCount = static_cast<uint8_t>(std::size(kFamilies));
  b.unless_equal_skip(SYS_socket, kCount + 2);
  b.load(argument(0));
  for (uint8_t i = 0; i < kCount; ++i) {
    b.if_equal_skip(kFamilies[i], kCount - i);
  }
  b.answer(errno_answer(EAFNOSUPPORT));
  b.answer(SECCOMP_RET_ALLOW);
  return b.take();
}

}  // namespace

const std::vector<sock_filter>& seccomp_program() {
  static const std::vector<sock_filter> program = build();
  return program;
}

bool seccomp_available() {
  // A null program is a fault where filters exist, and EINVAL where they do not.
  return !seccomp_program().empty() &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr, 0, 0) == -1 && errno == EFAULT;
}

}  // namespace dew::sandbox
