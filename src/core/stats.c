#include "core/stats.h"

#include "core/env.h"
#include "core/socket.h"
#include "platform/options.h"

void dgram_stats_add(dgram_stats_t* sum, const dgram_stats_t* more) {
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

bool dgram_stats_read_drops(dgram_socket_t* socket) {
  int fd = dgram_socket_fd(socket);
  uint32_t now;

  if (fd < 0) /* no descriptor: nothing can have been dropped */
    return dgram_platform_has_options;
  if (socket->finishing) /* the socket that has the descriptor counts them */
    return dgram_platform_has_options;
  if (dgram_platform_get_drops(fd, &now) != 0)
    return false;
  /* The difference is right even if the kernel's counter has wrapped. */
  socket->stats.kernel_drops += (uint32_t) (now - socket->drops_seen);
  socket->drops_seen = now;
  return true;
}

void dgram_stats_ignore_drops(dgram_socket_t* socket) {
  (void) dgram_platform_get_drops(dgram_socket_fd(socket), &socket->drops_seen);
}

uint64_t dgram_stats_take_drops(dgram_socket_t* socket) {
  uint64_t growth = socket->stats.kernel_drops - socket->drops_reported;

  socket->drops_reported = socket->stats.kernel_drops;
  return growth;
}

void dgram_stats_check_drops(dgram_socket_t* socket) {
  dgram_env_t* env = socket->env;
  uint64_t now = uv_now(env->loop);
  uint64_t growth;

  if (now - socket->drops_checked < DGRAM_DROPS_INTERVAL)
    return;
  socket->drops_checked = now;
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
    dgram_stats_add(out, &socket->stats);
  }
  return known;
}
