/* Counters of a socket and of an environment. */
#include "addon/addon.h"

#include <math.h>

#include "addon/arguments.h"
#include "addon/napi_util.h"

/* Counters as properties. `kernelDrops` is NaN if the kernel does not tell. */
static napi_value create_stats(napi_env env,
                               const dgram_stats_t* stats,
                               bool knows_drops,
                               size_t queued,
                               size_t queued_bytes) {
  const dgram_napi_number_t numbers[] = {
      {"received", (double) stats->received},
      {"receivedBytes", (double) stats->received_bytes},
      {"sent", (double) stats->sent},
      {"sentBytes", (double) stats->sent_bytes},
      {"sendErrors", (double) stats->send_errors},
      {"receiveCalls", (double) stats->receive_calls},
      {"sendCalls", (double) stats->send_calls},
      {"mergedRuns", (double) stats->merged_runs},
      {"segmentedRuns", (double) stats->segmented_runs},
      {"kernelDrops",
       knows_drops ? (double) stats->kernel_drops : (double) NAN},
      {"queued", (double) queued},
      {"queuedBytes", (double) queued_bytes},
  };
  napi_value result;

  DGRAM_TRY(env,
            dgram_napi_create_numbers(
                env, numbers, DGRAM_COUNT_OF(numbers), &result));
  return result;
}

/* handle.stats(): the counters of the socket, or UV_EBADF if it is closed. */
static napi_value js_socket_stats(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = dgram_addon_receiver_of(env, info);
  dgram_stats_t stats;
  bool known;

  if (socket == NULL || socket->closing)
    return dgram_napi_code(env, UV_EBADF);
  known = dgram_stats_get(socket, &stats);
  return create_stats(env,
                      &stats,
                      known,
                      dgram_socket_queue_count(socket),
                      dgram_socket_queue_size(socket));
}

/* handle.takeDrops(): datagrams that the kernel has dropped since the last
 * call, or since hook.dropped was called. UV_EBADF if the socket is closed. */
static napi_value js_take_drops(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = dgram_addon_receiver_of(env, info);
  uint64_t growth = 0;
  napi_value value;

  if (socket == NULL || socket->closing)
    return dgram_napi_code(env, UV_EBADF);
  if (dgram_stats_read_drops(socket))
    growth = dgram_stats_take_drops(socket);
  DGRAM_TRY(env, napi_create_double(env, (double) growth, &value));
  return value;
}

static const napi_property_descriptor methods[] = {
    DGRAM_NAPI_METHOD("stats", js_socket_stats),
    DGRAM_NAPI_METHOD("takeDrops", js_take_drops),
};

napi_status dgram_addon_define_stats(napi_env env, napi_value prototype) {
  return napi_define_properties(
      env, prototype, DGRAM_COUNT_OF(methods), methods);
}

/* sumStats(): the sum of all sockets of the thread, open or closed. */
static napi_value js_sum_stats(napi_env env, napi_callback_info info) {
  dgram_env_t* core = &dgram_addon_of(env)->core;
  dgram_stats_t sum;
  bool known = dgram_stats_sum(core, &sum);
  size_t queued = 0;
  size_t bytes = 0;
  uint32_t i;

  (void) info;
  for (i = 0; i < core->sockets_size; i++) {
    if (core->sockets[i] == NULL)
      continue;
    queued += dgram_socket_queue_count(core->sockets[i]);
    bytes += dgram_socket_queue_size(core->sockets[i]);
  }
  return create_stats(env, &sum, known, queued, bytes);
}

/* stats(): what tests compare with the kernel. */
static napi_value js_stats(napi_env env, napi_callback_info info) {
  const dgram_env_t* core = &dgram_addon_of(env)->core;
  const dgram_napi_number_t numbers[] = {
      {"sockets", (double) core->created},
      {"open", core->sockets_open},
      {"sent", (double) core->sent},
      {"received", (double) core->received},
  };
  napi_value result;

  (void) info;
  DGRAM_TRY(env,
            dgram_napi_create_numbers(
                env, numbers, DGRAM_COUNT_OF(numbers), &result));
  return result;
}

static const napi_property_descriptor functions[] = {
    DGRAM_NAPI_FUNCTION("stats", js_stats),
    DGRAM_NAPI_FUNCTION("sumStats", js_sum_stats),
};

napi_status dgram_addon_export_stats(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
