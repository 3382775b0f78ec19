/* Preloaded into a build server: it believes in as many processors as BENCH_PROCESSORS says, and so does
   its scheduler. What the server starts doesn't get it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int processors;

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("BENCH_PROCESSORS");
  processors = text ? atoi(text) : 0;
  unsetenv("BENCH_PROCESSORS");
  unsetenv("LD_PRELOAD");
}

long sysconf(int name) {
  long (*original)(int) = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");
  if (processors > 0 && name == _SC_NPROCESSORS_ONLN) return processors;
  return original(name);
}

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set) {
  int (*original)(pid_t, size_t, cpu_set_t *) =
      (int (*)(pid_t, size_t, cpu_set_t *))dlsym(RTLD_NEXT, "sched_getaffinity");
  int result = original(pid, size, set);
  if (result != 0 || processors <= 0) return result;
  memset(set, 0, size);
  for (int number = 0; number < processors && (size_t)number < size * 8; number++)
    CPU_SET_S(number, size, set);
  return 0;
}
