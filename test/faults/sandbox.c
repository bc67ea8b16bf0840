/* Preloaded: disables sendmmsg() and recvmmsg(), as the seccomp profiles of
 * some sandboxes do. DGRAM_SANDBOX is the error that they return, EPERM or
 * ENOSYS. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define LOAD_NUMBER                                                            \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)
#define UNLESS(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1)

__attribute__((constructor)) static void enter_sandbox(void) {
  const char* name = getenv("DGRAM_SANDBOX");
  unsigned error = name != NULL && strcmp(name, "ENOSYS") == 0 ? ENOSYS : EPERM;
  struct sock_filter code[] = {
      LOAD_NUMBER,
      UNLESS(SYS_sendmmsg),
      ANSWER(SECCOMP_RET_ERRNO | error),
      UNLESS(SYS_recvmmsg),
      ANSWER(SECCOMP_RET_ERRNO | error),
      ANSWER(SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    perror("sandbox");
    exit(70);
  }
}
