#include "transport/linux/gso_limits.h"

#include <stdlib.h>
#include <string.h>

/* GSO sends to few destinations fail; the latest of these are enough. */
#define LIMITS 8

/* A limit expires when it has kept this many datagrams out of a segment group.
 * The retry costs one failed system call. */
#define LIMIT_DATAGRAMS 1024u

struct dgram_gso_limits_s {
  uint32_t next; /* the entry to replace next */
  dgram_gso_limit_t entries[LIMITS];
};

/* The address of a connected peer is not known here: the number of the
 * connection identifies it. */
static bool limit_applies(const dgram_gso_limit_t* limit,
                          const linux_socket_t* self,
                          const linux_batch_t* batch,
                          uint32_t peer) {
  if (peer == 0)
    return limit->connection == self->socket->connections;
  return limit->connection == 0 &&
         dgram_address_equal(&limit->peer, &batch->peers[peer].any);
}

static dgram_gso_limit_t* find_limit(const linux_socket_t* self,
                                     const linux_batch_t* batch,
                                     uint32_t peer) {
  dgram_gso_limit_t* limit;
  int i;

  for (i = 0; i < LIMITS; i++) {
    limit = &self->gso_limits->entries[i];
    if (limit->datagrams_left > 0 && limit_applies(limit, self, batch, peer))
      return limit;
  }
  return NULL;
}

/* Length of the group under this limit. A datagram that the limit keeps out of
 * a group counts towards its expiry. */
static uint32_t group_length_under(dgram_gso_limit_t* limit,
                                   const dgram_send_t* sends,
                                   uint32_t count) {
  uint32_t length = dgram_segment_group_length(
      sends, count, limit->segment_max, DGRAM_SEGMENT_GROUP_BYTES_IP4);

  if (count > 2)
    count = 2; /* enough to tell whether there is a group */
  if (length == 1 &&
      dgram_segment_group_length(
          sends, count, DGRAM_GSO_SEGMENT_MAX, DGRAM_SEGMENT_GROUP_BYTES_IP4) >
          1)
    limit->datagrams_left--;
  return length;
}

uint32_t dgram_gso_limits_length(const linux_socket_t* self,
                                 const linux_batch_t* batch,
                                 uint32_t position) {
  const dgram_send_t* sends = &batch->sends[position];
  uint32_t count = batch->count - position;
  dgram_gso_limit_t* limit = find_limit(self, batch, sends->destination);

  if (limit != NULL)
    return group_length_under(limit, sends, count);
  return dgram_segment_group_length(
      sends, count, DGRAM_GSO_SEGMENT_MAX, DGRAM_SEGMENT_GROUP_BYTES_IP4);
}

/* The limit of a destination, created if there is none. Returns NULL if there
 * is no memory. */
static dgram_gso_limit_t* ensure_limit(linux_socket_t* self,
                                       const linux_batch_t* batch,
                                       uint32_t peer) {
  dgram_gso_limit_t* limit;

  if (self->gso_limits == NULL)
    self->gso_limits = calloc(1, sizeof(*self->gso_limits));
  if (self->gso_limits == NULL)
    return NULL;
  limit = find_limit(self, batch, peer);
  if (limit == NULL) {
    limit = &self->gso_limits->entries[self->gso_limits->next++ % LIMITS];
    memset(limit, 0, sizeof(*limit));
    if (peer == 0)
      limit->connection = self->socket->connections;
    else
      limit->peer = batch->peers[peer];
  }
  return limit;
}

bool dgram_gso_limits_learn(linux_socket_t* self,
                            const linux_batch_t* batch,
                            uint32_t position,
                            int code,
                            dgram_gso_change_t* change) {
  const dgram_send_t* first = &batch->sends[position];
  dgram_gso_limit_t* limit;

  if (code != UV_EIO && code != UV_EINVAL && code != UV_EMSGSIZE) /* S2 */
    return false;
  limit = ensure_limit(self, batch, first->destination);
  change->position = position;
  change->code = code;
  change->limit = limit;
  if (limit == NULL) {
    self->gso = false;
    return true;
  }
  change->before = *limit;
  limit->segment_max = code == UV_EIO ? 0 : first->length - 1;
  limit->datagrams_left = LIMIT_DATAGRAMS;
  return true;
}

void dgram_gso_limits_undo(linux_socket_t* self,
                           uint32_t position,
                           int code,
                           const dgram_gso_change_t* change) {
  if (change->code != code || change->position != position)
    return;
  if (change->limit == NULL)
    self->gso = true;
  else
    *change->limit = change->before;
}
