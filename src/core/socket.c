#include "core/socket.h"

#include <stdlib.h>

#include "core/assert.h"
#include "core/held.h"
#include "core/unix_socket.h"
#include "platform/platform.h"
#include "transport/transport.h"

/* The first libuv with UV_UDP_REUSEPORT. */
#define UV_1_49 0x013100u

static int init_handle(dgram_socket_t* socket) {
  int rc = uv_udp_init_ex(
      socket->env->loop, &socket->udp, AF_UNSPEC | UV_UDP_RECVMMSG);

  if (rc == 0)
    socket->env->handles_open++;
  return rc;
}

int dgram_socket_new(dgram_env_t* env, dgram_socket_t** out) {
  return dgram_socket_allocate(env, sizeof(dgram_socket_t), out);
}

int dgram_socket_allocate(dgram_env_t* env, size_t size, dgram_socket_t** out) {
  dgram_socket_t* socket = calloc(1, size);
  int rc;

  dgram_socket_free_pending(env);
  if (socket == NULL)
    return UV_ENOMEM;
  socket->env = env;
  socket->block = DGRAM_ITERATION_DATAGRAMS;
  socket->send_mark = DGRAM_SEND_MARK;
  rc = dgram_env_add_socket(env, socket);
  if (rc != 0) {
    free(socket);
    return rc;
  }
  rc = init_handle(socket);
  if (rc != 0) {
    dgram_env_remove_socket(env, socket);
    free(socket);
    return rc;
  }
  *out = socket;
  return 0;
}

void dgram_socket_use(dgram_socket_t* socket) {
  socket->uses++;
}

/* libuv may still access the handle after its callback returns, so it is freed
 * when the next socket is created. */
void dgram_socket_unuse(dgram_socket_t* socket) {
  dgram_env_t* env = socket->env;

  DGRAM_ASSERT(socket->uses > 0);
  if (--socket->uses > 0 || !socket->closed)
    return;
  socket->next_pending = env->pending_free;
  env->pending_free = socket;
}

void dgram_socket_free_pending(dgram_env_t* env) {
  while (env->pending_free != NULL) {
    dgram_socket_t* socket = env->pending_free;

    DGRAM_ASSERT(socket->uses == 0 && socket->closed);
    env->pending_free = socket->next_pending;
    free(socket);
  }
}

bool dgram_socket_is_open(const dgram_socket_t* socket) {
  uv_os_fd_t fd;

  return uv_fileno((const uv_handle_t*) &socket->udp, &fd) == 0;
}

static void on_replaced_closed(uv_handle_t* handle) {
  dgram_socket_t* socket = (dgram_socket_t*) handle;
  dgram_env_t* env = socket->env;

  socket->closed = true;
  if (socket->uses == 0)
    free(socket); /* else dgram_socket_unuse() frees it */
  dgram_env_handle_closed(env);
}

/* After a failed bind libuv keeps the descriptor it created until the handle is
 * closed. So `socket` is closed and a new one takes its place: JavaScript has
 * only the id, and sees no difference. If there is no memory for a new one,
 * nothing changes. */
static void replace(dgram_socket_t* socket) {
  dgram_socket_t* successor = calloc(1, sizeof(*successor));

  if (successor == NULL)
    return;
  successor->env = socket->env;
  successor->block = socket->block;
  successor->send_mark = socket->send_mark;
  if (init_handle(successor) != 0) {
    free(successor);
    return;
  }
  if (!uv_has_ref((const uv_handle_t*) &socket->udp))
    uv_unref((uv_handle_t*) &successor->udp);
  successor->transport_data = socket->transport_data;
  successor->stats = socket->stats;
  successor->drops_reported = socket->drops_reported;
  successor->icmp_errors = socket->icmp_errors;
  successor->dual_stack = socket->dual_stack;
  successor->open_options = socket->open_options;
  successor->failed_option = socket->failed_option;
  successor->receive_info = socket->receive_info;
  socket->open_options = NULL;
  dgram_env_replace_socket(socket->env, socket, successor);
  successor->env->transport->moved(successor);
  socket->closing = true;
  uv_close((uv_handle_t*) &socket->udp, on_replaced_closed);
}

/* Sets the options of dgram_socket_set_open_options() and
 * dgram_socket_set_receive_info() on a descriptor. */
int dgram_socket_apply_options(dgram_socket_t* socket, int fd) {
  const char* failed = NULL;
  int rc = 0;

  if (socket->open_options != NULL)
    rc = dgram_platform_set_open_options(fd, socket->open_options, &failed);
  if (rc == 0 && socket->receive_info != 0) {
    failed = "receiveInfo";
    rc = dgram_platform_set_receive_info(fd, socket->receive_info);
  }
  socket->failed_option = rc == 0 ? NULL : failed;
  return rc;
}

/* Of a bound descriptor. */
static int apply_steering(dgram_socket_t* socket, int fd) {
  int rc = 0;

  if (socket->open_options != NULL &&
      socket->open_options->steering.workers != 0)
    rc = dgram_platform_set_steering(fd, &socket->open_options->steering);
  if (rc != 0)
    socket->failed_option = "steering";
  return rc;
}

/* With GRO the kernel selects one socket for datagrams with different keys. */
static void keep_keys_apart(dgram_socket_t* socket) {
  if (socket->open_options != NULL &&
      socket->open_options->steering.length != 0)
    socket->env->transport->share(socket);
}

int dgram_socket_set_open_options(dgram_socket_t* socket,
                                  const dgram_open_options_t* options) {
  int rc;

  if (socket->closing)
    return UV_EBADF;
  if (socket->open_options == NULL)
    socket->open_options = malloc(sizeof(*options));
  if (socket->open_options == NULL)
    return UV_ENOMEM;
  *socket->open_options = *options;
  socket->icmp_errors = options->icmp_errors > 0;
  if (!dgram_socket_is_open(socket))
    return 0;
  rc = dgram_socket_apply_options(socket, dgram_socket_fd(socket));
  if (rc == 0)
    rc = apply_steering(socket, dgram_socket_fd(socket));
  if (rc == 0)
    keep_keys_apart(socket);
  return rc;
}

int dgram_socket_set_receive_info(dgram_socket_t* socket, uint32_t info) {
  if (socket->closing)
    return UV_EBADF;
  socket->receive_info = info;
  if (!dgram_socket_is_open(socket))
    return 0;
  return dgram_socket_apply_options(socket, dgram_socket_fd(socket));
}

int dgram_socket_set_dual_stack(dgram_socket_t* socket, int on) {
  dgram_address_t name;

  if (socket->closing)
    return UV_EBADF;
  socket->dual_stack = on != 0;
  if (dgram_socket_is_open(socket) && dgram_socket_name(socket, &name) == 0 &&
      name.any.sa_family != AF_INET6)
    socket->dual_stack = false;
  return socket->dual_stack;
}

/* Called with the result of a function that may have created a descriptor. */
static int check_bind(dgram_socket_t* socket, bool was_open, int rc) {
  if (rc != 0 && !was_open && dgram_socket_is_open(socket))
    replace(socket);
  return rc;
}

void dgram_socket_detect_connected(dgram_socket_t* socket) {
  dgram_address_t peer;

  socket->connected = dgram_socket_peer(socket, &peer) == 0;
  socket->peer_is_ip4 = socket->connected && dgram_address_is_ip4(&peer);
  socket->connections++;
}

/* True for pipes, files, streams and the like, which libuv does not reject.
 * Types unknown to the system are left to libuv. */
static bool is_not_udp(int fd) {
  uv_handle_type type = uv_guess_handle(fd);

  return fd >= 0 && type != UV_UDP && type != UV_UNKNOWN_HANDLE;
}

int dgram_socket_open(dgram_socket_t* socket, int fd) {
  int rc;

  if (socket->closing)
    return UV_EBADF;
  if (is_not_udp(fd))
    return UV_EINVAL;
  /* libuv aborts if it has to close one of these. */
  if (fd >= 0 && fd <= 2)
    return dgram_socket_adopt(socket, fd);
  rc = dgram_socket_apply_options(socket, fd);
  if (rc == 0)
    rc = apply_steering(socket, fd);
  if (rc == 0)
    rc = uv_udp_open(&socket->udp, (uv_os_sock_t) fd);
  if (rc != 0)
    return rc;
  socket->shared = true; /* its creator may still use it */
  dgram_stats_ignore_drops(socket);
  dgram_socket_detect_connected(socket);
  return 0;
}

int dgram_socket_adopt(dgram_socket_t* socket, int fd) {
  int copy;
  int rc;

  if (socket->closing)
    return UV_EBADF;
  if (is_not_udp(fd))
    return UV_EINVAL;
  copy = dgram_platform_dup(fd);
  if (copy < 0)
    return copy;
  rc = dgram_socket_apply_options(socket, copy);
  if (rc == 0)
    rc = apply_steering(socket, copy);
  if (rc == 0)
    rc = uv_udp_open(&socket->udp, (uv_os_sock_t) copy);
  if (rc != 0) {
    dgram_platform_close(copy);
    return rc;
  }
  socket->shared = true;
  dgram_stats_ignore_drops(socket);
  dgram_socket_detect_connected(socket);
  return 0;
}

int dgram_socket_fd(const dgram_socket_t* socket) {
  return socket->closing ? UV_EBADF : dgram_platform_fd(&socket->udp);
}

int dgram_socket_reveal(dgram_socket_t* socket) {
  int fd = dgram_socket_fd(socket);

  if (fd >= 0) {
    socket->revealed = true;
    socket->env->transport->share(socket);
  }
  return fd;
}

int dgram_socket_share(dgram_socket_t* socket) {
  int fd = dgram_socket_reveal(socket);

  if (fd < 0)
    return fd;
  socket->shared = true;
  return dgram_platform_dup(fd);
}

/* Creates the descriptor, which libuv would do in uv_udp_bind(). Returns it, or
 * a UV_ code. */
static int create_descriptor(dgram_socket_t* socket, int family) {
  int fd = dgram_platform_socket(family);
  int rc;

  if (fd < 0)
    return fd;
  rc = uv_udp_open(&socket->udp, (uv_os_sock_t) fd);
  if (rc != 0) {
    dgram_platform_close(fd);
    return rc;
  }
  /* From here on libuv owns the descriptor, even if the rest fails. */
  rc = dgram_platform_clear_reuseaddr(fd);
  return rc == 0 ? fd : rc;
}

/* Replaces UV_UDP_REUSEPORT, which libuv supports since 1.49. */
static int prepare_reuseport(dgram_socket_t* socket, int family) {
  int fd = dgram_platform_fd(&socket->udp);

  if (fd < 0)
    fd = create_descriptor(socket, family);
  return fd < 0 ? fd : dgram_platform_set_reuseport(fd);
}

/* Creates the descriptor if libuv would not set all of its options. */
static int prepare_descriptor(dgram_socket_t* socket, int family) {
  bool has_options = dgram_socket_has_open_options(socket);
  int fd;
  int rc = 0;

  if (!(has_options || socket->dual_stack) || dgram_socket_is_open(socket))
    return 0;
  fd = create_descriptor(socket, family);
  if (fd == UV_ENOTSUP && !has_options)
    return 0; /* Windows, where libuv clears IPV6_V6ONLY itself */
  if (fd >= 0 && socket->dual_stack)
    rc = dgram_platform_clear_v6only(fd);
  if (fd < 0 || rc != 0)
    return fd < 0 ? fd : rc;
  return dgram_socket_apply_options(socket, fd);
}

static int bind_to(dgram_socket_t* socket,
                   const dgram_address_t* address,
                   unsigned flags) {
  int rc = prepare_descriptor(socket, address->any.sa_family);

  if (rc != 0)
    return rc;
  if ((flags & DGRAM_BIND_REUSEPORT) && uv_version() < UV_1_49) {
    if ((flags & DGRAM_BIND_IPV6ONLY) && address->any.sa_family != AF_INET6)
      return UV_EINVAL;
    rc = prepare_reuseport(socket, address->any.sa_family);
    if (rc != 0)
      return rc;
    flags &= ~DGRAM_BIND_REUSEPORT;
  }
  return uv_udp_bind(&socket->udp, &address->any, flags);
}

int dgram_socket_bind(dgram_socket_t* socket,
                      const dgram_address_t* address,
                      unsigned flags) {
  bool was_open = dgram_socket_is_open(socket);
  int rc;

  if (socket->closing)
    return UV_EBADF;
  rc = bind_to(socket, address, flags);
  if (rc == 0 && (flags & DGRAM_BIND_REUSEPORT)) {
    rc = apply_steering(socket, dgram_socket_fd(socket));
    if (rc == 0)
      keep_keys_apart(socket);
  }
  return check_bind(socket, was_open, rc);
}

int dgram_socket_bind_any(dgram_socket_t* socket, int family) {
  dgram_address_t address = {0};

  if (socket->is_unix)
    return dgram_unix_socket_ensure(socket);
  address.any.sa_family =
      dgram_socket_is_ip6(socket, family) ? AF_INET6 : AF_INET;
  return dgram_socket_bind(socket, &address, 0);
}

int dgram_socket_connect(dgram_socket_t* socket, const dgram_address_t* peer) {
  bool was_open = dgram_socket_is_open(socket);
  int rc;

  if (socket->closing)
    return UV_EBADF;
  rc = prepare_descriptor(socket, peer->any.sa_family);
  if (rc == 0)
    rc = uv_udp_connect(&socket->udp, &peer->any);
  if (rc == 0) {
    socket->connected = true;
    socket->peer_is_ip4 = dgram_address_is_ip4(peer);
    socket->connections++;
  }
  return check_bind(socket, was_open, rc);
}

int dgram_socket_disconnect(dgram_socket_t* socket) {
  int rc;

  if (socket->closing)
    return UV_EBADF;
  rc = uv_udp_connect(&socket->udp, NULL);
  if (rc == 0)
    socket->connected = socket->peer_is_ip4 = false;
  return rc;
}

int dgram_socket_name(const dgram_socket_t* socket, dgram_address_t* out) {
  int size = sizeof(*out);

  if (socket->closing)
    return UV_EBADF;
  return uv_udp_getsockname(&socket->udp, &out->any, &size);
}

int dgram_socket_peer(const dgram_socket_t* socket, dgram_address_t* out) {
  int size = sizeof(*out);

  if (socket->closing)
    return UV_EBADF;
  return uv_udp_getpeername(&socket->udp, &out->any, &size);
}

int dgram_socket_start(dgram_socket_t* socket) {
  int rc;

  if (socket->closing)
    return UV_EBADF;
  /* Held datagrams come first, then dgram_held_deliver() starts it. */
  rc = socket->holds ? 0 : socket->env->transport->start(socket);
  if (rc == 0)
    socket->reading = true;
  dgram_delivery_update(socket->env, socket);
  return rc;
}

int dgram_socket_stop(dgram_socket_t* socket) {
  if (socket->closing)
    return UV_EBADF;
  socket->reading = false;
  dgram_delivery_hold(socket->env, socket);
  dgram_delivery_update(socket->env, socket);
  return socket->env->transport->stop(socket);
}

int dgram_socket_set_send_mark(dgram_socket_t* socket, uint32_t bytes) {
  if (socket->closing)
    return UV_EBADF;
  socket->send_mark = bytes;
  return 0;
}

size_t dgram_socket_queue_size(const dgram_socket_t* socket) {
  return socket->env->transport->queue_size(socket);
}

size_t dgram_socket_queue_count(const dgram_socket_t* socket) {
  return socket->env->transport->queue_count(socket);
}

void dgram_socket_ref(dgram_socket_t* socket) {
  if (socket->closing)
    return;
  uv_ref((uv_handle_t*) &socket->udp);
  socket->env->transport->ref_changed(socket);
  dgram_delivery_update(socket->env, socket);
}

void dgram_socket_unref(dgram_socket_t* socket) {
  if (socket->closing)
    return;
  uv_unref((uv_handle_t*) &socket->udp);
  socket->env->transport->ref_changed(socket);
  dgram_delivery_update(socket->env, socket);
}

bool dgram_socket_has_ref(const dgram_socket_t* socket) {
  return !socket->closing && uv_has_ref((const uv_handle_t*) &socket->udp);
}

void dgram_socket_close(dgram_socket_t* socket) {
  if (socket->closing)
    return;
  /* For dgram_stats_sum(). A socket that has received one datagram or none is
   * not worth a system call: many are opened for one request. */
  if (socket->stats.received > 1)
    (void) dgram_stats_read_drops(socket);
  if (socket->is_unix)
    dgram_unix_socket_remove_file(socket);
  socket->closing = true;
  socket->reading = false;
  dgram_env_remove_starting(socket->env, socket);
  dgram_held_drop(socket->env, socket);
  dgram_delivery_update(socket->env, socket);
  socket->env->transport->close(socket);
}

uint32_t dgram_socket_read_max(const dgram_socket_t* socket) {
  return socket->shared ? 1 : DGRAM_RECV_SLOTS;
}

static void on_handle_closed(uv_handle_t* handle) {
  dgram_socket_t* socket = (dgram_socket_t*) handle;
  dgram_env_t* env = socket->env;

  dgram_socket_use(socket);
  env->transport->closed(socket);
  dgram_stats_add(&env->closed_stats, &socket->stats);
  free(socket->open_options);
  socket->open_options = NULL;
  socket->closed = true;
  dgram_env_remove_socket(env, socket);
  env->closed(socket);
  if (--socket->uses == 0)
    free(socket);
  dgram_env_handle_closed(env);
}

void dgram_socket_release(dgram_socket_t* socket) {
  uv_close((uv_handle_t*) &socket->udp, on_handle_closed);
}
