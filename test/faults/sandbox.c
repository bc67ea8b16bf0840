/* Preloaded: a seccomp filter that denies system calls, as sandboxes do.
 *
 * DGRAM_SANDBOX       the error of denied calls, EPERM or ENOSYS
 * DGRAM_SANDBOX_DENY  their names, separated by commas, of the table below;
 *                     `docker` is every call of the table that Docker's default
 *                     profile denies, and `inet6` denies IPv6 sockets with
 *                     EAFNOSUPPORT. Default: sendmmsg,recvmmsg */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define CODE_MAX 128
#define LOAD(field)                                                            \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)
#define UNLESS(value, skip)                                                    \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))

/* The low half of an argument. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOW_HALF 4
#else
#define LOW_HALF 0
#endif

static const struct {
  const char* name;
  uint32_t number;
  bool docker;
} calls[] = {
    {"sendmmsg", SYS_sendmmsg, false},
    {"recvmmsg", SYS_recvmmsg, false},
    {"acct", SYS_acct, true},
    {"add_key", SYS_add_key, true},
    {"bpf", SYS_bpf, true},
    {"clock_settime", SYS_clock_settime, true},
    {"get_mempolicy", SYS_get_mempolicy, true},
    {"io_uring_enter", SYS_io_uring_enter, true},
    {"io_uring_register", SYS_io_uring_register, true},
    {"io_uring_setup", SYS_io_uring_setup, true},
    {"kcmp", SYS_kcmp, true},
    {"keyctl", SYS_keyctl, true},
    {"mbind", SYS_mbind, true},
    {"mount", SYS_mount, true},
    {"move_pages", SYS_move_pages, true},
    {"open_by_handle_at", SYS_open_by_handle_at, true},
    {"perf_event_open", SYS_perf_event_open, true},
    {"personality", SYS_personality, true},
    {"process_vm_readv", SYS_process_vm_readv, true},
    {"ptrace", SYS_ptrace, true},
    {"request_key", SYS_request_key, true},
    {"set_mempolicy", SYS_set_mempolicy, true},
    {"setns", SYS_setns, true},
    {"unshare", SYS_unshare, true},
    {"userfaultfd", SYS_userfaultfd, true},
};

static struct sock_filter code[CODE_MAX];
static unsigned short length;

static void add(struct sock_filter instruction) {
  if (length == CODE_MAX)
    abort();
  code[length++] = instruction;
}

static void deny_call(uint32_t number, uint32_t error) {
  add((struct sock_filter) UNLESS(number, 1));
  add((struct sock_filter) ANSWER(SECCOMP_RET_ERRNO | error));
}

static void deny_inet6(void) {
  add((struct sock_filter) UNLESS(SYS_socket, 4));
  add((struct sock_filter) LOAD(args[0]));
  code[length - 1].k += LOW_HALF;
  add((struct sock_filter) UNLESS(AF_INET6, 1));
  add((struct sock_filter) ANSWER(SECCOMP_RET_ERRNO | EAFNOSUPPORT));
  add((struct sock_filter) ANSWER(SECCOMP_RET_ALLOW));
}

static bool deny(const char* name, uint32_t error) {
  bool found = false;
  size_t i;

  if (strcmp(name, "inet6") == 0) {
    deny_inet6();
    return true;
  }
  for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
    if (strcmp(name, calls[i].name) != 0 &&
        !(strcmp(name, "docker") == 0 && calls[i].docker))
      continue;
    deny_call(calls[i].number, error);
    found = true;
  }
  return found;
}

__attribute__((constructor)) static void enter_sandbox(void) {
  const char* error_name = getenv("DGRAM_SANDBOX");
  const char* list = getenv("DGRAM_SANDBOX_DENY");
  uint32_t error =
      error_name != NULL && strcmp(error_name, "ENOSYS") == 0 ? ENOSYS : EPERM;
  char names[256];
  char* rest = NULL;
  char* name;
  struct sock_fprog program = {.filter = code};

  (void) snprintf(
      names, sizeof(names), "%s", list != NULL ? list : "sendmmsg,recvmmsg");
  add((struct sock_filter) LOAD(nr));
  for (name = strtok_r(names, ",", &rest); name != NULL;
       name = strtok_r(NULL, ",", &rest)) {
    if (!deny(name, error)) {
      (void) fprintf(stderr, "sandbox: unknown call '%s'\n", name);
      exit(70);
    }
  }
  add((struct sock_filter) ANSWER(SECCOMP_RET_ALLOW));
  program.len = length;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    perror("sandbox");
    exit(70);
  }
}
