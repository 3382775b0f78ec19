import Glibc

/// A server's connections are descriptors, and the usual soft limit of 1024 is for programs that use
/// select(2): takes as many as the kernel allows.
func raiseDescriptorLimit() {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(7) /* RLIMIT_NOFILE */, &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  setrlimit(__rlimit_resource_t(7), &limit)
}
