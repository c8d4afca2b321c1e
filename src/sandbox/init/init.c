/* The first process of a sandboxed process tree (pid 1 of its pid namespace). A free-standing
 * program of a few kilobytes, so that starting it costs next to nothing: it starts the real
 * program as pid 2, reaps whatever the tree leaves behind, and reports how pid 2 ended.
 *
 * Why: a process that is itself pid 1 ignores signals that it has no handler for (abort() then ends
 * as a segmentation fault), and inherits orphans it does not reap. When pid 1 ends, the kernel
 * kills every process of the namespace.
 *
 *   init PROGRAM ARGV0 [ARG...]     environment handed on as it is; file descriptor 3 takes the
 *                                   report: two 32-bit numbers, {0, wait status} or {1, errno of
 *                                   execve}.
 *   init                            exits 0: the probe of what this host allows
 */
typedef long word;

#define SYSTEM_SIGCHLD 17

#if defined(__x86_64__)
enum {
  SYS_write = 1,
  SYS_dup3 = 292,
  SYS_fcntl = 72,
  SYS_clone = 56,
  SYS_execve = 59,
  SYS_exit = 60,
  SYS_wait4 = 61,
  SYS_prctl = 157
};
static word syscall5(word n, word a, word b, word c, word d, word e) {
  word result;
  register word r10 __asm__("r10") = d;
  register word r8 __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}
__asm__(
    ".global _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call init_main\n "
    "hlt\n");
#elif defined(__aarch64__)
enum {
  SYS_write = 64,
  SYS_dup3 = 24,
  SYS_fcntl = 25,
  SYS_clone = 220,
  SYS_execve = 221,
  SYS_exit = 93,
  SYS_wait4 = 260,
  SYS_prctl = 167
};
static word syscall5(word n, word a, word b, word c, word d, word e) {
  register word x8 __asm__("x8") = n;
  register word x0 __asm__("x0") = a;
  register word x1 __asm__("x1") = b;
  register word x2 __asm__("x2") = c;
  register word x3 __asm__("x3") = d;
  register word x4 __asm__("x4") = e;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
__asm__(".global _start\n_start:\n mov x29,#0\n mov x0,sp\n bl init_main\n brk #1\n");
#else
#error "init.c knows x86-64 and aarch64"
#endif

enum { kReportFd = 3, kSetFd = 2, kCloexec = 1, kDumpable = 4, kErrnoInterrupted = 4 };

static void report(int kind, int value) {
  int message[2] = {kind, value};
  syscall5(SYS_write, kReportFd, (word)message, sizeof message, 0, 0);
}

static void leave(int status) {
  for (;;) syscall5(SYS_exit, status, 0, 0, 0, 0);
}

__attribute__((used, noreturn)) void init_main(word* stack) {
  word count = stack[0];
  char** arguments = (char**)(stack + 1);
  char** environment = arguments + count + 1;
  if (count < 3) {
    leave(0);
  }
  syscall5(SYS_prctl, kDumpable, 0, 0, 0, 0);
  syscall5(SYS_fcntl, kReportFd, kSetFd, kCloexec, 0, 0);
  /* A plain fork: this process is a few pages, so copying it is cheap and nothing is shared. */
  word child = syscall5(SYS_clone, SYSTEM_SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    word error =
        syscall5(SYS_execve, (word)arguments[1], (word)(arguments + 2), (word)environment, 0, 0);
    report(1, (int)-error);
    leave(127);
  }
  if (child < 0) {
    report(1, (int)-child);
    leave(126);
  }
  for (;;) {
    int status = 0;
    word ended = syscall5(SYS_wait4, -1, (word)&status, 0, 0, 0);
    if (ended == child) {
      report(0, status);
      leave(0);
    }
    if (ended < 0 && ended != -kErrnoInterrupted) {
      leave(125);
    }
  }
  __builtin_unreachable();
}
