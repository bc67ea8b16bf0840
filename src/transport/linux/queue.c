#include <stdlib.h>
#include <string.h>

#include "core/assert.h"
#include "core/unix_socket.h"
#include "transport/linux/linux.h"
#include "transport/linux/unix.h"

/* In milliseconds. Each consecutive pause is twice as long as the last. */
#define PAUSE_MAX 4u

/* Queued datagrams: a copy of the caller's descriptors, destinations, settings
 * and payload, in one allocation. */
struct linux_queued_s {
  linux_queued_t* next;
  uint32_t position; /* first unsent */
  uint32_t count;
  dgram_send_t* sends;
  dgram_address_t* peers;          /* slot 0 is unused, as in the table */
  dgram_path_t* paths;             /* of `peers`; slot 0: see U7 */
  dgram_send_settings_t* settings; /* the same */
  uint8_t* arena;
};

/* The timer that delays the next attempt (S4). Allocated on first use; freed by
 * its close callback, independently of the socket. */
struct linux_pause_s {
  uv_timer_t timer; /* first: a uv_timer_t* is a linux_pause_t* */
  linux_socket_t* owner;
  uint32_t milliseconds; /* of the last pause */
};

static size_t round_up(size_t size) {
  return (size + sizeof(void*) - 1) & ~(sizeof(void*) - 1);
}

/* Each datagram may have others; usually none has any. */
static size_t settings_size_of(const dgram_send_t* sends, uint32_t count) {
  uint32_t i;

  for (i = 0; i < count; i++)
    if (sends[i].settings != 0)
      return round_up((count + 1) * sizeof(dgram_send_settings_t));
  return 0;
}

static size_t paths_size_of(const dgram_socket_t* socket, uint32_t count) {
  return socket->is_unix ? round_up((count + 1) * sizeof(dgram_path_t)) : 0;
}

/* The slot of datagram `i` in a copied table. Neighbours with one slot share it
 * there, too: they may form a segment group. */
static uint32_t copied_slot(uint32_t i, bool is_same, uint32_t previous) {
  return i > 0 && is_same ? previous : i + 1;
}

/* Copies everything that `sends` refer to in the tables of the environment.
 * Returns NULL if there is no memory. */
static linux_queued_t* copy_batch(const dgram_socket_t* socket,
                                  const dgram_send_t* sends,
                                  uint32_t count,
                                  const uint8_t* arena) {
  const dgram_env_t* env = socket->env;
  const dgram_address_t* peers = env->destinations.slots;
  const dgram_send_settings_t* settings = env->send_settings.slots;
  size_t sends_size = round_up(count * sizeof(*sends));
  size_t peers_size = round_up((count + 1) * sizeof(*peers));
  size_t paths_size = paths_size_of(socket, count);
  size_t settings_size = settings_size_of(sends, count);
  size_t bytes = 0;
  linux_queued_t* item;
  uint32_t i;

  for (i = 0; i < count; i++)
    bytes += sends[i].length;
  item = malloc(sizeof(*item) + sends_size + peers_size + paths_size +
                settings_size + bytes);
  if (item == NULL)
    return NULL;
  item->next = NULL;
  item->position = 0;
  item->count = count;
  item->sends = (dgram_send_t*) (item + 1);
  item->peers = (dgram_address_t*) ((char*) item->sends + sends_size);
  item->paths = (dgram_path_t*) ((char*) item->peers + peers_size);
  item->settings = (dgram_send_settings_t*) ((char*) item->paths + paths_size);
  item->arena = (uint8_t*) item->settings + settings_size;

  if (socket->is_unix)
    item->peers[0].any.sa_family = AF_UNSPEC;
  bytes = 0;
  for (i = 0; i < count; i++) {
    dgram_send_t* copy = &item->sends[i];

    *copy = sends[i];
    copy->offset = (uint32_t) bytes;
    memcpy(item->arena + bytes, arena + sends[i].offset, copy->length);
    bytes += copy->length;
    if (copy->destination != 0) {
      copy->destination =
          copied_slot(i,
                      i > 0 && sends[i - 1].destination == copy->destination,
                      i > 0 ? item->sends[i - 1].destination : 0);
      item->peers[copy->destination] = peers[sends[i].destination];
      if (paths_size > 0 &&
          peers[sends[i].destination].any.sa_family == AF_UNIX)
        item->paths[copy->destination] =
            env->destinations.paths[sends[i].destination];
    }
    if (copy->settings != 0) {
      copy->settings =
          copied_slot(i,
                      i > 0 && sends[i - 1].settings == copy->settings,
                      i > 0 ? item->sends[i - 1].settings : 0);
      item->settings[copy->settings] = settings[sends[i].settings];
    }
  }
  return item;
}

/* Appends the item and polls for writability. Returns 0, or a UV_ code: then it
 * was not appended. */
static int append(linux_socket_t* self, linux_queued_t* item) {
  linux_queued_t* tail = self->queue_tail;
  int rc;

  if (tail == NULL)
    self->queue_head = item;
  else
    tail->next = item;
  self->queue_tail = item;
  rc = dgram_linux_update_poll(self->socket);
  if (rc != 0) {
    if (tail == NULL)
      self->queue_head = NULL;
    else
      tail->next = NULL;
    self->queue_tail = tail;
  }
  return rc;
}

uint32_t dgram_linux_enqueue(dgram_socket_t* socket,
                             dgram_send_t* sends,
                             uint32_t count,
                             const uint8_t* arena) {
  linux_socket_t* self = dgram_linux_ensure(socket);
  linux_queued_t* item = NULL;
  int rc = UV_ENOMEM;
  uint32_t i;

  if (self != NULL)
    item = copy_batch(socket, sends, count, arena);
  if (item != NULL)
    rc = append(self, item);
  if (rc != 0)
    free(item);
  for (i = 0; i < count; i++) {
    sends[i].status = rc == 0 ? DGRAM_QUEUED : rc;
    if (rc == 0) {
      self->queue_count++;
      self->queue_size += sends[i].length;
    }
  }
  if (rc == 0 && socket->is_unix)
    dgram_unix_congested(self);
  return rc == 0 ? count : 0;
}

/* Completes datagrams `from` to `to` of the head, which have a status.
 * JavaScript runs and may even close the socket, but the head and the memory of
 * the socket stay valid. */
static void complete_head(linux_socket_t* self, uint32_t from, uint32_t to) {
  dgram_socket_t* socket = self->socket;
  linux_queued_t* item = self->queue_head;
  uint32_t i;

  for (i = from; i < to; i++) {
    const dgram_send_t* send = &item->sends[i];

    DGRAM_ASSERT(self->queue_count > 0 && self->queue_size >= send->length);
    DGRAM_ASSERT(self->queue_head == item);
    self->queue_count--;
    self->queue_size -= send->length;
    dgram_sends_complete(socket,
                         send->ticket,
                         send->status < 0 ? send->status : 0,
                         send->length);
  }
}

static void remove_head(linux_socket_t* self) {
  linux_queued_t* item = self->queue_head;

  self->queue_head = item->next;
  if (self->queue_head == NULL)
    self->queue_tail = NULL;
  free(item);
}

/* Completes the rest of the head with that error. */
static void fail_head(linux_socket_t* self, int code) {
  linux_queued_t* item = self->queue_head;
  uint32_t from = item->position;
  uint32_t i;

  for (i = from; i < item->count; i++)
    item->sends[i].status = code;
  item->position = item->count;
  complete_head(self, from, item->count);
  remove_head(self);
}

static void on_pause_over(uv_timer_t* timer);

/* Stops sending for a moment. The timer keeps the loop alive even after
 * unref(), because datagrams are queued. Without memory for it the loop spins,
 * and the datagrams are still sent. */
static void start_pause(linux_socket_t* self) {
  linux_pause_t* pause = self->pause;

  if (pause == NULL) {
    pause = calloc(1, sizeof(*pause));
    if (pause == NULL)
      return;
    (void) uv_timer_init(self->socket->env->loop, &pause->timer);
    pause->owner = self;
    self->pause = pause;
  }
  pause->milliseconds *= 2;
  if (pause->milliseconds == 0)
    pause->milliseconds = 1;
  if (pause->milliseconds > PAUSE_MAX)
    pause->milliseconds = PAUSE_MAX;
  uv_timer_start(&pause->timer, on_pause_over, pause->milliseconds, 0);
  self->paused = true;
}

static void on_pause_closed(uv_handle_t* handle) {
  free(handle);
}

void dgram_linux_end_pause(linux_socket_t* self) {
  if (self->pause == NULL)
    return;
  uv_close((uv_handle_t*) &self->pause->timer, on_pause_closed);
  self->pause = NULL;
  self->paused = false;
}

/* Sends the items that are queued now. Items added by completions are left for
 * the next event, so that the function ends. A completion may run a nested
 * event loop, which comes here again or closes the socket while the head is in
 * use: `sending` defers both. */
void dgram_linux_send_queued(linux_socket_t* self) {
  dgram_socket_t* socket = self->socket;
  const linux_queued_t* last = self->queue_tail;
  bool more = true;
  bool progressed = false;
  int rc = 0;

  if (self->sending || self->paused)
    return;
  self->sending = true;
  while (more && self->queue_head != NULL && !socket->closing) {
    linux_queued_t* item = self->queue_head;
    linux_batch_t batch = {item->sends,
                           item->count,
                           item->peers,
                           item->settings,
                           item->arena,
                           item->paths};
    uint32_t from = item->position;

    rc = dgram_linux_transmit(socket, &batch, &item->position);
    more = rc == 0 && item != last;
    progressed = progressed || item->position > from;
    /* The item stays the head, so that sends made by completions are queued
     * behind it. close() does not remove it either. */
    complete_head(self, from, item->position);
    if (item->position == item->count)
      remove_head(self);
  }
  self->sending = false;
  if (socket->closed) {
    dgram_linux_destroy(self);
    return;
  }
  if (self->pause != NULL && progressed)
    self->pause->milliseconds = 0;
  if (rc != 0 && !progressed && !socket->closing)
    start_pause(self); /* S4 */
  if (socket->is_unix && !socket->closing) {
    self->congestion_eased |= progressed;
    dgram_unix_report(self);
  }
}

void dgram_linux_fail_queue(linux_socket_t* self, int code) {
  dgram_socket_t* socket = self->socket;
  const linux_queued_t* last;
  bool more = true;

  if (socket->closing || self->sending)
    return;
  self->sending = true;
  last = self->queue_tail;
  while (more && self->queue_head != NULL && !socket->closing) {
    more = self->queue_head != last;
    fail_head(self, code);
  }
  self->sending = false;
  if (socket->closed) {
    dgram_linux_destroy(self);
  } else if (socket->is_unix) {
    self->congestion_eased = true;
    dgram_unix_report(self);
  }
}

void dgram_linux_keep_peer(dgram_socket_t* socket) {
  linux_socket_t* self = socket->transport_data;
  linux_queued_t* item = self == NULL ? NULL : self->queue_head;

  for (; item != NULL; item = item->next)
    if (item->peers[0].any.sa_family == AF_UNSPEC &&
        dgram_unix_socket_peer(socket, &item->paths[0]) == 0)
      item->peers[0].any.sa_family = AF_UNIX;
}

void dgram_linux_cancel_queue(linux_socket_t* self) {
  while (self->queue_head != NULL)
    fail_head(self, UV_ECANCELED);
}

static void on_pause_over(uv_timer_t* timer) {
  linux_socket_t* self = ((linux_pause_t*) timer)->owner;
  dgram_socket_t* socket = self->socket;

  dgram_socket_use(socket);
  self->paused = false;
  dgram_linux_send_queued(self);
  if (!socket->closing)
    dgram_linux_update_poll_or_fail(self);
  dgram_socket_unuse(socket);
}

size_t dgram_linux_queue_size(const dgram_socket_t* socket) {
  const linux_socket_t* self = socket->transport_data;

  return self == NULL ? 0 : self->queue_size;
}

size_t dgram_linux_queue_count(const dgram_socket_t* socket) {
  const linux_socket_t* self = socket->transport_data;

  return self == NULL ? 0 : self->queue_count;
}
