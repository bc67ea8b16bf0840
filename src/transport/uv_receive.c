/* Receiving on libuv alone. */
#include "core/delivery.h"
#include "core/inbox.h"
#include "core/socket.h"
#include "platform/platform.h"
#include "transport/uv.h"

/* libuv divides the receive buffer into slots of 64 KiB if it has recvmmsg(),
 * and otherwise fills the first one. It reads until it has 32 datagrams, so two
 * reads of 16 do not exceed that. */
#define SLOTS_MAX (DGRAM_ITERATION_DATAGRAMS / 2)

/* The buffer that on_alloc() returns if it has no inbox. Its length of 0 makes
 * libuv report UV_ENOBUFS, and its address tells that from the kernel's error:
 * Windows may report ENOBUFS too. */
static char no_inbox;

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
  dgram_socket_t* socket = (dgram_socket_t*) handle;
  dgram_env_t* env = socket->env;
  uint32_t slots = dgram_socket_read_max(socket);

  (void) suggested;
  if (!dgram_inbox_acquire(env, socket)) {
    *buf = uv_buf_init(&no_inbox, 0);
    return;
  }
  if (slots > SLOTS_MAX)
    slots = SLOTS_MAX;
  if (slots > env->inbox->slots)
    slots = env->inbox->slots;
  /* libuv calls back before each receive. */
  dgram_socket_stats(socket)->receive_calls++;
  *buf = uv_buf_init((char*) env->inbox->recv_buffer,
                     slots * DGRAM_RECV_SLOT_SIZE);
}

/* The length of a datagram, or a UV_ code. If other code has set IP_RECVERR on
 * the descriptor, libuv 1.52 (Node 24, 26) may report an error as a length: an
 * unsigned 32-bit number, with a meaningless address. A length above the size
 * of a slot is therefore treated as an error. */
static int length_of(ssize_t nread) {
  int32_t code;

  if (nread <= (ssize_t) DGRAM_RECV_SLOT_SIZE)
    return (int) nread;
  code = (int32_t) (uint32_t) nread;
  return code < 0 ? code : UV_EIO;
}

/* Appends a datagram or error from libuv to the inbox. */
static void append(const dgram_socket_t* socket,
                   ssize_t nread,
                   const uv_buf_t* buf,
                   const struct sockaddr* source) {
  dgram_env_t* env = socket->env;
  dgram_address_t unmapped;
  int length = length_of(nread);

  if (length >= 0 && (source == NULL || buf->base == NULL))
    length = UV_EIO;
  if (length >= 0 && socket->dual_stack && source->sa_family == AF_INET6) {
    unmapped.in6 = *(const struct sockaddr_in6*) source;
    dgram_address_unmap(&unmapped);
    source = &unmapped.any;
  }
  if (length < 0)
    dgram_inbox_append(env, 0, 0, 0, NULL, length);
  else
    dgram_inbox_append(
        env,
        (uint32_t) ((uint8_t*) buf->base - env->inbox->recv_buffer),
        (uint32_t) length,
        (uint32_t) length,
        source,
        0);
}

static void on_recv(uv_udp_t* udp,
                    ssize_t nread,
                    const uv_buf_t* buf,
                    const struct sockaddr* source,
                    unsigned flags) {
  dgram_socket_t* socket = (dgram_socket_t*) udp;
  dgram_env_t* env = socket->env;
  dgram_iteration_t iteration = {0};

  if (flags & UV_UDP_MMSG_FREE) {
    (void) dgram_delivery_start(env, socket, &iteration);
    return;
  }
  if (nread == 0 && source == NULL)
    return;
  if (buf->base == &no_inbox) {
    /* Reading stops until an inbox is available. */
    if (env->read_deferred)
      uv_udp_recv_stop(udp);
    return;
  }
  /* On Windows libuv reports an error without having called on_alloc(). */
  if (buf->base == NULL && !dgram_inbox_acquire(env, socket))
    return;
  append(socket, nread, buf, source);
  if (!(flags & UV_UDP_MMSG_CHUNK))
    (void) dgram_delivery_start(env, socket, &iteration);
}

/* Bypasses libuv, which reads the next datagram only after on_recv() has
 * returned. */
bool dgram_uv_read_one(dgram_socket_t* socket) {
  dgram_env_t* env = socket->env;
  dgram_address_t source;
  int rc = dgram_platform_recv(
      &socket->udp, env->inbox->recv_buffer, DGRAM_RECV_SLOT_SIZE, &source);

  dgram_socket_stats(socket)->receive_calls++;
  if (rc == UV_EAGAIN || rc == UV_ENOTSUP)
    return false;
  if (socket->dual_stack)
    dgram_address_unmap(&source);
  if (rc < 0)
    dgram_inbox_append(env, 0, 0, 0, NULL, rc);
  else
    dgram_inbox_append(env, 0, (uint32_t) rc, (uint32_t) rc, &source.any, 0);
  return true;
}

int dgram_uv_start(dgram_socket_t* socket) {
  int rc = 0;

  if (!dgram_socket_is_open(socket))
    rc = dgram_socket_bind_any(socket, AF_INET); /* as libuv does */
  if (rc != 0)
    return rc;
  rc = uv_udp_recv_start(&socket->udp, on_alloc, on_recv);
  return rc == UV_EALREADY ? 0 : rc;
}

int dgram_uv_stop(dgram_socket_t* socket) {
  return uv_udp_recv_stop(&socket->udp);
}
