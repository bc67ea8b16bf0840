#include "core/socket.h"
#include "platform/options.h"
#include "platform/platform.h"

/* Interfaces with multicast that "all" covers. */
#define INTERFACES_MAX 1024

int dgram_socket_set_broadcast(dgram_socket_t* socket, int on) {
  return socket->closing ? UV_EBADF : uv_udp_set_broadcast(&socket->udp, on);
}

/* Sets the option of IPv4 on a dual-stack socket, where libuv sets that of IPv6
 * only. It comes first, so that nothing changes if the system refuses it. */
static int set_ip4(dgram_socket_t* socket,
                   dgram_ip4_option_t option,
                   int value) {
  if (socket->closing)
    return UV_EBADF;
  if (!socket->dual_stack)
    return 0;
  /* libuv checks the number before the descriptor. */
  return value < (option == DGRAM_IP4_TTL) || value > 255
             ? UV_EINVAL
             : dgram_platform_set_ip4(&socket->udp, option, value);
}

int dgram_socket_set_ttl(dgram_socket_t* socket, int ttl) {
  int rc = set_ip4(socket, DGRAM_IP4_TTL, ttl);

  return rc != 0 ? rc : uv_udp_set_ttl(&socket->udp, ttl);
}

int dgram_socket_set_multicast_ttl(dgram_socket_t* socket, int ttl) {
  int rc = set_ip4(socket, DGRAM_IP4_MULTICAST_TTL, ttl);

  return rc != 0 ? rc : uv_udp_set_multicast_ttl(&socket->udp, ttl);
}

int dgram_socket_set_multicast_loop(dgram_socket_t* socket, int on) {
  int rc = set_ip4(socket, DGRAM_IP4_MULTICAST_LOOP, on);

  return rc != 0 ? rc : uv_udp_set_multicast_loop(&socket->udp, on);
}

int dgram_socket_set_multicast_interface(dgram_socket_t* socket,
                                         const char* interface_address) {
  if (socket->closing)
    return UV_EBADF;
  return uv_udp_set_multicast_interface(&socket->udp, interface_address);
}

/* libuv binds an unbound socket for a membership, with these arguments. Here it
 * is bound first, so that the options of createSocket() apply. */
static int bind_for_group(dgram_socket_t* socket, int family) {
  dgram_address_t address = {0};

  if (dgram_socket_is_open(socket))
    return 0;
  address.any.sa_family =
      dgram_socket_is_ip6(socket, family) ? AF_INET6 : AF_INET;
  return dgram_socket_bind(socket, &address, DGRAM_BIND_REUSEADDR);
}

static int prepare_membership(dgram_socket_t* socket, const char* group) {
  dgram_address_t address;

  if (socket->closing)
    return UV_EBADF;
  if (!dgram_socket_has_open_options(socket) && !socket->dual_stack)
    return 0;
  if (dgram_address_parse(&address, 4, group, 0) != 0 &&
      dgram_address_parse(&address, 6, group, 0) != 0)
    return UV_EINVAL;
  return bind_for_group(socket, address.any.sa_family);
}

int dgram_socket_set_membership(dgram_socket_t* socket,
                                const char* group,
                                const char* interface_address,
                                uv_membership membership) {
  int rc = prepare_membership(socket, group);

  if (rc != 0)
    return rc;
  return uv_udp_set_membership(
      &socket->udp, group, interface_address, membership);
}

int dgram_socket_set_source_membership(dgram_socket_t* socket,
                                       const char* group,
                                       const char* interface_address,
                                       const char* source,
                                       uv_membership membership) {
  int rc = prepare_membership(socket, group);

  if (rc != 0)
    return rc;
  return uv_udp_set_source_membership(
      &socket->udp, group, interface_address, source, membership);
}

int dgram_socket_recv_buffer(dgram_socket_t* socket, int* size) {
  if (socket->closing)
    return UV_EBADF;
  return uv_recv_buffer_size((uv_handle_t*) &socket->udp, size);
}

int dgram_socket_send_buffer(dgram_socket_t* socket, int* size) {
  if (socket->closing)
    return UV_EBADF;
  return uv_send_buffer_size((uv_handle_t*) &socket->udp, size);
}

static int set_on(const dgram_socket_t* socket,
                  const dgram_membership_t* membership,
                  uint32_t interface_index,
                  bool join) {
  return dgram_platform_set_group(dgram_socket_fd(socket),
                                  membership->group,
                                  membership->source,
                                  interface_index,
                                  join);
}

static bool is_multicast(const dgram_address_t* group) {
  if (group->any.sa_family == AF_INET6)
    return IN6_IS_ADDR_MULTICAST(&group->in6.sin6_addr) != 0;
  return ntohl(group->in4.sin_addr.s_addr) >> 28 == 0xe;
}

/* True if an interface is to be passed over: the socket is (or is not) a member
 * there already, or the interface has gone, or it does not have the family of
 * the group (Linux: UV_EINVAL). */
static bool is_skipped(int rc, bool join) {
  return rc == UV_ENODEV || rc == UV_EINVAL || rc == UV_EADDRNOTAVAIL ||
         (rc == UV_EADDRINUSE && join);
}

/* Undoes the first joins of set_on_all(). */
static void leave_first(const dgram_socket_t* socket,
                        const dgram_membership_t* membership,
                        const uint32_t* joined,
                        int count) {
  while (count-- > 0)
    (void) set_on(socket, membership, joined[count], false);
}

/* To join: it is enough if the socket is a member on one interface afterwards.
 * Any other error undoes the call. To leave: UV_EADDRNOTAVAIL if it was a
 * member on none. */
static int set_on_all(const dgram_socket_t* socket,
                      const dgram_membership_t* membership) {
  uint32_t list[INTERFACES_MAX];
  bool join = membership->join;
  int count = dgram_platform_multicast_interfaces(join, list, INTERFACES_MAX);
  int result = join ? UV_ENODEV : UV_EADDRNOTAVAIL;
  int done = 0;
  int rc;
  int i;

  if (!is_multicast(membership->group))
    return UV_EINVAL;
  for (i = 0; i < count; i++) {
    rc = set_on(socket, membership, list[i], join);
    if (rc == 0)
      list[done++] = list[i];
    else if (!is_skipped(rc, join)) {
      if (join)
        leave_first(socket, membership, list, done);
      return rc;
    }
    if (rc == 0 || rc == UV_EADDRINUSE)
      result = 0;
    else if (join && result != 0)
      result = rc;
  }
  return count < 0 ? count : result;
}

int dgram_socket_set_group(dgram_socket_t* socket,
                           const dgram_membership_t* membership) {
  int interface_index = (int) membership->interface_index;
  int rc;

  if (socket->closing)
    return UV_EBADF;
  rc = bind_for_group(socket, membership->ip6 ? AF_INET6 : AF_INET);
  if (rc != 0)
    return rc;
  if (membership->name != NULL && membership->name[0] == '\0')
    return set_on_all(socket, membership);
  if (membership->name != NULL)
    interface_index = dgram_platform_interface(membership->name);
  if (interface_index < 0)
    return interface_index;
  return set_on(
      socket, membership, (uint32_t) interface_index, membership->join);
}

int dgram_socket_interface_name(const dgram_socket_t* socket,
                                uint32_t index,
                                char* out,
                                size_t size) {
  int fd = dgram_socket_fd(socket);

  return fd < 0 ? fd : dgram_platform_interface_name(fd, index, out, size);
}

int dgram_socket_set_tos(dgram_socket_t* socket, int tos) {
  int fd = dgram_socket_fd(socket);

  return fd < 0 ? fd : dgram_platform_set_tos(fd, tos);
}

int dgram_socket_get_tos(dgram_socket_t* socket) {
  int fd = dgram_socket_fd(socket);

  return fd < 0 ? fd : dgram_platform_get_tos(fd);
}

int dgram_socket_set_fragment(dgram_socket_t* socket, int mode) {
  int fd = dgram_socket_fd(socket);

  if (mode < DGRAM_FRAGMENT || mode > DGRAM_PROBE_MTU)
    return UV_EINVAL;
  return fd < 0 ? fd : dgram_platform_set_fragment(fd, (dgram_fragment_t) mode);
}

int dgram_socket_set_pacing_rate(dgram_socket_t* socket, uint64_t rate) {
  int fd = dgram_socket_fd(socket);

  return fd < 0 ? fd : dgram_platform_set_pacing_rate(fd, rate);
}

int dgram_socket_get_mtu(dgram_socket_t* socket) {
  dgram_address_t peer;
  int rc = dgram_socket_peer(socket, &peer);

  if (rc != 0)
    return rc;
  return dgram_platform_get_mtu(dgram_socket_fd(socket), &peer);
}
