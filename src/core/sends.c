#include "core/sends.h"

#include "core/destinations.h"
#include "core/send_settings.h"
#include "core/socket.h"
#include "transport/transport.h"

static int check_destination(const dgram_socket_t* socket, uint32_t slot) {
  if (!dgram_destinations_has(&socket->env->destinations, slot))
    return UV_EINVAL;
  /* As in libuv. Linux itself would send to the given address. */
  return socket->connected && slot != 0 ? UV_EISCONN : 0;
}

/* Returns how many of the datagrams are of this socket and valid, from the
 * first on. `*rc` is 0, or the UV_ code of the next one. Most datagrams have
 * the destination and the settings of the one before. */
static uint32_t count_valid(const dgram_socket_t* socket,
                            const dgram_send_t* sends,
                            uint32_t count,
                            size_t arena_size,
                            int* rc) {
  uint32_t destination = 0; /* the last one that was valid; 0 always is */
  uint32_t settings = 0;    /* the same */
  uint32_t i;

  *rc = 0;
  for (i = 0; i < count && sends[i].socket == socket->id; i++) {
    const dgram_send_t* send = &sends[i];

    if (send->destination != destination) {
      destination = send->destination;
      *rc = check_destination(socket, destination);
      if (*rc != 0)
        break;
    }
    if (send->settings != settings) {
      settings = send->settings;
      *rc = dgram_send_settings_check(&socket->env->send_settings, settings);
      if (*rc != 0)
        break;
    }
    if (send->offset > arena_size || send->length > arena_size - send->offset) {
      *rc = UV_EINVAL;
      break;
    }
  }
  return i;
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
  dgram_stats_t* stats;
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
  stats = dgram_socket_stats(socket);
  stats->sent += sent;
  stats->sent_bytes += bytes;
  stats->send_errors += count - sent - queued;
  if (queued > 0 && dgram_socket_queue_size(socket) >= socket->send_mark)
    socket->need_drain = true;
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
    rc = UV_EBADF;
    end = i;
    if (socket != NULL)
      end += count_valid(socket, sends + i, count - i, arena_size, &rc);
    if (end > i)
      queued += env->transport->flush(socket, sends + i, end - i, arena);
    else
      sends[end++].status = rc;
    count_statuses(env, sends + i, end - i);
    i = end;
  }
  return queued;
}

/* Runs JavaScript, if the queue is empty after it had reached the mark. The
 * transport of a Unix socket reports the end of a congestion itself. */
static void check_drained(dgram_socket_t* socket) {
  if (!socket->need_drain || socket->closing ||
      dgram_socket_queue_count(socket) > 0)
    return;
  socket->need_drain = false;
  if (!socket->is_unix && socket->env->drained != NULL)
    socket->env->drained(socket);
}

void dgram_sends_complete(dgram_socket_t* socket,
                          uint32_t ticket,
                          int status,
                          size_t length) {
  dgram_stats_t* stats = dgram_socket_stats(socket);

  if (status == 0) {
    stats->sent++;
    stats->sent_bytes += length;
  } else {
    stats->send_errors++;
  }
  dgram_socket_use(socket);
  socket->env->complete(socket, ticket, status, length);
  check_drained(socket);
  if (socket->finishing && dgram_socket_queue_count(socket) == 0)
    dgram_socket_close(socket);
  dgram_socket_unuse(socket);
}
