#pragma once
/* System calls that Swift cannot reach by itself (variadic, macros, Linux only), each as a typed
   inline function. No feature macros are defined here: Glibc's module was built without them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* glibc 2.29 and later; its header shows it only to GNU sources. */
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);

/* GNU; its header shows it only to GNU sources. */
void *memmem(const void *haystack, size_t haystack_length, const void *needle,
             size_t needle_length);

static inline int cposix_errno(void) { return errno; }
static inline char **cposix_environ(void) { return environ; }

static inline int cposix_open(const char *path, int flags, unsigned mode) {
  return open(path, flags, mode);
}

static inline int cposix_openat(int directory, const char *path, int flags, unsigned mode) {
  return openat(directory, path, flags, mode);
}

/* Of open(2): a file without a name in the directory that is opened. GNU sources only. */
static inline int cposix_flag_unnamed(void) { return 020000000 | O_DIRECTORY; }

/* Whether an extended attribute is there and has exactly this text. */
static inline int cposix_has_attribute(const char *path, const char *name, const char *text) {
  char value[64];
  ssize_t length = getxattr(path, name, value, sizeof value);
  return length >= 0 && (size_t)length == strlen(text) && memcmp(value, text, (size_t)length) == 0;
}

static inline int cposix_set_attribute(const char *path, const char *name, const char *text) {
  return setxattr(path, name, text, strlen(text), 0);
}

static inline int cposix_pipe_cloexec(int *ends) {
  return (int)syscall(SYS_pipe2, ends, O_CLOEXEC);
}

static inline int cposix_accept_cloexec(int fd) {
  return (int)syscall(SYS_accept4, fd, 0, 0, SOCK_CLOEXEC);
}

static inline int cposix_close_from(unsigned first) {
  return (int)syscall(SYS_close_range, first, ~0U, 0);
}

static inline int cposix_pidfd_open(pid_t pid) {
#ifdef SYS_pidfd_open
  return (int)syscall(SYS_pidfd_open, pid, 0);
#else
  return (int)syscall(434, pid, 0);
#endif
}

static inline long cposix_copy_file_range(int in, int64_t *in_offset, int out, size_t count) {
  return syscall(SYS_copy_file_range, in, in_offset, out, (void *)0, count, 0);
}

/* FICLONERANGE of linux/fs.h, restated because that header clashes with libc's. */
struct cposix_clone_range {
  int64_t source_fd;
  uint64_t source_offset;
  uint64_t source_length;
  uint64_t destination_offset;
};
static inline int cposix_clone_range(int source, uint64_t offset, uint64_t length, int target,
                                     uint64_t target_offset) {
  struct cposix_clone_range range = {source, offset, length, target_offset};
  return ioctl(target, 0x4020940dUL, &range);
}

/* The layout of struct ucred, which glibc hides behind a feature macro. */
struct cposix_credentials {
  int32_t pid;
  uint32_t uid;
  uint32_t gid;
};
static inline int cposix_peer_credentials(int fd, struct cposix_credentials *out) {
  socklen_t size = sizeof *out;
  return getsockopt(fd, SOL_SOCKET, 17 /* SO_PEERCRED */, out, &size);
}

/* The head of struct statx (linux/stat.h), up to what is read here: older headers lack stx_mnt_id. */
struct cposix_statx {
  uint32_t mask, block_size;
  uint64_t attributes;
  uint32_t links, uid, gid;
  uint16_t mode, spare;
  uint64_t inode, size, blocks, attributes_mask;
  uint64_t times[8];
  uint32_t device_numbers[4];
  uint64_t mount;
  uint64_t rest[13];
};

/* The root directory of this process and the mount that it is on; the mount is 0 on kernels before
   5.8, everything 0 when the call fails. */
static inline void cposix_root_directory(uint64_t *mount, uint64_t *device, uint64_t *inode) {
  struct cposix_statx status;
  memset(&status, 0, sizeof status);
  *mount = *device = *inode = 0;
  /* STATX_INO | STATX_MNT_ID */
  if (syscall(SYS_statx, AT_FDCWD, "/", 0, 0x1100, &status) != 0) return;
  *mount = status.mask & 0x1000 ? status.mount : 0;
  *device = (uint64_t)status.device_numbers[2] << 32 | status.device_numbers[3];
  *inode = status.inode;
}

static inline int cposix_stream_socket(int family) {
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static inline void cposix_limit_arenas(int count) { mallopt(M_ARENA_MAX, count); }

static inline short cposix_spawn_setsid(void) { return 0x80; /* POSIX_SPAWN_SETSID, glibc 2.26 */ }

/* A name in the file system, or in the abstract namespace. Fails with ENAMETOOLONG. */
static inline int cposix_unix_address(struct sockaddr_un *address, const uint8_t *name,
                                      size_t length, int is_abstract, socklen_t *size) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (length + 1 > sizeof address->sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(address->sun_path + (is_abstract ? 1 : 0), name, length);
  *size = is_abstract ? (socklen_t)(sizeof address->sun_family + 1 + length)
                      : (socklen_t)sizeof *address;
  return 0;
}

/* Closes a socket that is of no use and keeps errno. */
static inline int cposix_give_up(int fd) {
  int code = errno;
  if (fd >= 0) close(fd);
  errno = code;
  return -1;
}

static inline int cposix_connect_unix(const uint8_t *name, size_t length, int is_abstract) {
  struct sockaddr_un address;
  socklen_t size;
  if (cposix_unix_address(&address, name, length, is_abstract, &size) != 0) return -1;
  int fd = cposix_stream_socket(AF_UNIX);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, size) != 0) return cposix_give_up(fd);
  return fd;
}

static inline int cposix_bind_unix(const uint8_t *name, size_t length, int is_abstract) {
  struct sockaddr_un address;
  socklen_t size;
  if (cposix_unix_address(&address, name, length, is_abstract, &size) != 0) return -1;
  int fd = cposix_stream_socket(AF_UNIX);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0) return cposix_give_up(fd);
  return fd;
}

static inline struct sockaddr_in cposix_loopback(uint16_t port) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = (uint16_t)(port << 8 | port >> 8);
  address.sin_addr.s_addr = 0x0100007f; /* 127.0.0.1 in network order */
  return address;
}

static inline int cposix_connect_loopback(uint16_t port) {
  struct sockaddr_in address = cposix_loopback(port);
  int fd = cposix_stream_socket(AF_INET);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
    return cposix_give_up(fd);
  return fd;
}

static inline int cposix_bind_loopback(uint16_t port) {
  struct sockaddr_in address = cposix_loopback(port);
  int yes = 1;
  int fd = cposix_stream_socket(AF_INET);
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
    return cposix_give_up(fd);
  return fd;
}

static inline int cposix_is_terminal(int fd) { return isatty(fd); }

static inline int cposix_wait_exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
static inline int cposix_wait_signal(int status) {
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static inline uint64_t cposix_atomic_add(uint64_t *target, uint64_t amount) {
  return __atomic_add_fetch(target, amount, __ATOMIC_SEQ_CST);
}
static inline uint64_t cposix_atomic_load(const uint64_t *target) {
  return __atomic_load_n(target, __ATOMIC_SEQ_CST);
}
