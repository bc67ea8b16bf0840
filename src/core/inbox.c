#include "core/inbox.h"

#include <stdlib.h>

#include "core/assert.h"
#include "core/env.h"
#include "core/socket.h"

_Static_assert(sizeof(dgram_inbox_head_t) <= DGRAM_INBOX_RECV_BUFFER,
               "the receive buffer follows it");

static uint32_t count_datagrams(uint32_t length, uint32_t segment) {
  if (length <= segment)
    return 1;
  return segment == 0 ? 1 : (length + segment - 1) / segment;
}

bool dgram_inbox_has_more(dgram_env_t* env, dgram_inbox_t* inbox) {
  /* Memory that replaced detached memory holds no batch. */
  return env->acquire(env, inbox) && inbox->cursor->count <= inbox->count &&
         inbox->cursor->gro_buffer < inbox->cursor->count;
}

static dgram_inbox_t* free_inbox(dgram_env_t* env) {
  uint32_t i;

  for (i = 0; i < DGRAM_INBOXES; i++) {
    if (env->inboxes[i].socket != NULL)
      continue;
    if (i >= env->inboxes_count)
      env->inboxes_count = i + 1;
    return &env->inboxes[i];
  }
  return NULL;
}

void dgram_inbox_reset(dgram_inbox_t* inbox) {
  inbox->count = 0;
  inbox->texts_count = 0;
  inbox->local_texts_count = 0;
  inbox->gro_buffer = 0;
  inbox->position = 0;
  inbox->datagrams_left = 0;
  inbox->uncounted = 0;
  inbox->held = 0;
}

void dgram_inbox_free_addresses(dgram_env_t* env) {
  uint32_t i;

  for (i = 0; i < DGRAM_INBOXES; i++) {
    free(env->inboxes[i].addresses);
    env->inboxes[i].addresses = NULL;
  }
}

static bool has_addresses(dgram_inbox_t* inbox) {
  if (inbox->addresses == NULL)
    inbox->addresses = calloc(1, sizeof(*inbox->addresses));
  return inbox->addresses != NULL;
}

bool dgram_inbox_acquire(dgram_env_t* env, dgram_socket_t* socket) {
  dgram_inbox_t* inbox;

  if (socket->holds)
    return false; /* dgram_held_deliver() starts the transport again */
  inbox = free_inbox(env);
  if (inbox == NULL ||
      (socket->inbox != NULL && dgram_inbox_has_more(env, socket->inbox))) {
    env->read_deferred = true;
    return false;
  }
  socket->inbox = NULL;
  inbox->slots = inbox == env->inboxes ? DGRAM_RECV_SLOTS : DGRAM_SPARE_SLOTS;
  if (!has_addresses(inbox) || !env->acquire(env, inbox))
    return false;
  dgram_inbox_reset(inbox);
  inbox->reader = socket;
  inbox->split_size = socket->block;
  env->inbox = inbox;
  return true;
}

/* The length of the piece that is split off a GRO buffer of `length` bytes. */
static uint32_t piece_length(const dgram_inbox_t* inbox,
                             uint32_t length,
                             uint32_t segment) {
  /* One entry stays free for each slot that may follow. */
  if (segment == 0 || length / segment <= inbox->split_size ||
      inbox->count >= DGRAM_RECV_GRO_BUFFERS - inbox->slots)
    return length;
  return segment * inbox->split_size;
}

static void append(dgram_inbox_t* inbox, const dgram_recv_t* buffer) {
  DGRAM_ASSERT(inbox->count < DGRAM_RECV_GRO_BUFFERS);
  inbox->gro_buffers[inbox->count++] = *buffer;
  inbox->datagrams_left += count_datagrams(buffer->length, buffer->segment);
}

void dgram_inbox_count_received(dgram_env_t* env,
                                uint32_t length,
                                uint32_t segment,
                                bool is_run) {
  dgram_stats_t* stats = dgram_socket_stats(env->inbox->reader);
  uint32_t n = count_datagrams(length, segment);

  env->received += n;
  stats->received += n;
  stats->received_bytes += length;
  stats->merged_runs += is_run && n > 1;
}

/* Transports that have received into this memory need no copy. */
static void keep_source(const dgram_inbox_t* inbox,
                        uint32_t offset,
                        const struct sockaddr* source) {
  dgram_address_t* kept =
      &inbox->addresses->sources[offset / DGRAM_RECV_SLOT_SIZE];

  DGRAM_ASSERT(offset / DGRAM_RECV_SLOT_SIZE < DGRAM_RECV_SLOTS);
  if (source != &kept->any)
    dgram_address_copy(kept, source);
}

void dgram_inbox_append(dgram_env_t* env,
                        uint32_t offset,
                        uint32_t length,
                        uint32_t segment,
                        const struct sockaddr* source,
                        int status) {
  if (source != NULL)
    dgram_inbox_count_received(env, length, segment, true);
  dgram_inbox_append_counted(env, offset, length, segment, source, status);
}

void dgram_inbox_append_counted(dgram_env_t* env,
                                uint32_t offset,
                                uint32_t length,
                                uint32_t segment,
                                const struct sockaddr* source,
                                int status) {
  dgram_inbox_t* inbox = env->inbox;
  dgram_recv_t buffer = {offset, length, segment, 0, 0, status};
  bool is_new = false;

  if (source == NULL) {
    append(inbox, &buffer);
    return;
  }
  keep_source(inbox, offset, source);
  buffer.source = dgram_sources_find(&env->sources, source, &is_new);
  if (is_new) {
    DGRAM_ASSERT(inbox->texts_count < DGRAM_RECV_SLOTS);
    dgram_address_describe(source, &inbox->texts[inbox->texts_count]);
    inbox->new_sources[inbox->texts_count++] = (uint16_t) buffer.source;
    buffer.new_text = inbox->texts_count;
  }
  do {
    buffer.length = piece_length(inbox, length, segment);
    if (buffer.length < buffer.segment)
      buffer.segment = buffer.length; /* one datagram remains */
    append(inbox, &buffer);
    buffer.offset += buffer.length;
    length -= buffer.length;
  } while (length > 0);
}

void dgram_inbox_append_from_path(dgram_env_t* env,
                                  uint32_t offset,
                                  uint32_t length,
                                  const dgram_path_t* source) {
  dgram_inbox_count_received(env, length, length, true);
  dgram_inbox_append_from_path_counted(env, offset, length, source, 0);
}

void dgram_inbox_append_from_path_counted(dgram_env_t* env,
                                          uint32_t offset,
                                          uint32_t length,
                                          const dgram_path_t* source,
                                          int status) {
  dgram_inbox_t* inbox = env->inbox;
  dgram_recv_t buffer = {offset, length, length, 0, 0, status};
  bool is_new;

  DGRAM_ASSERT(offset / DGRAM_RECV_SLOT_SIZE < DGRAM_RECV_SLOTS);
  inbox->addresses->paths[offset / DGRAM_RECV_SLOT_SIZE] = *source;
  buffer.source = dgram_path_sources_find(&env->path_sources, source, &is_new);
  if (is_new) {
    DGRAM_ASSERT(inbox->texts_count < DGRAM_RECV_SLOTS);
    dgram_path_describe(source, &inbox->texts[inbox->texts_count]);
    inbox->new_sources[inbox->texts_count++] =
        (uint16_t) (DGRAM_SOURCES_MAX + buffer.source);
    buffer.new_text = inbox->texts_count;
  }
  append(inbox, &buffer);
}

uint32_t dgram_inbox_count_delivered(dgram_inbox_t* inbox) {
  const dgram_cursor_t* cursor = inbox->cursor;
  const dgram_recv_t* buffer;
  uint32_t before = inbox->datagrams_left;
  uint32_t uncounted = inbox->uncounted;
  uint32_t n = 0;

  inbox->uncounted = 0;
  while (inbox->gro_buffer < cursor->gro_buffer &&
         inbox->gro_buffer < inbox->count) {
    buffer = &inbox->gro_buffers[inbox->gro_buffer++];
    n += count_datagrams(buffer->length - inbox->position, buffer->segment);
    inbox->position = 0;
  }
  if (inbox->gro_buffer < inbox->count && cursor->position > inbox->position) {
    buffer = &inbox->gro_buffers[inbox->gro_buffer];
    n += count_datagrams(cursor->position - inbox->position, buffer->segment);
    inbox->position = cursor->position;
  }
  inbox->datagrams_left = n < before ? before - n : 0;
  return uncounted + n;
}

void dgram_inbox_forget_sources(dgram_env_t* env, const dgram_inbox_t* inbox) {
  uint32_t i;

  for (i = 0; i < inbox->texts_count; i++)
    if (inbox->new_sources[i] < DGRAM_SOURCES_MAX)
      dgram_sources_forget(&env->sources, inbox->new_sources[i]);
    else
      dgram_path_sources_forget(&env->path_sources,
                                inbox->new_sources[i] - DGRAM_SOURCES_MAX);
  for (i = 0; i < inbox->local_texts_count; i++)
    dgram_sources_forget(&env->local_addresses, inbox->new_locals[i]);
}

void dgram_inbox_skip(dgram_inbox_t* inbox) {
  dgram_cursor_t* cursor = inbox->cursor;
  const dgram_recv_t* buffer;

  if (cursor->gro_buffer >= inbox->count)
    return;
  buffer = &inbox->gro_buffers[cursor->gro_buffer];
  cursor->position += buffer->segment;
  if (buffer->segment > 0 && cursor->position < buffer->length)
    return;
  cursor->gro_buffer++;
  cursor->position = 0;
}

void dgram_inbox_skip_rest(dgram_inbox_t* inbox) {
  inbox->uncounted = dgram_inbox_count_delivered(inbox);
  inbox->held += inbox->datagrams_left;
  inbox->datagrams_left = 0;
  inbox->gro_buffer = inbox->count;
  inbox->position = 0;
  inbox->cursor->gro_buffer = inbox->count;
  inbox->cursor->position = 0;
}

void dgram_inbox_rewind(dgram_inbox_t* inbox) {
  dgram_cursor_t* cursor = inbox->cursor;

  cursor->gro_buffer = 0;
  cursor->position = 0;
  cursor->count = inbox->count;
  cursor->steps = 0;
}
