#include "core/stats.h"

#include <stdlib.h>
#include <string.h>

#include "core/env.h"
#include "core/memory.h"
#include "core/socket.h"
#include "platform/options.h"

bool dgram_stats_create(dgram_socket_t* socket) {
  if (socket->counters == NULL && !socket->closed)
    socket->counters = dgram_zalloc(sizeof(*socket->counters));
  return socket->counters != NULL;
}

static void add(dgram_stats_t* sum, const dgram_stats_t* more) {
  sum->received += more->received;
  sum->received_bytes += more->received_bytes;
  sum->sent += more->sent;
  sum->sent_bytes += more->sent_bytes;
  sum->send_errors += more->send_errors;
  sum->receive_calls += more->receive_calls;
  sum->send_calls += more->send_calls;
  sum->merged_runs += more->merged_runs;
  sum->segmented_runs += more->segmented_runs;
  sum->kernel_drops += more->kernel_drops;
}

void dgram_stats_close(dgram_socket_t* socket) {
  if (socket->counters == NULL)
    return;
  add(&socket->env->closed_stats, &socket->counters->stats);
  free(socket->counters);
  socket->counters = NULL;
}

bool dgram_stats_read_drops(dgram_socket_t* socket) {
  int fd = dgram_socket_fd(socket);
  uint32_t now;

  if (fd < 0) /* no descriptor: nothing can have been dropped */
    return dgram_platform_has_options;
  if (socket->finishing) /* the socket that has the descriptor counts them */
    return dgram_platform_has_options;
  if (dgram_platform_get_drops(fd, &now) != 0)
    return false;
  if (now == dgram_stats_drops_seen(socket))
    return true;
  if (!dgram_stats_create(socket))
    return false;
  /* The difference is right even if the kernel's counter has wrapped. */
  socket->counters->stats.kernel_drops +=
      (uint32_t) (now - socket->counters->drops_seen);
  socket->counters->drops_seen = now;
  return true;
}

bool dgram_stats_get(dgram_socket_t* socket, dgram_stats_t* out) {
  bool known = dgram_stats_read_drops(socket);

  memset(out, 0, sizeof(*out));
  if (socket->counters != NULL)
    *out = socket->counters->stats;
  return known;
}

uint32_t dgram_stats_drops_seen(const dgram_socket_t* socket) {
  return socket->counters == NULL ? 0 : socket->counters->drops_seen;
}

void dgram_stats_set_drops_seen(dgram_socket_t* socket, uint32_t drops) {
  if (drops != dgram_stats_drops_seen(socket) && dgram_stats_create(socket))
    socket->counters->drops_seen = drops;
}

void dgram_stats_ignore_drops(dgram_socket_t* socket) {
  uint32_t now;

  if (dgram_platform_get_drops(dgram_socket_fd(socket), &now) == 0)
    dgram_stats_set_drops_seen(socket, now);
}

uint64_t dgram_stats_take_drops(dgram_socket_t* socket) {
  dgram_counters_t* counters = socket->counters;
  uint64_t growth;

  if (counters == NULL)
    return 0;
  growth = counters->stats.kernel_drops - counters->drops_reported;
  counters->drops_reported = counters->stats.kernel_drops;
  return growth;
}

void dgram_stats_check_drops(dgram_socket_t* socket) {
  dgram_env_t* env = socket->env;
  uint64_t now = uv_now(env->loop);
  uint64_t growth;

  if (!dgram_stats_create(socket) ||
      now - socket->counters->drops_checked < DGRAM_DROPS_INTERVAL)
    return;
  socket->counters->drops_checked = now;
  if (socket->closing || env->dropped == NULL ||
      !dgram_stats_read_drops(socket))
    return;
  growth = dgram_stats_take_drops(socket);
  if (growth > 0)
    env->dropped(socket, growth);
}

bool dgram_stats_sum(dgram_env_t* env, dgram_stats_t* out) {
  bool known = dgram_platform_has_options;
  dgram_socket_t* socket;
  uint32_t i;

  *out = env->closed_stats;
  for (i = 0; i < env->sockets_size; i++) {
    socket = env->sockets[i];
    if (socket == NULL)
      continue;
    known &= dgram_stats_read_drops(socket);
    if (socket->counters != NULL)
      add(out, &socket->counters->stats);
  }
  return known;
}
