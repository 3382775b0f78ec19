#pragma once
/* What the wrapper needs of C: a child made by vfork, and signal handlers. The wrapper is one
   process with one thread. Only functions whose ABI glibc and musl share are used, since the
   wrapper is compiled with glibc's headers and may be linked with musl. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The compiler's process group, for the handler below; 0 when none runs. */
static inline volatile pid_t *cwrapper_group(void) {
  static volatile pid_t group;
  return &group;
}

/* A signal that ends the wrapper ends the compilation that it asked for. */
static void cwrapper_forward(int number) {
  int saved = errno;
  if (*cwrapper_group() > 0) kill(-*cwrapper_group(), number);
  signal(number, SIG_DFL);
  raise(number);
  errno = saved;
}

static inline void cwrapper_forward_signals(pid_t group) {
  static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
  *cwrapper_group() = group;
  for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    struct sigaction old;
    /* What the caller ignores (nohup) stays ignored. */
    if (sigaction(numbers[i], 0, &old) == 0 && old.sa_handler == SIG_DFL)
      signal(numbers[i], cwrapper_forward);
  }
}

/* Ends the wrapper as the compiler ended. Returns only when the signal is blocked or ignored. */
static inline void cwrapper_die_of(int number) {
  signal(number, SIG_DFL);
  raise(number);
}

static inline void cwrapper_forget_child(void) { *cwrapper_group() = 0; }

/* Starts the compiler in a process group of its own, with standard output and error on the given
   descriptors. It dies with the wrapper. Returns its pid, or -1 with errno set to what exec said. */
static inline pid_t cwrapper_start(const char *program, char *const *arguments,
                                   char *const *environment, int out, int err) {
  volatile int failure = 0;
  pid_t parent = getpid();
  pid_t pid = vfork();
  if (pid == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);
    if (dup2(out, 1) < 0 || dup2(err, 2) < 0) {
      failure = errno;
      _exit(127);
    }
    execve(program, arguments, environment);
    failure = errno;
    _exit(127);
  }
  if (pid > 0 && failure != 0) {
    waitpid(pid, 0, 0);
    errno = failure;
    return -1;
  }
  return pid;
}

/* Starts the daemon in a session of its own: its standard streams on /dev/null but for descriptor
   3, on which it says that it is ready. */
static inline pid_t cwrapper_start_daemon(const char *program, char *const *arguments,
                                          char *const *environment, int ready) {
  pid_t pid = vfork();
  if (pid == 0) {
    setsid();
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) _exit(127);
    if (ready == 3) {
      fcntl(3, F_SETFD, 0);
    } else if (dup2(ready, 3) < 0) {
      _exit(127);
    }
    syscall(SYS_close_range, 4, ~0U, 0);
    execve(program, arguments, environment);
    _exit(127);
  }
  return pid;
}
