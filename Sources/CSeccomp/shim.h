#pragma once
/* libseccomp's macros as functions. */
#include <errno.h>
#include <seccomp.h>

static inline uint32_t cseccomp_allow(void) { return SCMP_ACT_ALLOW; }
static inline uint32_t cseccomp_kill(void) { return SCMP_ACT_KILL_PROCESS; }
static inline uint32_t cseccomp_errno(int code) { return SCMP_ACT_ERRNO((uint32_t)code); }

/* One rule with up to two conditions `argument & mask == value`; an argument number of -1 is none. */
struct cseccomp_condition {
  int argument;
  uint64_t mask, value;
};
static inline int cseccomp_add(scmp_filter_ctx context, uint32_t action, int number,
                               struct cseccomp_condition condition) {
  if (condition.argument < 0) return seccomp_rule_add_exact_array(context, action, number, 0, 0);
  struct scmp_arg_cmp compare = {(unsigned)condition.argument, SCMP_CMP_MASKED_EQ, condition.mask,
                                 condition.value};
  return seccomp_rule_add_exact_array(context, action, number, 1, &compare);
}
