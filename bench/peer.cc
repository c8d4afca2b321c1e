// The plain programs that Dewpoint's figures stand beside.
//
//   dew_bench_peer serve            the hello of bench/hello-cpp as a plain HTTP server on a free
//   port, printed dew_bench_peer spawn N CMD...   starts CMD N times, one after the other, and
//   prints the microseconds from the
//                                   spawn to its end, one a line
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "net/server.h"

namespace {

int serve() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  dew::net::Loops loops(1);
  auto server = dew::net::Server::listen(
      loops, {}, [](const dew::http::Request&, dew::http::Responder respond) {
        respond(dew::http::Response::json(200, R"({"message":"hello"})"));
      });
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  std::printf("%u\n", (*server)->port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop, &signal);
  return 0;
}

int spawn(int times, char** command) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  for (int i = 0; i < times; ++i) {
    const auto start = std::chrono::steady_clock::now();
    pid_t pid = 0;
    if (posix_spawnp(&pid, command[0], &actions, nullptr, command, environ) != 0) {
      std::perror(command[0]);
      return 1;
    }
    int status = 0;
    waitpid(pid, &status, 0);
    const auto took = std::chrono::steady_clock::now() - start;
    std::printf("%lld\n", static_cast<long long>(
                              std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  }
  posix_spawn_file_actions_destroy(&actions);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "serve" && argc == 2) return serve();
  if (what == "spawn" && argc > 3) return spawn(std::atoi(argv[2]), argv + 3);
  std::fputs("usage: dew_bench_peer serve | spawn N CMD...\n", stderr);
  return 2;
}
