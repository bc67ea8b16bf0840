#include "transport/linux/error_queue.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* Maximum number of messages read per wake-up. */
#define READS_PER_WAKE_UP 32

/* Calls that fail with the error of another datagram, one after the other. On a
 * machine without a flood of ICMP errors it is one. */
#define ATTEMPTS 8u

/* struct sock_extended_err, and its origins, of <linux/errqueue.h>: musl comes
 * without the headers of the kernel. */
typedef struct {
  uint32_t error; /* an errno */
  uint8_t origin;
  uint8_t type;
  uint8_t code;
  uint8_t padding;
  uint32_t info;
  uint32_t data;
} extended_error_t;

#define ORIGIN_ICMP 2
#define ORIGIN_ICMP6 3

/* Larger values are not an errno. */
#define ERRNO_MAX 4095u

/* Copies an address if all of it is there. */
static void copy_address(dgram_address_t* out, const void* from, size_t size) {
  sa_family_t family;
  size_t needed;

  memset(out, 0, sizeof(*out)); /* AF_UNSPEC */
  if (from == NULL || size < sizeof(family))
    return;
  memcpy(&family, from, sizeof(family));
  needed = family == AF_INET ? sizeof(out->in4) : sizeof(out->in6);
  if ((family == AF_INET || family == AF_INET6) && size >= needed)
    memcpy(out, from, needed);
}

/* Reads the `size` bytes of a control message: the error, then the address of
 * the host that reported it. */
static bool decode_error(const char* data,
                         size_t size,
                         dgram_icmp_error_t* out) {
  extended_error_t error;

  if (size < sizeof(error))
    return false;
  memcpy(&error, data, sizeof(error));
  if ((error.origin != ORIGIN_ICMP && error.origin != ORIGIN_ICMP6) ||
      error.error == 0 || error.error > ERRNO_MAX)
    return false;
  out->code = uv_translate_sys_error((int) error.error);
  out->type = error.type;
  out->icmp_code = error.code;
  out->mtu = out->code == UV_EMSGSIZE ? error.info : 0;
  copy_address(&out->offender, data + sizeof(error), size - sizeof(error));
  return true;
}

static bool is_error(const struct cmsghdr* cmsg) {
  return (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_RECVERR) ||
         (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_RECVERR);
}

/* As in ancillary.c, no length is trusted before it is known to lie within the
 * buffer. */
bool dgram_error_queue_decode(const struct msghdr* header,
                              dgram_icmp_error_t* out) {
  const char* next = header->msg_control;
  size_t left = header->msg_controllen;
  struct cmsghdr cmsg;
  size_t step;

  while (left >= sizeof(cmsg)) {
    memcpy(&cmsg, next, sizeof(cmsg));
    if (cmsg.cmsg_len < CMSG_LEN(0) || cmsg.cmsg_len > left)
      return false;
    if (is_error(&cmsg)) {
      copy_address(&out->destination, header->msg_name, header->msg_namelen);
      return decode_error(next + CMSG_LEN(0), cmsg.cmsg_len - CMSG_LEN(0), out);
    }
    step = CMSG_ALIGN(cmsg.cmsg_len);
    if (step >= left)
      return false;
    next += step;
    left -= step;
  }
  return false;
}

/* True for the errors into which the kernel translates ICMP messages: tables
 * icmp_err_convert of net/ipv4/icmp.c, tab_unreach of net/ipv6/icmp.c. `own`:
 * sends have them for reasons of their own, too. */
static bool is_icmp_error(int code, bool* own) {
  switch (-code) {
    case EACCES:
    case EHOSTUNREACH:
    case EMSGSIZE:
    case ENETUNREACH:
      *own = true;
      return true;
    case ECONNREFUSED:
    case EHOSTDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPROTO:
      *own = false;
      return true;
    default:
      return false;
  }
}

bool dgram_error_queue_is_foreign(int code) {
  bool own;

  return is_icmp_error(code, &own) && !own;
}

int dgram_error_queue_check_send(linux_socket_t* self,
                                 int code,
                                 unsigned* attempts) {
  bool own;

  if (is_icmp_error(code, &own)) {
    self->errors_waiting = true;
    if (++*attempts <= ATTEMPTS)
      return 0;
  }
  *attempts = 0; /* for the next datagram, or the same without GSO */
  return code;
}

int dgram_error_queue_check_receive(linux_socket_t* self,
                                    int code,
                                    unsigned* attempts) {
  bool own;

  if (!is_icmp_error(code, &own))
    return code;
  self->errors_waiting = true;
  return ++*attempts <= ATTEMPTS ? 0 : UV_EAGAIN;
}

/* Reads one message of the error queue. Returns false if there is none.
 * `*is_icmp`: it is an ICMP error, in `out`. The payload of the datagram, which
 * comes with it, is not read. */
static bool read_message(int fd, dgram_icmp_error_t* out, bool* is_icmp) {
  _Alignas(struct cmsghdr) char control[DGRAM_ERROR_CONTROL_SIZE];
  dgram_address_t destination;
  struct msghdr header = {
      .msg_name = &destination,
      .msg_namelen = sizeof(destination),
      .msg_control = control,
      .msg_controllen = sizeof(control),
  };
  ssize_t n;

  do
    n = recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return false;
  *is_icmp = dgram_error_queue_decode(&header, out);
  return true;
}

void dgram_error_queue_read(linux_socket_t* self) {
  dgram_socket_t* socket = self->socket;
  dgram_env_t* env = socket->env;
  bool reports = socket->icmp_errors && env->icmp != NULL;
  dgram_icmp_error_t error;
  bool is_icmp;
  int i;

  if (socket->is_unix)
    return; /* U6 */
  for (i = 0; i < READS_PER_WAKE_UP; i++) {
    if (!read_message(dgram_linux_fd(socket), &error, &is_icmp)) {
      self->errors_waiting = false;
      return;
    }
    if (!is_icmp || !reports)
      continue;
    if (socket->dual_stack) {
      dgram_address_unmap(&error.destination);
      dgram_address_unmap(&error.offender);
    }
    env->icmp(socket, &error);
    if (socket->closing)
      return; /* `self` may be freed */
  }
}
