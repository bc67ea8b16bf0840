/* A library for LD_PRELOAD: makes system calls on UDP and Unix datagram sockets
 * fail or return short counts as a script says, and logs the calls.
 *
 * DGRAM_FAULTS is the script, rules separated by semicolons:
 *
 *   CALL:WHEN[:FILTER]=EFFECT
 *
 *   CALL    sendmsg, sendmmsg, send (both); recvmsg, recvmmsg, recv (both);
 *           errqueue (recvmsg of the error queue); setsockopt, connect, bind,
 *           uname, poll (of an epoll descriptor)
 *   WHEN    which of the matching calls: 3, 2-5, 4+, or * for all
 *   FILTER  of a message: segmented (GSO or GRO), unsegmented, length=N (in
 *           all), segment=N, segment>N; of setsockopt: gro, segment,
 *           reuseport, passcred, txtime
 *   EFFECT  an error name; short:N, at most N messages (0: the call succeeds
 *           and reports none); ctrunc, the message arrives with truncated
 *           ancillary data; ready, poll() reports an event; late, the first of
 *           two calls of poll() reports none and the second one does; for
 *           uname, the kernel release to report
 *
 * A filtered send fails as it does in the kernel: the messages before the
 * matching one are sent, and the next call, which begins with it, fails. For
 * ctrunc, WHEN counts the matching messages.
 *
 * DGRAM_FAULTS_LOG is a file that receives one line of JSON a call. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "message.h"

#define RULES_MAX 16
#define LINE_MAX_BYTES 4096

/* SO_TXTIME, missing from <sys/socket.h> of older C libraries. */
#define OPTION_TXTIME 61

/* Distinguishes the options of SOL_SOCKET from those of UDP. */
#define SOCKET_LEVEL 0x10000

typedef enum {
  ANY,
  SEGMENTED,
  UNSEGMENTED,
  LENGTH,
  SEGMENT,
  SEGMENT_ABOVE,
  OPTION
} filter_t;

typedef enum { ERROR, SHORT, CTRUNC, READY, LATE, TEXT } effect_t;

typedef struct {
  unsigned long first;
  unsigned long last;
  unsigned long seen;
  unsigned long filter_value;
  filter_t filter;
  effect_t effect;
  int value; /* the error, or the number of messages */
  char call[16];
  char text[65];
} rule_t;

typedef struct {
  char bytes[LINE_MAX_BYTES];
  size_t length;
} line_t;

static const struct {
  const char* name;
  int value;
} errors[] = {
    {"EACCES", EACCES},
    {"EADDRINUSE", EADDRINUSE},
    {"EAGAIN", EAGAIN},
    {"ECONNREFUSED", ECONNREFUSED},
    {"ECONNRESET", ECONNRESET},
    {"EHOSTUNREACH", EHOSTUNREACH},
    {"EINTR", EINTR},
    {"EINVAL", EINVAL},
    {"EIO", EIO},
    {"EMSGSIZE", EMSGSIZE},
    {"ENETUNREACH", ENETUNREACH},
    {"ENOBUFS", ENOBUFS},
    {"ENOMEM", ENOMEM},
    {"ENOPROTOOPT", ENOPROTOOPT},
    {"ENOTCONN", ENOTCONN},
    {"EPERM", EPERM},
};

static rule_t rules[RULES_MAX];
static size_t rules_count;
static int log_fd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* -- the script ----------------------------------------------------------- */

static bool parse_when(rule_t* rule, char* text) {
  char* end;

  rule->first = 1;
  rule->last = UINT32_MAX;
  if (strcmp(text, "*") == 0)
    return true;
  rule->first = strtoul(text, &end, 10);
  if (end == text)
    return false;
  if (strcmp(end, "+") == 0)
    return true;
  rule->last = rule->first;
  if (*end == '-')
    rule->last = strtoul(end + 1, &end, 10);
  return *end == '\0';
}

static bool parse_filter(rule_t* rule, const char* text) {
  static const struct {
    const char* name;
    filter_t filter;
    bool has_value;
    unsigned long value;
  } filters[] = {
      {"segmented", SEGMENTED, false, 0},
      {"unsegmented", UNSEGMENTED, false, 0},
      {"length=", LENGTH, true, 0},
      {"segment=", SEGMENT, true, 0},
      {"segment>", SEGMENT_ABOVE, true, 0},
      {"gro", OPTION, false, OPTION_GRO},
      {"segment", OPTION, false, OPTION_SEGMENT},
      {"reuseport", OPTION, false, SOCKET_LEVEL | SO_REUSEPORT},
      {"passcred", OPTION, false, SOCKET_LEVEL | SO_PASSCRED},
      {"txtime", OPTION, false, SOCKET_LEVEL | OPTION_TXTIME},
  };
  size_t i;

  if (text == NULL)
    return true;
  for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
    size_t length = strlen(filters[i].name);

    if (strncmp(text, filters[i].name, length) != 0 ||
        (!filters[i].has_value && text[length] != '\0'))
      continue;
    rule->filter = filters[i].filter;
    rule->filter_value = filters[i].has_value ? strtoul(text + length, NULL, 10)
                                              : filters[i].value;
    return true;
  }
  return false;
}

static bool parse_effect(rule_t* rule, const char* text) {
  size_t i;

  if (strcmp(rule->call, "uname") == 0) {
    rule->effect = TEXT;
    (void) snprintf(rule->text, sizeof(rule->text), "%s", text);
    return true;
  }
  if (strcmp(text, "ctrunc") == 0) {
    rule->effect = CTRUNC;
    return true;
  }
  if (strcmp(text, "ready") == 0 || strcmp(text, "late") == 0) {
    rule->effect = text[0] == 'r' ? READY : LATE;
    return strcmp(rule->call, "poll") == 0;
  }
  if (strncmp(text, "short:", 6) == 0) {
    rule->effect = SHORT;
    rule->value = (int) strtol(text + 6, NULL, 10);
    return rule->value >= 0;
  }
  rule->effect = ERROR;
  for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
    if (strcmp(text, errors[i].name) == 0) {
      rule->value = errors[i].value;
      return true;
    }
  }
  return false;
}

static bool parse_rule(const char* text) {
  rule_t* rule = &rules[rules_count];
  char copy[160];
  char* call = copy;
  char* when;
  char* filter;
  char* effect;

  (void) snprintf(copy, sizeof(copy), "%s", text);
  effect = strrchr(copy, '=');
  when = strchr(copy, ':');
  if (effect == NULL || when == NULL || rules_count == RULES_MAX)
    return false;
  *effect++ = '\0';
  *when++ = '\0';
  filter = strchr(when, ':');
  if (filter != NULL)
    *filter++ = '\0';
  if (strlen(call) >= sizeof(rule->call))
    return false;
  memcpy(rule->call, call, strlen(call) + 1);
  rules_count++;
  return parse_when(rule, when) && parse_filter(rule, filter) &&
         parse_effect(rule, effect);
}

__attribute__((constructor)) static void begin(void) {
  const char* script = getenv("DGRAM_FAULTS");
  const char* path = getenv("DGRAM_FAULTS_LOG");
  char* copy;
  char* rest = NULL;
  char* rule;

  if (path != NULL)
    log_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (script == NULL)
    return;
  copy = strdup(script);
  for (rule = strtok_r(copy, ";", &rest); rule != NULL;
       rule = strtok_r(NULL, ";", &rest)) {
    if (!parse_rule(rule)) {
      (void) fprintf(stderr, "DGRAM_FAULTS: cannot read '%s'\n", rule);
      _exit(120);
    }
  }
  free(copy);
}

/* libc's headers use reserved names for parameters. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

/* -- rules ---------------------------------------------------------------- */

/* "send" means sendmsg and sendmmsg, "recv" means recvmsg and recvmmsg. */
static bool is_for(const rule_t* rule, const char* call) {
  return strcmp(rule->call, call) == 0 ||
         (strlen(rule->call) == 4 && strncmp(rule->call, call, 4) == 0);
}

static bool is_due(const rule_t* rule, unsigned long number) {
  return number >= rule->first && number <= rule->last;
}

static bool matches(const rule_t* rule, size_t length, unsigned segment) {
  switch (rule->filter) {
    case SEGMENTED:
      return segment != 0;
    case UNSEGMENTED:
      return segment == 0;
    case LENGTH:
      return length == rule->filter_value;
    case SEGMENT:
      return segment == rule->filter_value;
    case SEGMENT_ABOVE:
      return segment > rule->filter_value;
    case OPTION:
      return false;
    default:
      return true;
  }
}

/* Finds the first message that the rule makes fail. Returns its index, or
 * `n`. */
static unsigned find_failing(rule_t* rule,
                             const struct mmsghdr* messages,
                             unsigned n) {
  unsigned i;

  for (i = 0; i < n; i++) {
    const struct msghdr* header = &messages[i].msg_hdr;
    bool due = is_due(rule, rule->seen + 1);

    if (!matches(rule, length_of(header), segment_of(header, OPTION_SEGMENT)))
      continue;
    if (i == 0)
      rule->seen++;
    if (due)
      return i;
  }
  return n;
}

/* The error of the first rule that matches now and has no message filter; or
 * 0. */
static int take_error(const char* call, int option) {
  int error = 0;
  size_t i;

  pthread_mutex_lock(&lock);
  for (i = 0; i < rules_count; i++) {
    rule_t* rule = &rules[i];

    if (!is_for(rule, call) || rule->effect != ERROR ||
        (rule->filter == OPTION && rule->filter_value != (unsigned) option))
      continue;
    if (is_due(rule, ++rule->seen) && error == 0)
      error = rule->value;
  }
  pthread_mutex_unlock(&lock);
  return error;
}

/* -- the log -------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void add(line_t* line,
                                                      const char* format,
                                                      ...) {
  size_t room = sizeof(line->bytes) - line->length;
  va_list values;
  int n;

  va_start(values, format);
  /* clang-tidy 14 misses va_start() when it checks several files.
   * NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
  n = vsnprintf(line->bytes + line->length, room, format, values);
  va_end(values);
  if (n > 0)
    line->length += (size_t) n < room ? (size_t) n : room - 1;
}

static void begin_line(line_t* line, const char* call, int fd) {
  line->length = 0;
  add(line, "{\"call\":\"%s\",\"fd\":%d", call, fd);
}

/* Preserves errno. */
static void end_line(line_t* line, long result, bool injected) {
  int error = errno;
  ssize_t rc;

  add(line,
      ",\"result\":%ld,\"errno\":%d,\"injected\":%s}\n",
      result,
      result < 0 ? error : 0,
      injected ? "true" : "false");
  if (log_fd >= 0) {
    rc = write(log_fd, line->bytes, line->length);
    (void) rc;
  }
  errno = error;
}

static void add_message(line_t* line, unsigned i, size_t length, unsigned cut) {
  add(line, "%s[%zu,%u]", i == 0 ? "" : ",", length, cut);
}

static int read_option(int fd, int name) {
  int error = errno;
  int value = -1;
  socklen_t size = sizeof(value);

  (void) getsockopt(fd, SOL_SOCKET, name, &value, &size);
  errno = error;
  return value;
}

static bool is_datagram(int fd) {
  return read_option(fd, SO_PROTOCOL) == IPPROTO_UDP ||
         (read_option(fd, SO_DOMAIN) == AF_UNIX &&
          read_option(fd, SO_TYPE) == SOCK_DGRAM);
}

static bool is_epoll(int fd) {
  char path[32];
  char target[32] = "";
  int error = errno;
  ssize_t rc;

  (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  rc = readlink(path, target, sizeof(target) - 1);
  errno = error;
  return rc > 0 && strcmp(target, "anon_inode:[eventpoll]") == 0;
}

/* EFAULT before EBADF, as in qemu-user: it copies the messages before it checks
 * the descriptor. */
static int refuse_nothing(void) {
  errno = EFAULT;
  return -1;
}

/* -- sending -------------------------------------------------------------- */

/* Returns the error, or 0; sets `*limit` to the number of messages to send. */
static int judge_send(const char* call,
                      const struct mmsghdr* messages,
                      unsigned n,
                      unsigned* limit) {
  int error = 0;
  size_t i;

  /* Every rule counts every call, including those that fail by another rule. */
  pthread_mutex_lock(&lock);
  for (i = 0; i < rules_count; i++) {
    rule_t* rule = &rules[i];
    unsigned failing;

    if (!is_for(rule, call))
      continue;
    if (rule->effect == SHORT) {
      if (is_due(rule, ++rule->seen) && *limit > (unsigned) rule->value)
        *limit = (unsigned) rule->value;
      continue;
    }
    failing = find_failing(rule, messages, rule->filter == ANY ? 1 : n);
    if (failing == 0 && error == 0)
      error = rule->value;
    else if (rule->filter != ANY && failing > 0 && failing < *limit)
      *limit = failing;
  }
  pthread_mutex_unlock(&lock);
  return error;
}

static int send_some(const char* call,
                     int fd,
                     struct mmsghdr* messages,
                     unsigned n,
                     int flags) {
  unsigned limit = n;
  int error = judge_send(call, messages, n, &limit);
  line_t line;
  int result = -1;
  unsigned i;

  begin_line(&line, call, fd);
  add(&line, ",\"messages\":[");
  for (i = 0; i < n; i++) {
    const struct msghdr* header = &messages[i].msg_hdr;

    add_message(
        &line, i, length_of(header), segment_of(header, OPTION_SEGMENT));
  }
  add(&line, "]");
  if (error != 0)
    errno = error;
  else
    result = (int) syscall(SYS_sendmmsg, fd, messages, limit, flags);
  end_line(&line, result, error != 0 || limit < n);
  return result;
}

__attribute__((visibility("default"))) int sendmmsg(int fd,
                                                    struct mmsghdr* messages,
                                                    unsigned n,
                                                    int flags) {
  if (messages == NULL)
    return refuse_nothing();
  if (!is_datagram(fd))
    return (int) syscall(SYS_sendmmsg, fd, messages, n, flags);
  return send_some("sendmmsg", fd, messages, n, flags);
}

__attribute__((visibility("default"))) ssize_t
sendmsg(int fd, const struct msghdr* header, int flags) {
  struct mmsghdr message;

  if (!is_datagram(fd))
    return syscall(SYS_sendmsg, fd, header, flags);
  message.msg_hdr = *header;
  message.msg_len = 0;
  if (send_some("sendmsg", fd, &message, 1, flags) < 0)
    return -1;
  return (ssize_t) message.msg_len;
}

/* -- receiving ------------------------------------------------------------ */

static bool spoil(const char* call, struct mmsghdr* message) {
  bool spoilt = false;
  size_t i;

  pthread_mutex_lock(&lock);
  for (i = 0; i < rules_count; i++) {
    rule_t* rule = &rules[i];

    if (!is_for(rule, call) || rule->effect != CTRUNC ||
        !matches(rule,
                 message->msg_len,
                 segment_of(&message->msg_hdr, OPTION_GRO)) ||
        !is_due(rule, ++rule->seen))
      continue;
    cut_control(&message->msg_hdr);
    spoilt = true;
  }
  pthread_mutex_unlock(&lock);
  return spoilt;
}

static unsigned limit_recv(const char* call, unsigned n) {
  unsigned limit = n;
  size_t i;

  pthread_mutex_lock(&lock);
  for (i = 0; i < rules_count; i++) {
    rule_t* rule = &rules[i];

    if (is_for(rule, call) && rule->effect == SHORT &&
        is_due(rule, ++rule->seen) && limit > (unsigned) rule->value)
      limit = (unsigned) rule->value;
  }
  pthread_mutex_unlock(&lock);
  return limit;
}

static int recv_some(const char* call,
                     int fd,
                     struct mmsghdr* messages,
                     unsigned n,
                     int flags,
                     struct timespec* timeout) {
  unsigned limit = limit_recv(call, n);
  int error = take_error(call, 0);
  bool injected = error != 0 || limit < n;
  line_t line;
  int result = -1;
  int i;

  begin_line(&line, call, fd);
  if (error != 0)
    errno = error;
  else
    result = (int) syscall(SYS_recvmmsg, fd, messages, limit, flags, timeout);
  add(&line, ",\"room\":%u,\"messages\":[", n);
  for (i = 0; i < result; i++) {
    add_message(&line,
                (unsigned) i,
                messages[i].msg_len,
                segment_of(&messages[i].msg_hdr, OPTION_GRO));
    injected = spoil(call, &messages[i]) || injected;
  }
  add(&line, "]");
  end_line(&line, result, injected);
  return result;
}

__attribute__((visibility("default"))) int recvmmsg(int fd,
                                                    struct mmsghdr* messages,
                                                    unsigned n,
                                                    int flags,
                                                    struct timespec* timeout) {
  if (messages == NULL)
    return refuse_nothing();
  if (!is_datagram(fd))
    return (int) syscall(SYS_recvmmsg, fd, messages, n, flags, timeout);
  return recv_some("recvmmsg", fd, messages, n, flags, timeout);
}

__attribute__((visibility("default"))) ssize_t recvmsg(int fd,
                                                       struct msghdr* header,
                                                       int flags) {
  const char* call = (flags & MSG_ERRQUEUE) != 0 ? "errqueue" : "recvmsg";
  struct mmsghdr message;

  if (!is_datagram(fd))
    return syscall(SYS_recvmsg, fd, header, flags);
  message.msg_hdr = *header;
  message.msg_len = 0;
  if (recv_some(call, fd, &message, 1, flags, NULL) < 0)
    return -1;
  *header = message.msg_hdr;
  return (ssize_t) message.msg_len;
}

/* -- waiting -------------------------------------------------------------- */

/* The scripted result of this call of poll(): 1, 0, or -1 if there is none. */
static int scripted_readiness(void) {
  int result = -1;
  size_t i;

  pthread_mutex_lock(&lock);
  for (i = 0; i < rules_count; i++) {
    rule_t* rule = &rules[i];

    if ((rule->effect != READY && rule->effect != LATE) ||
        !is_due(rule, ++rule->seen))
      continue;
    result = rule->effect == READY || (rule->seen - rule->first) % 2 == 1;
  }
  pthread_mutex_unlock(&lock);
  return result;
}

static int poll_one(struct pollfd* entry, int timeout) {
  int error = take_error("poll", 0);
  int ready = scripted_readiness();
  line_t line;
  int result = -1;

  begin_line(&line, "poll", entry->fd);
  entry->revents = ready == 1 ? POLLIN : 0;
  if (error != 0)
    errno = error;
  else
    result = ready >= 0 ? ready : (int) syscall(SYS_poll, entry, 1, timeout);
  end_line(&line, result, error != 0 || ready >= 0);
  return result;
}

/* Defined under another name: glibc declares poll() as write-only. */
__attribute__((visibility("default"))) int
faults_poll(struct pollfd* entries, nfds_t n, int timeout) __asm__("poll");

int faults_poll(struct pollfd* entries, nfds_t n, int timeout) {
  if (n != 1 || !is_epoll(entries[0].fd))
    return (int) syscall(SYS_poll, entries, n, timeout);
  return poll_one(entries, timeout);
}

/* -- the rest ------------------------------------------------------------- */

/* The option as a filter names it, or -1. */
static int option_of(int level, int option) {
  if (level == SOL_SOCKET)
    return SOCKET_LEVEL | option;
  return level == IPPROTO_UDP ? option : -1;
}

static int finish(line_t* line, int error, long result) {
  if (error != 0) {
    errno = error;
    result = -1;
  }
  end_line(line, result, error != 0);
  return (int) result;
}

__attribute__((visibility("default"))) int setsockopt(int fd,
                                                      int level,
                                                      int option,
                                                      const void* value,
                                                      socklen_t size) {
  line_t line;
  int number = 0;
  int error;

  if (!is_datagram(fd))
    return (int) syscall(SYS_setsockopt, fd, level, option, value, size);
  error = take_error("setsockopt", option_of(level, option));
  if (size >= sizeof(number))
    memcpy(&number, value, sizeof(number));
  begin_line(&line, "setsockopt", fd);
  add(&line, ",\"level\":%d,\"option\":%d,\"value\":%d", level, option, number);
  return finish(&line,
                error,
                error != 0
                    ? -1
                    : syscall(SYS_setsockopt, fd, level, option, value, size));
}

__attribute__((visibility("default"))) int
connect(int fd, const struct sockaddr* address, socklen_t size) {
  line_t line;
  int error;

  if (!is_datagram(fd))
    return (int) syscall(SYS_connect, fd, address, size);
  error = take_error("connect", 0);
  begin_line(&line, "connect", fd);
  return finish(
      &line, error, error != 0 ? -1 : syscall(SYS_connect, fd, address, size));
}

__attribute__((visibility("default"))) int bind(int fd,
                                                const struct sockaddr* address,
                                                socklen_t size) {
  line_t line;
  int error;

  if (!is_datagram(fd))
    return (int) syscall(SYS_bind, fd, address, size);
  error = take_error("bind", 0);
  begin_line(&line, "bind", fd);
  return finish(
      &line, error, error != 0 ? -1 : syscall(SYS_bind, fd, address, size));
}

__attribute__((visibility("default"))) int uname(struct utsname* name) {
  int result = (int) syscall(SYS_uname, name);
  size_t i;

  for (i = 0; i < rules_count; i++) {
    if (rules[i].effect == TEXT)
      (void) snprintf(
          name->release, sizeof(name->release), "%s", rules[i].text);
  }
  return result;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
