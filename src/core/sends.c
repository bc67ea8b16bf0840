#include "core/sends.h"

#include "core/destinations.h"
#include "core/socket.h"
#include "transport/transport.h"

static int check_send(const dgram_socket_t* socket,
                      const dgram_send_t* send,
                      size_t arena_size) {
  if (!dgram_destinations_has(&socket->env->destinations, send->destination))
    return UV_EINVAL;
  /* As in libuv. Linux itself would send to the given address. */
  if (socket->connected && send->destination != 0)
    return UV_EISCONN;
  if (send->offset > arena_size || send->length > arena_size - send->offset)
    return UV_EINVAL;
  return 0;
}

static dgram_socket_t* open_socket(const dgram_env_t* env, uint32_t id) {
  dgram_socket_t* socket = dgram_env_socket(env, id);

  return socket == NULL || socket->closing ? NULL : socket;
}

/* Counts the datagrams of one socket that were sent or have failed; those that
 * were queued are counted when they complete. */
static void count_statuses(dgram_env_t* env,
                           const dgram_send_t* sends,
                           uint32_t count) {
  /* Not the socket before the flush: dgram_socket_bind() may replace it. */
  dgram_socket_t* socket = dgram_env_socket(env, sends[0].socket);
  uint64_t bytes = 0;
  uint32_t sent = 0;
  uint32_t queued = 0;
  uint32_t i;

  for (i = 0; i < count; i++) {
    if (sends[i].status >= 0) {
      bytes += (uint32_t) sends[i].status;
      sent++;
    } else {
      queued += sends[i].status == DGRAM_QUEUED;
    }
  }
  env->sent += sent;
  if (socket == NULL)
    return;
  socket->stats.sent += sent;
  socket->stats.sent_bytes += bytes;
  socket->stats.send_errors += count - sent - queued;
}

uint32_t dgram_sends_flush(dgram_env_t* env,
                           dgram_send_t* sends,
                           uint32_t count,
                           const uint8_t* arena,
                           size_t arena_size) {
  dgram_socket_t* socket;
  uint32_t queued = 0;
  uint32_t i = 0;
  uint32_t end;
  int rc;

  while (i < count) {
    socket = open_socket(env, sends[i].socket);
    rc = socket == NULL ? UV_EBADF : 0;
    end = i;
    while (rc == 0 && end < count && sends[end].socket == socket->id) {
      rc = check_send(socket, &sends[end], arena_size);
      end += rc == 0;
    }
    if (end > i)
      queued += env->transport->flush(socket, sends + i, end - i, arena);
    else
      sends[end++].status = rc;
    count_statuses(env, sends + i, end - i);
    i = end;
  }
  return queued;
}

void dgram_sends_complete(dgram_socket_t* socket,
                          uint32_t ticket,
                          int status,
                          size_t length) {
  if (status == 0) {
    socket->stats.sent++;
    socket->stats.sent_bytes += length;
  } else {
    socket->stats.send_errors++;
  }
  dgram_socket_use(socket);
  socket->env->complete(socket, ticket, status, length);
  dgram_socket_unuse(socket);
}
