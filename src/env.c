#include "env.h"

#include <stdlib.h>
#include <string.h>

#include "socket.h"
#include "transport.h"

/* An id has 20 bits of index and 11 of the number that tells successors apart,
 * from 1 on: 0, which much that is no number turns into, is no id. */
#define INDEX_MASK (DGRAM_SOCKETS_MAX - 1)
#define SERIALS 0x7ffu

void dgram_env_init(dgram_env_t* env, uv_loop_t* loop) {
  memset(env, 0, sizeof(*env));
  env->loop = loop;
  env->transport = dgram_transport_choose("");
  env->settings = (dgram_settings_t){true, true, true};
  dgram_sources_init(&env->sources);
}

void dgram_env_free(dgram_env_t* env) {
  free(env->sockets);
  free(env->peers);
  env->sockets = NULL;
  env->sockets_size = 0;
  env->peers = NULL;
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

int dgram_env_add(dgram_env_t* env, dgram_socket_t* socket) {
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

void dgram_env_remove(dgram_env_t* env, dgram_socket_t* socket) {
  uint32_t index = socket->id & INDEX_MASK;

  env->sockets[index] = NULL;
  env->sockets_open--;
  if (index < env->free_index)
    env->free_index = index;
}

void dgram_env_replace(dgram_env_t* env,
                       const dgram_socket_t* socket,
                       dgram_socket_t* fresh) {
  fresh->id = socket->id;
  env->sockets[fresh->id & INDEX_MASK] = fresh;
}

void dgram_env_leave(dgram_env_t* env) {
  env->handles_open--;
  if (env->closing && env->handles_open == 0)
    env->idle(env);
}

dgram_socket_t* dgram_env_socket(const dgram_env_t* env, uint32_t id) {
  uint32_t index = id & INDEX_MASK;
  dgram_socket_t* socket;

  if (index >= env->sockets_size)
    return NULL;
  socket = env->sockets[index];
  return socket != NULL && socket->id == id ? socket : NULL;
}

int dgram_env_set_peer(dgram_env_t* env,
                       uint32_t slot,
                       int family,
                       const char* text,
                       uint16_t port) {
  if (slot == 0 || slot >= DGRAM_PEERS_MAX)
    return UV_EINVAL;
  if (env->peers == NULL)
    env->peers = calloc(DGRAM_PEERS_MAX, sizeof(env->peers[0]));
  if (env->peers == NULL)
    return UV_ENOMEM;
  return dgram_address_parse(&env->peers[slot], family, text, port);
}

static bool peer_is_valid(const dgram_env_t* env, uint32_t slot) {
  if (slot == 0)
    return true;
  return env->peers != NULL && slot < DGRAM_PEERS_MAX &&
         env->peers[slot].any.sa_family != AF_UNSPEC;
}

static int check_send(const dgram_socket_t* socket,
                      const dgram_send_t* send,
                      size_t arena_size) {
  if (!peer_is_valid(socket->env, send->peer))
    return UV_EINVAL;
  /* libuv's rule; Linux itself would send to the given address. */
  if (socket->connected && send->peer != 0)
    return UV_EISCONN;
  if (send->offset > arena_size || send->length > arena_size - send->offset)
    return UV_EINVAL;
  return 0;
}

static dgram_socket_t* open_socket(const dgram_env_t* env, uint32_t id) {
  dgram_socket_t* socket = dgram_env_socket(env, id);

  return socket == NULL || socket->closing ? NULL : socket;
}

uint32_t dgram_env_flush(dgram_env_t* env,
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
    for (; i < end; i++)
      env->sent += sends[i].status >= 0;
  }
  return queued;
}

bool dgram_env_lend(dgram_env_t* env) {
  if (env->inbox.busy) {
    env->inbox.starved = true;
    return false;
  }
  return env->lend(env);
}

void dgram_env_received(dgram_env_t* env,
                        uint32_t offset,
                        uint32_t length,
                        uint32_t segment,
                        const struct sockaddr* source,
                        int status) {
  dgram_inbox_t* inbox = &env->inbox;
  dgram_recv_t* run = &inbox->runs[inbox->count++];
  bool fresh = false;

  run->offset = offset;
  run->length = length;
  run->segment = segment;
  run->peer = 0;
  run->fresh = 0;
  run->status = status;
  if (source == NULL)
    return;
  run->peer = dgram_sources_find(&env->sources, source, &fresh);
  if (fresh) {
    dgram_address_describe(source, &inbox->texts[inbox->fresh++]);
    run->fresh = inbox->fresh;
  }
  env->received += segment == 0 ? 1 : (length + segment - 1) / segment;
}

static void resume_starved(dgram_env_t* env) {
  dgram_socket_t* socket;
  uint32_t i;

  env->inbox.starved = false;
  for (i = 0; i < env->sockets_size; i++) {
    socket = env->sockets[i];
    if (socket != NULL && socket->reading && !socket->closing)
      env->transport->start(socket);
  }
}

void dgram_env_deliver(dgram_env_t* env, dgram_socket_t* socket) {
  dgram_inbox_t* inbox = &env->inbox;
  bool whole;

  if (inbox->count == 0)
    return;
  inbox->busy = true;
  whole = env->deliver(socket);
  inbox->busy = false;
  /* JavaScript drops the rest of a batch when a listener closes the socket.
   * It may have dropped a text with it, which would not be sent again. */
  if (inbox->fresh > 0 && (!whole || socket->closing))
    dgram_sources_init(&env->sources);
  inbox->count = 0;
  inbox->fresh = 0;
  if (inbox->starved)
    resume_starved(env);
}

void dgram_env_complete(dgram_socket_t* socket,
                        uint32_t ticket,
                        int status,
                        size_t length) {
  dgram_env_t* env = socket->env;

  env->completing++;
  env->complete(socket, ticket, status, length);
  env->completing--;
}

bool dgram_env_in_use(const dgram_env_t* env) {
  return env->inbox.busy || env->completing > 0;
}
