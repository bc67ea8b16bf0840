#include "core/env.h"

#include <stdlib.h>
#include <string.h>

#include "core/assert.h"
#include "core/socket.h"
#include "transport/transport.h"

/* An id has 20 bits of index and 11 bits of serial number. Serial numbers start
 * at 1, so that 0, to which many other values convert, is not an id. */
#define INDEX_MASK (DGRAM_SOCKETS_MAX - 1)
#define SERIALS 0x7ffu

void dgram_env_init(dgram_env_t* env, uv_loop_t* loop) {
  memset(env, 0, sizeof(*env));
  env->loop = loop;
  env->transport = dgram_transport_choose("");
  env->settings = (dgram_settings_t){true, true, true, false};
}

void dgram_env_free(dgram_env_t* env) {
  dgram_socket_free_pending(env);
  dgram_inbox_free_addresses(env);
  free(env->sockets);
  dgram_destinations_free(&env->destinations);
  dgram_send_settings_free(&env->send_settings);
  dgram_sources_free(&env->sources);
  dgram_sources_free(&env->local_addresses);
  dgram_path_sources_free(&env->path_sources);
  env->sockets = NULL;
  env->sockets_size = 0;
}

static int grow_sockets(dgram_env_t* env) {
  uint32_t size = env->sockets_size == 0 ? 16 : env->sockets_size * 2;
  dgram_socket_t** sockets;

  if (size > DGRAM_SOCKETS_MAX)
    return UV_ENOMEM;
  sockets = realloc(env->sockets, size * sizeof(sockets[0]));
  if (sockets == NULL)
    return UV_ENOMEM;
  memset(sockets + env->sockets_size,
         0,
         (size - env->sockets_size) * sizeof(sockets[0]));
  env->sockets = sockets;
  env->sockets_size = size;
  return 0;
}

int dgram_env_add_socket(dgram_env_t* env, dgram_socket_t* socket) {
  uint32_t index = env->free_index;
  int rc;

  while (index < env->sockets_size && env->sockets[index] != NULL)
    index++;
  if (index == env->sockets_size) {
    rc = grow_sockets(env);
    if (rc != 0)
      return rc;
  }
  socket->id =
      index | (uint32_t) (env->created % SERIALS + 1) * DGRAM_SOCKETS_MAX;
  env->created++;
  env->sockets[index] = socket;
  env->sockets_open++;
  env->free_index = index + 1;
  return 0;
}

void dgram_env_remove_socket(dgram_env_t* env, dgram_socket_t* socket) {
  uint32_t index = socket->id & INDEX_MASK;

  DGRAM_ASSERT(env->sockets[index] == socket && env->sockets_open > 0);
  env->sockets[index] = NULL;
  env->sockets_open--;
  if (index < env->free_index)
    env->free_index = index;
}

void dgram_env_replace_socket(dgram_env_t* env,
                              const dgram_socket_t* socket,
                              dgram_socket_t* successor) {
  DGRAM_ASSERT(env->sockets[socket->id & INDEX_MASK] == socket);
  successor->id = socket->id;
  env->sockets[successor->id & INDEX_MASK] = successor;
}

void dgram_env_handle_closed(dgram_env_t* env) {
  DGRAM_ASSERT(env->handles_open > 0);
  env->handles_open--;
  dgram_env_check_idle(env);
}

dgram_socket_t* dgram_env_socket(const dgram_env_t* env, uint32_t id) {
  uint32_t index = id & INDEX_MASK;
  dgram_socket_t* socket;

  if (index >= env->sockets_size)
    return NULL;
  socket = env->sockets[index];
  return socket != NULL && socket->id == id ? socket : NULL;
}

bool dgram_env_add_starting(dgram_env_t* env, const dgram_socket_t* socket) {
  if (env->starting_count == DGRAM_STARTING_MAX)
    return false;
  env->starting[env->starting_count++] = socket->id;
  return true;
}

void dgram_env_remove_starting(dgram_env_t* env, const dgram_socket_t* socket) {
  uint32_t i = env->starting_count;

  while (i > 0 && env->starting[i - 1] != socket->id)
    i--;
  if (i > 0)
    env->starting[i - 1] = env->starting[--env->starting_count];
}

void dgram_env_before_poll(dgram_env_t* env) {
  dgram_socket_t* socket;

  while (env->starting_count > 0 && !env->closing) {
    socket = dgram_env_socket(env, env->starting[--env->starting_count]);
    if (socket != NULL && !socket->closing)
      env->transport->before_poll(socket);
  }
}

void dgram_env_check_idle(dgram_env_t* env) {
  if (env->closing && env->handles_open == 0 && env->resume_handle == NULL)
    env->idle(env);
}

void dgram_env_close(dgram_env_t* env) {
  uint32_t i;

  env->closing = true;
  for (i = 0; i < env->sockets_size; i++)
    if (env->sockets[i] != NULL)
      dgram_socket_close(env->sockets[i]);
  dgram_delivery_close(env);
}
