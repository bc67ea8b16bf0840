#include "transport/uv.h"

#include "core/socket.h"
#include "transport/transport.h"

static void uv_ref_changed(dgram_socket_t* socket) {
  /* The transport has no poll handle of its own. */
  (void) socket;
}

static void uv_before_poll(dgram_socket_t* socket) {
  /* start() has finished. */
  (void) socket;
}

static void uv_share(dgram_socket_t* socket) {
  /* libuv does not enable GRO. */
  (void) socket;
}

static void uv_leave(dgram_socket_t* socket, dgram_message_t** end) {
  /* libuv does not read ahead. */
  (void) socket;
  (void) end;
}

static void uv_take(dgram_socket_t* socket) {
  /* No state of the transport depends on the descriptor. */
  (void) socket;
}

static void uv_moved(dgram_socket_t* socket) {
  /* Nothing is queued, and nothing points to the replaced socket. */
  (void) socket;
}

static void uv_keep_peer(dgram_socket_t* socket) {
  /* There are no Unix sockets. */
  (void) socket;
}

static void uv_close_socket(dgram_socket_t* socket) {
  dgram_uv_close_timer(socket);
  dgram_socket_release(socket);
}

static dgram_features_t uv_features(const dgram_env_t* env) {
  static const dgram_features_t none; /* all false */

  (void) env;
  return none;
}

const dgram_transport_t dgram_transport_uv = {
    .name = "uv",
    .icmp_errors = false,
    .features = uv_features,
    .start = dgram_uv_start,
    .before_poll = uv_before_poll,
    .read_one = dgram_uv_read_one,
    .stop = dgram_uv_stop,
    .flush = dgram_uv_flush,
    .queue_size = dgram_uv_queue_size,
    .queue_count = dgram_uv_queue_count,
    .ref_changed = uv_ref_changed,
    .share = uv_share,
    .leave = uv_leave,
    .take = uv_take,
    .moved = uv_moved,
    .keep_peer = uv_keep_peer,
    .close = uv_close_socket,
    .closed = dgram_uv_free_queue,
};
