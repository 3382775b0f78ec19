/* One job the way of Mozilla's server: overlay on the disk, bubblewrap, unmount, delete; prints its
   microseconds. Run in a mount namespace of its own: recipe TREE DIRECTORY BUBBLEWRAP */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char upper[4096], work[4096], target[4096], options[16384], inner[4096];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

int main(int count, char **words) {
  if (count != 4) return 2;
  snprintf(upper, sizeof upper, "%s/upper", words[2]);
  snprintf(work, sizeof work, "%s/work", words[2]);
  snprintf(target, sizeof target, "%s/target", words[2]);
  snprintf(inner, sizeof inner, "%s/target/work", words[2]);
  snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s", words[1], upper, work);
  double start = now();
  mkdir(words[2], 0755);
  mkdir(upper, 0755);
  mkdir(work, 0755);
  mkdir(target, 0755);
  if (mount("overlay", target, "overlay", 0, options) != 0) {
    perror("mount");
    return 3;
  }
  mkdir(inner, 0755);
  char *arguments[] = {words[3], "--die-with-parent", "--cap-drop", "ALL", "--unshare-user",
                       "--unshare-cgroup", "--unshare-ipc", "--unshare-pid", "--unshare-net",
                       "--unshare-uts", "--bind", target, "/", "--proc", "/proc", "--dev", "/dev",
                       "--chdir", "/work", "--", "/usr/bin/probe", 0};
  char *none[] = {0};
  pid_t pid;
  int status = 0;
  if (posix_spawn(&pid, words[3], 0, 0, arguments, none) != 0) return 4;
  waitpid(pid, &status, 0);
  umount(target);
  char left[5000];
  /* bubblewrap made the mount points in the upper layer. */
  const char *names[] = {"upper/work", "upper/proc", "upper/dev", "upper", "work/work", "work", "target"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(left, sizeof left, "%s/%s", words[2], names[i]);
    rmdir(left);
  }
  if (rmdir(words[2]) != 0) perror(words[2]);
  printf("%.0f\n", now() - start);
  return status != 0;
}
