#pragma once
/* System calls of the sandbox that Swift cannot reach by itself: those without a libc entry, macros,
   and ioctl-like variadic ones. Used by the server's side (linked with glibc) and by the runner (linked
   with musl), so nothing here relies on a libc's own structures: what differs between the two goes to
   the kernel by syscall(2). No feature macros are defined: Glibc's module was built without them. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers that are the same on every architecture since Linux 5.1, for headers that are older. */
enum {
  csandbox_sys_pidfd_send_signal = 424,
  csandbox_sys_move_mount = 429,
  csandbox_sys_fsopen = 430,
  csandbox_sys_fsconfig = 431,
  csandbox_sys_fsmount = 432,
  csandbox_sys_pidfd_open = 434,
  csandbox_sys_close_range = 436,
  csandbox_sys_openat2 = 437
};

/* ---- paths beneath a descriptor: openat2(2) ---- */

struct csandbox_open_how {
  uint64_t flags, mode, resolve;
};

/* Opens beneath `directory`; no symbolic link, no magic link, no other mount on the way. */
static inline int csandbox_open_strictly(int directory, const char *path, int flags, unsigned mode) {
  struct csandbox_open_how how = {
      (uint64_t)(unsigned)(flags | O_CLOEXEC), mode,
      0x08 /* BENEATH */ | 0x04 /* NO_SYMLINKS */ | 0x02 /* NO_MAGICLINKS */ | 0x01 /* NO_XDEV */};
  return (int)syscall(csandbox_sys_openat2, directory, path, &how, sizeof how);
}

/* O_PATH, O_DIRECTORY and O_NOFOLLOW as numbers: glibc shows O_PATH only to GNU sources. */
static inline int csandbox_flag_path(void) { return 010000000; }
static inline int csandbox_flag_directory(void) { return 0200000; }
static inline int csandbox_flag_nofollow(void) { return 0400000; }

/* ---- descriptors over a socket ---- */

static inline int csandbox_socketpair(int *ends) {
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

enum { csandbox_most_descriptors = 4 };

/* The kernel's own layout of struct msghdr and of the control message: glibc and musl declare them
   differently. */
struct csandbox_vector {
  void *start;
  size_t length;
};
struct csandbox_message {
  void *name;
  uint32_t name_length, pad0;
  struct csandbox_vector *vectors;
  size_t vector_count;
  void *control;
  size_t control_length;
  uint32_t flags, pad1;
};
struct csandbox_control {
  size_t length;
  int level, type;
  int descriptors[csandbox_most_descriptors];
};

static inline long csandbox_send(int socket, const void *bytes, size_t length, const int *descriptors,
                                 int count) {
  struct csandbox_vector vector = {(void *)bytes, length};
  struct csandbox_control control = {sizeof(size_t) + 2 * sizeof(int) + (size_t)count * sizeof(int),
                                     SOL_SOCKET, 1 /* SCM_RIGHTS */, {-1, -1, -1, -1}};
  struct csandbox_message message = {0, 0, 0, &vector, 1, 0, 0, 0, 0};
  if (count > csandbox_most_descriptors) {
    errno = EINVAL;
    return -1;
  }
  if (count > 0) {
    memcpy(control.descriptors, descriptors, (size_t)count * sizeof(int));
    message.control = &control;
    message.control_length = control.length;
  }
  return syscall(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
}

/* Descriptors that arrive are stored in `descriptors` (room for csandbox_most_descriptors), their
   number in `count`. More than that never arrive: the kernel drops what finds no room. */
static inline long csandbox_receive(int socket, void *bytes, size_t length, int *descriptors,
                                    int *count) {
  struct csandbox_vector vector = {bytes, length};
  struct csandbox_control control = {0, 0, 0, {-1, -1, -1, -1}};
  struct csandbox_message message = {0, 0, 0, &vector, 1, &control, sizeof control, 0, 0};
  long got = syscall(SYS_recvmsg, socket, &message, 0x40000000 /* MSG_CMSG_CLOEXEC */);
  size_t head = sizeof(size_t) + 2 * sizeof(int);
  *count = 0;
  if (got >= 0 && message.control_length >= head && control.level == SOL_SOCKET &&
      control.type == 1 && control.length >= head) {
    *count = (int)((control.length - head) / sizeof(int));
    if (*count > csandbox_most_descriptors) *count = csandbox_most_descriptors;
    memcpy(descriptors, control.descriptors, (size_t)*count * sizeof(int));
  }
  return got;
}

/* ---- files of the supervisor ---- */

static inline int csandbox_memory_file(const char *name) {
  return (int)syscall(SYS_memfd_create, name, 1 /* MFD_CLOEXEC */);
}

/* The type of the file system that a descriptor lies on; 0 when it can't be told. */
static inline uint64_t csandbox_file_system(int fd) {
  uint64_t room[32] = {0}; /* struct statfs is 120 bytes and begins with the type */
  return syscall(SYS_fstatfs, fd, room) == 0 ? room[0] : 0;
}

/* Whether a tmpfs has less than `spare` bytes or no inode left. */
static inline int csandbox_is_full(int fd, uint64_t spare) {
  uint64_t room[32] = {0}; /* type, block size, blocks, free, available, files, free files */
  if (syscall(SYS_fstatfs, fd, room) != 0) return 0;
  return room[3] * room[1] < spare || room[6] == 0;
}

static inline int csandbox_pidfd_open(int pid) {
  return (int)syscall(csandbox_sys_pidfd_open, pid, 0);
}

/* Kills the very process that the descriptor stands for, never another one with its number. */
static inline int csandbox_pidfd_kill(int pidfd) {
  return (int)syscall(csandbox_sys_pidfd_send_signal, pidfd, 9, (void *)0, 0);
}

/* One byte, without a signal when nobody reads any more. */
static inline int csandbox_signal_peer(int socket) {
  return (int)send(socket, "1", 1, MSG_NOSIGNAL);
}

/* ---- mounts ---- */

static inline int csandbox_mount(const char *source, const char *target, const char *type,
                                 unsigned long flags, const char *data) {
  return (int)syscall(SYS_mount, source, target, type, flags, data);
}
static inline int csandbox_detach(const char *target) {
  return (int)syscall(SYS_umount2, target, 2 /* MNT_DETACH */);
}
static inline int csandbox_pivot_root(const char *root, const char *old) {
  return (int)syscall(SYS_pivot_root, root, old);
}
static inline int csandbox_open_file_system(const char *type) {
  return (int)syscall(csandbox_sys_fsopen, type, 1 /* FSOPEN_CLOEXEC */);
}
static inline int csandbox_configure(int context, const char *key, const char *value) {
  return (int)syscall(csandbox_sys_fsconfig, context, 1 /* FSCONFIG_SET_STRING */, key, value, 0);
}
static inline int csandbox_create_file_system(int context) {
  return (int)syscall(csandbox_sys_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, 0, 0, 0);
}
/* A mount that is attached nowhere: nosuid, nodev. */
static inline int csandbox_detached_mount(int context) {
  return (int)syscall(csandbox_sys_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0x2 | 0x4);
}
static inline int csandbox_attach(int mount, const char *target) {
  return (int)syscall(csandbox_sys_move_mount, mount, "", AT_FDCWD, target,
                      4 /* MOVE_MOUNT_F_EMPTY_PATH */);
}

/* ---- processes ---- */

/* fork with new namespaces; the runner has one thread, and nothing of its libc is stale afterwards. */
static inline int csandbox_fork(unsigned long flags) {
#if defined(__s390x__)
  return (int)syscall(SYS_clone, 0, flags | 17, 0, 0, 0);
#else
  return (int)syscall(SYS_clone, flags | 17 /* SIGCHLD */, 0, 0, 0, 0);
#endif
}
static inline int csandbox_fork_plain(void) { return csandbox_fork(0); }
static inline int csandbox_fork_isolated(void) {
  return csandbox_fork(0x20000000 /* NEWPID */ | 0x00020000 /* NEWNS */);
}

static inline int csandbox_set_close_on_exec(unsigned first) {
  return (int)syscall(csandbox_sys_close_range, first, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
}
static inline int csandbox_close_all(unsigned first, unsigned last) {
  return (int)syscall(csandbox_sys_close_range, first, last, 0);
}

/* Sets both limits, never above the hard one in force: raising that needs a privilege outside. */
static inline int csandbox_limit(int resource, uint64_t soft, uint64_t hard) {
  uint64_t pair[2] = {soft, hard}, now[2];
  if (syscall(SYS_prlimit64, 0, resource, (void *)0, now) != 0) return -1;
  if (pair[1] > now[1]) pair[1] = now[1];
  if (pair[0] > pair[1]) pair[0] = pair[1];
  return (int)syscall(SYS_prlimit64, 0, resource, pair, 0);
}

/* The whole process has one thread, so the kernel's per-thread calls do. */
static inline int csandbox_become(unsigned user, unsigned group) {
  if (syscall(SYS_setgroups, 0, (void *)0) != 0) return -1;
  if (syscall(SYS_setresgid, group, group, group) != 0) return -1;
  return (int)syscall(SYS_setresuid, user, user, user);
}

static inline int csandbox_prctl(int option, unsigned long a, unsigned long b) {
  return (int)syscall(SYS_prctl, option, a, b, 0, 0);
}

/* Empties every capability set of this process and locks the ways that give them back. */
static inline int csandbox_drop_bounding_set(void) {
  for (int capability = 0; capability < 64; capability++) {
    if (csandbox_prctl(24 /* PR_CAPBSET_DROP */, (unsigned long)capability, 0) != 0) {
      if (errno == EINVAL) break; /* the first number that this kernel doesn't know */
      return -1;
    }
  }
  /* NOROOT, NO_SETUID_FIXUP off (so that setuid clears), KEEP_CAPS off, NO_CAP_AMBIENT_RAISE, locked. */
  return csandbox_prctl(28 /* PR_SET_SECUREBITS */, 0x1 | 0x2 | 0x20 | 0x40 | 0x80, 0);
}
static inline int csandbox_drop_capabilities(void) {
  struct {
    uint32_t version;
    int pid;
  } header = {0x20080522, 0};
  uint32_t data[6] = {0};
  csandbox_prctl(47 /* PR_CAP_AMBIENT */, 4 /* CLEAR_ALL */, 0);
  return (int)syscall(SYS_capset, &header, data);
}

/* `program`: BPF instructions of 8 bytes each. Needs no_new_privs, which is set here too. */
static inline int csandbox_filter(const uint8_t *program, size_t length) {
  struct {
    unsigned short count;
    const uint8_t *start;
  } code = {(unsigned short)(length / 8), program};
  if (length == 0 || length % 8 != 0 || length / 8 > 4096) {
    errno = EINVAL;
    return -1;
  }
  if (csandbox_prctl(38 /* PR_SET_NO_NEW_PRIVS */, 1, 0) != 0) return -1;
  return (int)syscall(SYS_seccomp, 1 /* SET_MODE_FILTER */, 0, &code);
}

static inline int csandbox_exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
static inline int csandbox_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
