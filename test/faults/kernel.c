/* Scheduled failures of system calls. Preloaded, this library intercepts the
 * calls on one thread's UDP and Unix datagram sockets. It is an addon as well:
 * JavaScript loads a new schedule through it and reads the log. One process can
 * thus try many programs; faults.c runs one script a process.
 *
 *   arm(schedule)   an Int32Array of faults, four numbers each: call, index
 *                   among these calls (from 0), effect, argument. Sockets that
 *                   this thread creates from now on are watched.
 *   disarm()        stops watching them.
 *   attach(memory)  an ArrayBuffer for the log: a count, then records (below).
 *                   JavaScript empties it by setting the count to 0.
 *   serialOf(fd)    the number of a watched socket, 0 for others
 *   adopt(fd, n)    watches a descriptor that came from another process, as
 *                   the socket with this number
 *   portOf(fd)      its port, read without the schedule; 0 if unbound. For a
 *                   Unix socket: the digest of its name
 *   digest(view)    the value in the log of a datagram with these bytes
 *
 * Tests compare programs with the log: one record for each datagram that the
 * kernel accepted or delivered, also within a segment group or GRO buffer.
 *
 * A real kernel never fails epoll_ctl() for a socket that was watched before,
 * and libuv aborts if it does. Only the first epoll_ctl() of a socket fails. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <node_api.h>

#include "message.h"

#define DESCRIPTORS 4096
#define FAULTS_MAX 256

/* Messages per receive call, and ancillary data bytes of each. */
#define RECV_MAX 64
#define CONTROL_MAX 256

/* test/properties/kernel.js has the same order. */
typedef enum {
  SEND,
  RECV,
  SOCKET,
  BIND,
  CONNECT,
  SETSOCKOPT,
  GETSOCKOPT,
  GETSOCKNAME,
  EPOLL_CTL,
  EPOLL_WAIT,
  DUP,
  CALLS
} call_t;

/* Effects other than errors; errors are positive. */
enum {
  NOTHING = 0,
  SHORT = -1,  /* at most `argument` messages */
  CTRUNC = -2, /* message `argument` arrives with truncated ancillary data */
  TRUNC = -3,  /* the first message arrives truncated to `argument` bytes */
  WAKE = -4    /* a spurious wake-up: events + 256 * socket */
};

typedef struct {
  int32_t call;
  int32_t at;
  int32_t effect;
  int32_t argument;
} fault_t;

typedef enum {
  ACCEPTED = 1,   /* the kernel accepted a datagram */
  REJECTED,       /* a send failed; the record is of its first datagram */
  DELIVERED,      /* the kernel delivered a datagram; with a code, truncated by
                  the schedule */
  RECV_FAILED,    /* a receive failed */
  UNREADABLE,     /* DELIVERED, as a GRO buffer without its segment size */
  CALL_FAILED,    /* another call failed */
  FAULT_INJECTED, /* `code` is the effect */
  CONNECTED       /* a connect() of a Unix socket succeeded */
} kind_t;

enum {
  FLAG_SEGMENTED = 1,
  FLAG_TRUNCATED = 2, /* the program's buffer was too small */
};

typedef struct {
  uint32_t kind;
  uint32_t call;
  uint32_t number; /* serial number of the system call */
  uint32_t serial;
  int32_t code;
  uint32_t port; /* of the peer, see portOf(); 0: the connected peer */
  uint32_t length;
  uint32_t digest;
  uint32_t flags;
} record_t;

typedef struct {
  uint32_t serial;
  bool is_unix;
  bool added; /* was added to an epoll descriptor */
  bool watched;
  struct epoll_event interest;
} descriptor_t;

/* All state belongs to the thread that called arm(). Other threads bypass the
 * library. */
static _Thread_local bool armed;
static fault_t schedule[FAULTS_MAX];
static size_t schedule_length;
static int32_t counts[CALLS];
static uint32_t call_number;
static uint32_t last_serial;
static int last_epoll = -1;
static descriptor_t descriptors[DESCRIPTORS];

static uint32_t* log_count;
static record_t* log_records;
static size_t log_room;

/* -- the log -------------------------------------------------------------- */

static descriptor_t* watched(int fd) {
  if (!armed || fd < 0 || fd >= DESCRIPTORS || descriptors[fd].serial == 0)
    return NULL;
  return &descriptors[fd];
}

/* A zeroed record; a spare one when the log is full, which the count shows. */
static record_t* add_record(kind_t kind, call_t call, uint32_t serial) {
  static record_t spare;
  record_t* record = &spare;

  if (log_count != NULL && (*log_count)++ < log_room)
    record = &log_records[*log_count - 1];
  memset(record, 0, sizeof(*record));
  record->kind = kind;
  record->call = call;
  record->number = call_number;
  record->serial = serial;
  return record;
}

/* The fault scheduled for this call, or NULL. */
static fault_t take_fault(call_t call, uint32_t serial) {
  static const fault_t none = {0, 0, NOTHING, 0};
  int32_t at = counts[call]++;
  size_t i;

  call_number++;
  for (i = 0; i < schedule_length; i++) {
    if (schedule[i].call == (int32_t) call && schedule[i].at == at) {
      add_record(FAULT_INJECTED, call, serial)->code = schedule[i].effect;
      return schedule[i];
    }
  }
  return none;
}

/* FNV-1a, of `length` bytes from `offset`. */
static uint32_t digest_of(const struct iovec* vectors,
                          size_t count,
                          size_t offset,
                          size_t length) {
  uint32_t hash = 2166136261u;
  size_t i;
  size_t j;

  for (i = 0; i < count && length > 0; i++) {
    const uint8_t* bytes = vectors[i].iov_base;

    for (j = offset; j < vectors[i].iov_len && length > 0; j++, length--)
      hash = (hash ^ bytes[j]) * 16777619u;
    offset = j > vectors[i].iov_len ? offset - vectors[i].iov_len : 0;
  }
  return hash;
}

/* The digest of the name of a Unix socket; 0 if it has none. */
static uint32_t digest_of_name(const void* address, size_t size) {
  const size_t start = offsetof(struct sockaddr_un, sun_path);
  struct iovec name = {(char*) address + start, size - start};

  if (size <= start)
    return 0;
  if (*(const char*) name.iov_base != '\0')
    name.iov_len = strnlen(name.iov_base, name.iov_len);
  return digest_of(&name, 1, 0, name.iov_len);
}

static uint32_t port_of(const void* name, size_t size) {
  struct sockaddr_in in4; /* the port has the same offset in both families */
  sa_family_t family = AF_UNSPEC;

  if (name != NULL && size >= sizeof(family))
    memcpy(&family, name, sizeof(family));
  if (family == AF_UNIX)
    return digest_of_name(name, size);
  if (name == NULL || size < sizeof(in4))
    return 0;
  memcpy(&in4, name, sizeof(in4));
  return ntohs(in4.sin_port);
}

/* The send settings of a message, as bits of `flags`: TOS + 1 from bit 8 on,
 * the TTL from bit 20 on; 0: none. */
static uint32_t settings_of(const struct msghdr* from) {
  struct msghdr header = *from;
  struct cmsghdr* cmsg;
  uint32_t flags = 0;
  uint32_t value;

  for (cmsg = CMSG_FIRSTHDR(&header); cmsg != NULL;
       cmsg = CMSG_NXTHDR(&header, cmsg)) {
    if (cmsg->cmsg_level == IPPROTO_UDP ||
        cmsg->cmsg_len != CMSG_LEN(sizeof(value)))
      continue;
    memcpy(&value, CMSG_DATA(cmsg), sizeof(value));
    if (cmsg->cmsg_type == IP_TOS || cmsg->cmsg_type == IPV6_TCLASS)
      flags |= (value + 1) << 8;
    else
      flags |= value << 20;
  }
  return flags;
}

/* One record per datagram of a message; with `first`, only its first one. */
static void add_datagrams(kind_t kind,
                          call_t call,
                          uint32_t serial,
                          const struct msghdr* header,
                          size_t length,
                          size_t segment,
                          bool first,
                          int code) {
  size_t offset = 0;

  do {
    size_t size = length - offset;
    record_t* record = add_record(kind, call, serial);

    if (segment != 0 && size > segment)
      size = segment;
    record->code = code;
    record->port = port_of(header->msg_name, header->msg_namelen);
    record->length = (uint32_t) size;
    record->digest =
        digest_of(header->msg_iov, header->msg_iovlen, offset, size);
    if (segment != 0)
      record->flags |= FLAG_SEGMENTED;
    if (kind == ACCEPTED || kind == REJECTED)
      record->flags |= settings_of(header);
    if (kind != ACCEPTED && kind != REJECTED && (header->msg_flags & MSG_TRUNC))
      record->flags |= FLAG_TRUNCATED;
    offset += size;
  } while (offset < length && !first);
}

/* -- the calls ------------------------------------------------------------ */

/* libc's headers use reserved names for parameters. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

#define INTERPOSED __attribute__((visibility("default")))

static int send_some(int fd,
                     uint32_t serial,
                     struct mmsghdr* messages,
                     unsigned n,
                     int flags) {
  fault_t fault = take_fault(SEND, serial);
  const struct msghdr* head = &messages[0].msg_hdr;
  int result = -1;
  int i;

  if (fault.effect == SHORT && n > (unsigned) fault.argument)
    n = (unsigned) fault.argument;
  if (fault.effect > 0)
    errno = fault.effect;
  else
    result = (int) syscall(SYS_sendmmsg, fd, messages, n, flags);
  if (result < 0) {
    int error = errno;

    add_datagrams(REJECTED,
                  SEND,
                  serial,
                  head,
                  length_of(head),
                  segment_of(head, OPTION_SEGMENT),
                  true,
                  error);
    errno = error;
  }
  for (i = 0; i < result; i++) {
    const struct msghdr* header = &messages[i].msg_hdr;

    add_datagrams(ACCEPTED,
                  SEND,
                  serial,
                  header,
                  length_of(header),
                  segment_of(header, OPTION_SEGMENT),
                  false,
                  0);
  }
  return result;
}

INTERPOSED int sendmmsg(int fd,
                        struct mmsghdr* messages,
                        unsigned n,
                        int flags) {
  const descriptor_t* descriptor = watched(fd);

  if (descriptor == NULL || n == 0)
    return (int) syscall(SYS_sendmmsg, fd, messages, n, flags);
  return send_some(fd, descriptor->serial, messages, n, flags);
}

INTERPOSED ssize_t sendmsg(int fd, const struct msghdr* header, int flags) {
  const descriptor_t* descriptor = watched(fd);
  struct mmsghdr message;

  if (descriptor == NULL)
    return syscall(SYS_sendmsg, fd, header, flags);
  message.msg_hdr = *header;
  message.msg_len = 0;
  if (send_some(fd, descriptor->serial, &message, 1, flags) < 0)
    return -1;
  return (ssize_t) message.msg_len;
}

/* The kernel's output beside the payload. It goes to the library's own memory
 * first, so that the log is complete even if the program's room is short. */
typedef struct {
  struct sockaddr_storage names[RECV_MAX];
  _Alignas(struct cmsghdr) char controls[RECV_MAX][CONTROL_MAX];
  void* given_names[RECV_MAX];
  void* given_controls[RECV_MAX];
  socklen_t name_sizes[RECV_MAX];
  size_t control_sizes[RECV_MAX];
} aside_t;

/* Without a control buffer the kernel installs no descriptors that the peer of
 * a Unix socket passes: none is given to it. */
static void take_aside(aside_t* aside,
                       struct mmsghdr* messages,
                       unsigned n,
                       bool is_unix) {
  unsigned i;

  for (i = 0; i < n; i++) {
    struct msghdr* header = &messages[i].msg_hdr;

    aside->given_names[i] = header->msg_name;
    aside->name_sizes[i] = header->msg_name == NULL ? 0 : header->msg_namelen;
    aside->given_controls[i] = header->msg_control;
    aside->control_sizes[i] = header->msg_controllen;
    header->msg_name = &aside->names[i];
    header->msg_namelen = sizeof(aside->names[i]);
    if (is_unix && aside->control_sizes[i] == 0)
      continue;
    header->msg_control = aside->controls[i];
    header->msg_controllen = CONTROL_MAX;
  }
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Copies ancillary data to the program as the kernel does: a control message
 * that does not fit is reduced to its header and the part of its value that
 * fits. */
static void give_back(const aside_t* aside,
                      struct mmsghdr* messages,
                      unsigned n,
                      unsigned filled) {
  unsigned i;

  for (i = 0; i < n; i++) {
    struct msghdr* header = &messages[i].msg_hdr;
    size_t name = least(aside->name_sizes[i], header->msg_namelen);
    size_t control = least(aside->control_sizes[i], header->msg_controllen);

    if (i < filled && name > 0)
      memcpy(aside->given_names[i], &aside->names[i], name);
    if (i < filled && control < header->msg_controllen)
      header->msg_flags |= MSG_CTRUNC;
    if (i < filled && control > 0)
      memcpy(aside->given_controls[i], aside->controls[i], control);
    header->msg_name = aside->given_names[i];
    header->msg_control = aside->given_controls[i];
    header->msg_controllen = i < filled ? control : aside->control_sizes[i];
    if (i >= filled)
      header->msg_namelen = aside->name_sizes[i];
  }
}

/* Without UDP_GRO no message needs its ancillary data. */
static bool has_gro(int fd) {
  int on = 0;
  socklen_t size = sizeof(on);

  return syscall(SYS_getsockopt, fd, IPPROTO_UDP, OPTION_GRO, &on, &size) ==
             0 &&
         on != 0;
}

static void add_received(int fd,
                         uint32_t serial,
                         const struct mmsghdr* message,
                         bool cut,
                         bool shortened) {
  struct msghdr header = message->msg_hdr;

  cut = cut && has_gro(fd);
  shortened = shortened && (header.msg_flags & MSG_TRUNC) != 0;
  if (shortened)
    header.msg_flags &= ~MSG_TRUNC;
  add_datagrams(cut ? UNREADABLE : DELIVERED,
                RECV,
                serial,
                &header,
                message->msg_len,
                cut ? 0 : segment_of(&header, OPTION_GRO),
                false,
                shortened ? EMSGSIZE : 0);
}

/* Reads into the library's own memory, writes the log, and copies to the
 * program as much as it has room for. */
static int recv_aside(int fd,
                      uint32_t serial,
                      struct mmsghdr* messages,
                      unsigned n,
                      int flags,
                      const fault_t* fault) {
  aside_t aside;
  int result;
  int error;
  int cut = -1;
  int i;

  take_aside(&aside, messages, n, descriptors[fd].is_unix);
  result = (int) syscall(SYS_recvmmsg, fd, messages, n, flags, NULL);
  error = errno;
  if (fault->effect == CTRUNC && result > 0)
    cut = fault->argument % result;
  for (i = 0; i < result; i++)
    add_received(
        fd, serial, &messages[i], i == cut, i == 0 && fault->effect == TRUNC);
  if (cut >= 0 && messages[cut].msg_hdr.msg_control != NULL)
    cut_control(&messages[cut].msg_hdr);
  give_back(&aside, messages, n, result > 0 ? (unsigned) result : 0);
  errno = error;
  return result;
}

static int recv_some(int fd,
                     uint32_t serial,
                     struct mmsghdr* messages,
                     unsigned n,
                     int flags) {
  fault_t fault = take_fault(RECV, serial);
  struct iovec* first = messages[0].msg_hdr.msg_iov;
  size_t room = first->iov_len;
  int result = -1;
  int error;

  n = (unsigned) least(n, RECV_MAX);
  if (fault.effect == SHORT)
    n = (unsigned) least(n, (size_t) fault.argument);
  if (fault.effect == TRUNC)
    first->iov_len = least(room, (size_t) fault.argument);
  if (fault.effect > 0)
    errno = fault.effect;
  else
    result = recv_aside(fd, serial, messages, n, flags, &fault);
  error = errno;
  first->iov_len = room;
  if (result < 0 && error != EAGAIN && error != EINTR)
    add_record(RECV_FAILED, RECV, serial)->code = error;
  errno = error;
  return result;
}

INTERPOSED int recvmmsg(int fd,
                        struct mmsghdr* messages,
                        unsigned n,
                        int flags,
                        struct timespec* timeout) {
  const descriptor_t* descriptor = watched(fd);

  if (descriptor == NULL || n == 0)
    return (int) syscall(SYS_recvmmsg, fd, messages, n, flags, timeout);
  return recv_some(fd, descriptor->serial, messages, n, flags);
}

/* Descriptors that arrive over an IPC channel may have the numbers of watched
 * ones that were closed. libuv and Node do not survive a failure of the calls
 * that they make for them. */
static void forget_passed(const struct msghdr* from) {
  struct msghdr header = *from;
  struct cmsghdr* cmsg;

  for (cmsg = CMSG_FIRSTHDR(&header); cmsg != NULL;
       cmsg = CMSG_NXTHDR(&header, cmsg)) {
    size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    size_t i;
    int fd;

    if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
      continue;
    for (i = 0; i < n; i++) {
      memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
      if (fd >= 0 && fd < DESCRIPTORS)
        memset(&descriptors[fd], 0, sizeof(descriptors[fd]));
    }
  }
}

INTERPOSED ssize_t recvmsg(int fd, struct msghdr* header, int flags) {
  const descriptor_t* descriptor = watched(fd);
  struct mmsghdr message;

  if (descriptor == NULL || (flags & MSG_ERRQUEUE) != 0) {
    ssize_t result = syscall(SYS_recvmsg, fd, header, flags);

    if (armed && result >= 0)
      forget_passed(header);
    return result;
  }
  message.msg_hdr = *header;
  message.msg_len = 0;
  if (recv_some(fd, descriptor->serial, &message, 1, flags) < 0)
    return -1;
  *header = message.msg_hdr;
  return (ssize_t) message.msg_len;
}

/* Logs a failure of another call. Preserves errno. */
static int finish(call_t call, uint32_t serial, int injected, long result) {
  int error;

  if (injected > 0) {
    errno = injected;
    result = -1;
  }
  error = errno;
  if (result < 0)
    add_record(CALL_FAILED, call, serial)->code = error;
  errno = error;
  return (int) result;
}

/* Fails `call` as scheduled, or makes it. */
#define TRY(call, number, fd, ...)                                             \
  const descriptor_t* descriptor = watched(fd);                                \
  int error;                                                                   \
                                                                               \
  if (descriptor == NULL)                                                      \
    return (int) syscall(number, fd, __VA_ARGS__);                             \
  error = take_fault(call, descriptor->serial).effect;                         \
  return finish(call,                                                          \
                descriptor->serial,                                            \
                error,                                                         \
                error > 0 ? -1 : syscall(number, fd, __VA_ARGS__))

INTERPOSED int bind(int fd, const struct sockaddr* address, socklen_t size) {
  TRY(BIND, SYS_bind, fd, address, size);
}

static int try_connect(int fd, const struct sockaddr* address, socklen_t size) {
  TRY(CONNECT, SYS_connect, fd, address, size);
}

INTERPOSED int connect(int fd, const struct sockaddr* address, socklen_t size) {
  int result = try_connect(fd, address, size);
  const descriptor_t* descriptor = watched(fd);

  if (result == 0 && descriptor != NULL && descriptor->is_unix)
    add_record(CONNECTED, CONNECT, descriptor->serial);
  return result;
}

INTERPOSED int setsockopt(int fd,
                          int level,
                          int option,
                          const void* value,
                          socklen_t size) {
  TRY(SETSOCKOPT, SYS_setsockopt, fd, level, option, value, size);
}

INTERPOSED int getsockopt(int fd,
                          int level,
                          int option,
                          void* value,
                          socklen_t* size) {
  /* The transport asks for GRO after CTRUNC; the log must agree. A kernel
   * always knows the type of a socket, and addon/descriptors.c closes no
   * others. */
  if ((level == IPPROTO_UDP && option == OPTION_GRO) ||
      (level == SOL_SOCKET && option == SO_TYPE))
    return (int) syscall(SYS_getsockopt, fd, level, option, value, size);
  TRY(GETSOCKOPT, SYS_getsockopt, fd, level, option, value, size);
}

INTERPOSED int getsockname(int fd, struct sockaddr* address, socklen_t* size) {
  TRY(GETSOCKNAME, SYS_getsockname, fd, address, size);
}

/* A duplicate is watched as the same socket. */
static int try_dup(int fd, long least) {
  TRY(DUP, SYS_fcntl, fd, F_DUPFD_CLOEXEC, least);
}

INTERPOSED int fcntl(int fd, int command, ...) {
  const descriptor_t* descriptor = watched(fd);
  va_list arguments;
  long argument;
  int result;

  va_start(arguments, command);
  argument = va_arg(arguments, long);
  va_end(arguments);
  if (descriptor == NULL || command != F_DUPFD_CLOEXEC)
    return (int) syscall(SYS_fcntl, fd, command, argument);
  result = try_dup(fd, argument);
  if (result >= 0 && result < DESCRIPTORS) {
    descriptors[result] = *descriptor;
    descriptors[result].watched = false;
  }
  return result;
}

/* With _FILE_OFFSET_BITS=64. */
INTERPOSED int fcntl64(int fd, int command, ...)
    __attribute__((alias("fcntl")));

INTERPOSED int socket(int domain, int type, int protocol) {
  bool is_unix = domain == AF_UNIX;
  bool ours = armed && (domain == AF_INET || domain == AF_INET6 || is_unix) &&
              (type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) == SOCK_DGRAM;
  int error = ours ? take_fault(SOCKET, 0).effect : 0;
  int fd = -1;

  if (error > 0)
    errno = error;
  else
    fd = (int) syscall(SYS_socket, domain, type, protocol);
  if (ours && fd < 0)
    (void) finish(SOCKET, 0, 0, -1);
  if (armed && fd >= 0 && fd < DESCRIPTORS) {
    memset(&descriptors[fd], 0, sizeof(descriptors[fd]));
    descriptors[fd].serial = ours ? ++last_serial : 0;
    descriptors[fd].is_unix = is_unix;
  }
  return fd;
}

INTERPOSED int epoll_ctl(int epoll, int op, int fd, struct epoll_event* event) {
  descriptor_t* descriptor = watched(fd);
  int error = 0;
  int result;

  if (descriptor == NULL)
    return (int) syscall(SYS_epoll_ctl, epoll, op, fd, event);
  if (op == EPOLL_CTL_ADD && !descriptor->added)
    error = take_fault(EPOLL_CTL, descriptor->serial).effect;
  if (error > 0)
    return finish(EPOLL_CTL, descriptor->serial, error, -1);
  result = (int) syscall(SYS_epoll_ctl, epoll, op, fd, event);
  if (result == 0) {
    descriptor->added = true;
    descriptor->watched = op != EPOLL_CTL_DEL;
    if (descriptor->watched)
      descriptor->interest = *event;
    last_epoll = epoll;
  }
  return result;
}

/* A spurious wake-up of one of the watched sockets. */
static bool wake(int argument, struct epoll_event* event) {
  unsigned which = (unsigned) argument >> 8;
  unsigned n = 0;
  int fd;

  for (fd = 0; fd < DESCRIPTORS; fd++)
    n += descriptors[fd].serial != 0 && descriptors[fd].watched;
  for (fd = 0; n > 0 && fd < DESCRIPTORS; fd++) {
    if (descriptors[fd].serial == 0 || !descriptors[fd].watched)
      continue;
    if (which % n == 0) {
      *event = descriptors[fd].interest;
      event->events = (unsigned) argument & 255;
      return true;
    }
    which--;
  }
  return false;
}

INTERPOSED int epoll_pwait(int epoll,
                           struct epoll_event* events,
                           int room,
                           int timeout,
                           const sigset_t* mask) {
  fault_t fault = {0, 0, NOTHING, 0};

  if (armed && epoll == last_epoll)
    fault = take_fault(EPOLL_WAIT, 0);
  if (fault.effect == WAKE && room > 0 && wake(fault.argument, &events[0]))
    return 1;
  if (fault.effect > 0) {
    errno = fault.effect;
    return -1;
  }
  return (int) syscall(
      SYS_epoll_pwait, epoll, events, room, timeout, mask, _NSIG / 8);
}

INTERPOSED int epoll_wait(int epoll,
                          struct epoll_event* events,
                          int room,
                          int timeout) {
  return epoll_pwait(epoll, events, room, timeout, NULL);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* -- the addon ------------------------------------------------------------ */

/* Returns NULL, so that the call throws the pending Node-API error. */
#define MUST(expression)                                                       \
  do {                                                                         \
    if ((expression) != napi_ok) {                                             \
      napi_throw_error(env, NULL, #expression);                                \
      return NULL;                                                             \
    }                                                                          \
  } while (0)

static napi_value argument(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t argc = 1;

  MUST(napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  return value;
}

static napi_value number(napi_env env, uint32_t value) {
  napi_value result;

  MUST(napi_create_uint32(env, value, &result));
  return result;
}

static napi_value js_attach(napi_env env, napi_callback_info info) {
  napi_value memory = argument(env, info);
  napi_ref keep;
  void* data;
  size_t size;

  MUST(napi_get_arraybuffer_info(env, memory, &data, &size));
  MUST(napi_create_reference(env, memory, 1, &keep));
  log_count = data;
  log_records = (record_t*) (log_count + 1);
  log_room = (size - sizeof(*log_count)) / sizeof(*log_records);
  return NULL;
}

static void forget(void) {
  memset(descriptors, 0, sizeof(descriptors));
  memset(counts, 0, sizeof(counts));
  schedule_length = 0;
  last_epoll = -1;
  armed = false;
}

static napi_value js_arm(napi_env env, napi_callback_info info) {
  napi_value value = argument(env, info);
  napi_typedarray_type type;
  size_t length;
  void* data;

  MUST(napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL));
  if (type != napi_int32_array || length > FAULTS_MAX * 4 || length % 4 != 0) {
    napi_throw_range_error(env, NULL, "no schedule");
    return NULL;
  }
  forget();
  if (length > 0)
    memcpy(schedule, data, length * sizeof(int32_t));
  schedule_length = length / 4;
  armed = true;
  return NULL;
}

static napi_value js_disarm(napi_env env, napi_callback_info info) {
  (void) env;
  (void) info;
  forget();
  return NULL;
}

static napi_value js_serial_of(napi_env env, napi_callback_info info) {
  const descriptor_t* descriptor;
  int32_t fd;

  MUST(napi_get_value_int32(env, argument(env, info), &fd));
  descriptor = watched(fd);
  return number(env, descriptor == NULL ? 0 : descriptor->serial);
}

static napi_value js_adopt(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  size_t argc = 2;
  uint32_t serial;
  int32_t fd;

  MUST(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  MUST(napi_get_value_int32(env, argv[0], &fd));
  MUST(napi_get_value_uint32(env, argv[1], &serial));
  if (fd >= 0 && fd < DESCRIPTORS) {
    memset(&descriptors[fd], 0, sizeof(descriptors[fd]));
    descriptors[fd].serial = serial;
  }
  return NULL;
}

static napi_value js_port_of(napi_env env, napi_callback_info info) {
  struct sockaddr_storage name = {0};
  socklen_t size = sizeof(name);
  int32_t fd;

  MUST(napi_get_value_int32(env, argument(env, info), &fd));
  if (syscall(SYS_getsockname, fd, &name, &size) != 0)
    size = 0;
  return number(env, port_of(&name, size));
}

static napi_value js_digest(napi_env env, napi_callback_info info) {
  napi_typedarray_type type;
  struct iovec vector;

  MUST(napi_get_typedarray_info(env,
                                argument(env, info),
                                &type,
                                &vector.iov_len,
                                &vector.iov_base,
                                NULL,
                                NULL));
  return number(env, digest_of(&vector, 1, 0, vector.iov_len));
}

#define FUNCTION(name, function)                                               \
  { name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL }

NAPI_MODULE_INIT() {
  static const napi_property_descriptor functions[] = {
      FUNCTION("attach", js_attach),
      FUNCTION("arm", js_arm),
      FUNCTION("disarm", js_disarm),
      FUNCTION("serialOf", js_serial_of),
      FUNCTION("adopt", js_adopt),
      FUNCTION("portOf", js_port_of),
      FUNCTION("digest", js_digest),
  };

  MUST(napi_define_properties(
      env, exports, sizeof(functions) / sizeof(functions[0]), functions));
  return exports;
}
