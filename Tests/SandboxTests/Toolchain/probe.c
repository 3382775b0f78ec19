/* Tries what a job must not be able to do. Prints one line per attempt: its name, and the error number
   or "ALLOWED". Run inside the sandbox only. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void tell(const char *name, long result) {
  if (result == -1) printf("%s %d\n", name, errno);
  else printf("%s ALLOWED\n", name);
}
#define TRY(name, ...) tell(name, syscall(__VA_ARGS__))

static void calls(void) {
  char buffer[64] = {0};
  TRY("unshare-user", SYS_unshare, CLONE_NEWUSER);
  TRY("unshare-mount", SYS_unshare, CLONE_NEWNS);
  TRY("clone-user", SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  TRY("clone-net", SYS_clone, CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0);
  TRY("clone3", SYS_clone3, buffer, 64);
  TRY("setns", SYS_setns, 0, 0);
  TRY("mount", SYS_mount, "none", "/", 0, 0x4000 | 0x40000, 0);
  TRY("remount", SYS_mount, "none", "/", 0, 32, 0);
  TRY("umount", SYS_umount2, "/proc", 2);
  TRY("pivot-root", SYS_pivot_root, "/", "/");
  TRY("chroot", SYS_chroot, "/tmp");
  TRY("fsopen", 430, "tmpfs", 0);
  TRY("open-tree", 428, AT_FDCWD, "/", 1);
  TRY("open-tree-attr", 467, AT_FDCWD, "/", 1, 0, 0);
  TRY("socket-inet", SYS_socket, 2, 1, 0);
  TRY("socket-inet6", SYS_socket, 10, 2, 0);
  TRY("socket-unix", SYS_socket, 1, 1, 0);
  TRY("socket-netlink", SYS_socket, 16, 3, 0);
  TRY("socket-vsock", SYS_socket, 40, 1, 0);
  TRY("socket-packet", SYS_socket, 17, 3, 0);
  TRY("socketpair-netlink", SYS_socketpair, 16, 3, 0, buffer);
  TRY("ptrace", SYS_ptrace, 16, 1, 0, 0);
  TRY("process-vm-read", SYS_process_vm_readv, 1, 0, 0, 0, 0, 0);
  TRY("process-vm-write", SYS_process_vm_writev, 1, 0, 0, 0, 0, 0);
  TRY("pidfd-getfd", 438, 0, 0, 0);
  TRY("kcmp", SYS_kcmp, 1, 1, 0, 0, 0);
  TRY("keyctl", SYS_keyctl, 0, -3, 1);
  TRY("add-key", SYS_add_key, "user", "a", "b", 1, -3);
  TRY("request-key", SYS_request_key, "user", "a", 0, 0);
  TRY("bpf", SYS_bpf, 0, buffer, 64);
  TRY("perf-event-open", SYS_perf_event_open, buffer, 0, -1, -1, 0);
  TRY("userfaultfd", SYS_userfaultfd, 0);
  TRY("io-uring-setup", 425, 1, buffer);
  TRY("name-to-handle", SYS_name_to_handle_at, AT_FDCWD, "/", buffer, buffer, 0);
  TRY("open-by-handle", SYS_open_by_handle_at, AT_FDCWD, buffer, 0);
  TRY("mknod-device", SYS_mknod, "/tmp/m", S_IFBLK | 0600, 0xfe00);
  TRY("mknod-whiteout", SYS_mknod, "/tmp/w", S_IFCHR | 0600, 0);
  TRY("mknod-fifo", SYS_mknod, "/tmp/f", S_IFIFO | 0600, 0);
  TRY("setxattr", SYS_setxattr, "/tmp", "user.overlay.opaque", "y", 1, 0);
  TRY("chown", SYS_chown, "/tmp", 0, 0);
  TRY("setuid", SYS_setuid, 0);
  TRY("setgid", SYS_setgid, 0);
  TRY("setgroups", SYS_setgroups, 0, 0);
  TRY("capset", SYS_capset, buffer, buffer);
  TRY("personality-compat", SYS_personality, 0x0400000);
#ifdef SYS_modify_ldt
  TRY("modify-ldt", SYS_modify_ldt, 1, buffer, 16);
  TRY("iopl", SYS_iopl, 3);
#endif
  TRY("shmget", SYS_shmget, 0, 4096, 01600);
  TRY("msgget", SYS_msgget, 0, 01600);
  TRY("semget", SYS_semget, 0, 1, 01600);
  TRY("mq-open", SYS_mq_open, "a", O_CREAT | O_RDWR, 0600, 0);
  TRY("memfd-secret", 447, 0);
  TRY("fanotify", SYS_fanotify_init, 0, 0);
  TRY("inotify", SYS_inotify_init1, 0);
  TRY("mlockall", SYS_mlockall, 1);
  TRY("swapon", SYS_swapon, "/tmp", 0);
  TRY("reboot", SYS_reboot, 0, 0, 0, 0);
  TRY("sethostname", SYS_sethostname, "x", 1);
  TRY("settimeofday", SYS_settimeofday, 0, 0);
  TRY("init-module", SYS_init_module, buffer, 1, "");
  TRY("kexec", SYS_kexec_load, 0, 0, 0, 0);
  TRY("quotactl", SYS_quotactl, 0, 0, 0, 0);
  TRY("syslog", SYS_syslog, 2, buffer, 10);
  TRY("acct", SYS_acct, 0);
  TRY("ioctl-tiocsti", SYS_ioctl, 0, 0x5412, "x");
  TRY("ioctl-flags", SYS_ioctl, 0, 0x80086601, buffer);
  TRY("prctl-seccomp", SYS_prctl, 22, 1, 0, 0, 0);
  TRY("seccomp", SYS_seccomp, 0, 0, 0);
  TRY("prctl-dumpable", SYS_prctl, 4, 1, 0, 0, 0);
  TRY("chmod-setuid", SYS_chmod, "/tmp", 04777);
  TRY("unknown-call", 540);
}

int main(int count, char **words) {
  const char *what = count > 1 ? words[1] : "";
  if (!strcmp(what, "calls")) calls();
#ifdef __x86_64__
  if (!strcmp(what, "int80")) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20));
    printf("int80 ALLOWED\n");
  }
  if (!strcmp(what, "x32")) tell("x32", syscall(0x40000000L + 39));
#endif
  if (!strcmp(what, "memory")) {
    for (int i = 0; i < 4096; i++) {
      char *piece = malloc(1 << 20);
      if (!piece) return 9;
      memset(piece, i, 1 << 20);
    }
    return 0;
  }
  if (!strcmp(what, "forks")) {
    int made = 0;
    while (made < 5000) {
      pid_t pid = fork();
      if (pid < 0) break;
      if (pid == 0) {
        pause();
        _exit(0);
      }
      made++;
    }
    printf("%d\n", made);
    return 0;
  }
  if (!strcmp(what, "spin")) for (;;) {}
  if (!strcmp(what, "deep")) {
    int made = 0;
    while (made < 200000 && mkdir("d", 0755) == 0 && chdir("d") == 0) made++;
    printf("%d\n", made);
    return 0;
  }
  if (!strcmp(what, "files")) {
    char name[32];
    int made = 0;
    for (; made < 200000; made++) {
      snprintf(name, sizeof name, "f%d", made);
      int file = open(name, O_CREAT | O_WRONLY, 0644);
      if (file < 0) break;
      close(file);
    }
    printf("%d\n", made);
    return made < 200000 ? 1 : 0;
  }
  if (!strcmp(what, "kill-all")) {
    printf("%d\n", kill(1, SIGKILL) == 0 ? 0 : errno);
    signal(SIGTERM, SIG_IGN);
    kill(-1, SIGTERM);
    return 0;
  }
  if (!strcmp(what, "stop")) {
    signal(SIGTERM, SIG_IGN);
    kill(getpid(), SIGSTOP);
  }
  if (!strcmp(what, "abort")) abort();
  fflush(stdout);
  return 0;
}
