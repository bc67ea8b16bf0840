#include <stdlib.h>
#include <string.h>

#include "transport/linux/linux.h"

/* Milliseconds. Each pause in a row is twice the last one. */
#define PAUSE_MAX 4u

/* Datagrams that have to wait, with what they need: a copy of the caller's
 * descriptors, destinations and payload. One allocation. */
struct linux_queued_s {
  linux_queued_t* next;
  uint32_t position; /* first unsent */
  uint32_t count;
  dgram_send_t* sends;
  dgram_address_t* peers; /* slot 0 is not used, as in env->peers */
  uint8_t* arena;
};

/* A moment during which nothing is sent (S4). Made when it is first needed, and
 * given back on its own. */
struct linux_pause_s {
  uv_timer_t timer; /* first: a uv_timer_t* is a linux_pause_t* */
  linux_socket_t* owner;
  uint32_t milliseconds; /* of the last one */
};

static size_t round_up(size_t size) {
  return (size + sizeof(void*) - 1) & ~(sizeof(void*) - 1);
}

/* Copies what `sends` need, so that nothing of the caller's is kept. */
static linux_queued_t* copy_batch(const dgram_send_t* sends,
                                  uint32_t count,
                                  const dgram_address_t* peers,
                                  const uint8_t* arena) {
  size_t sends_size = round_up(count * sizeof(*sends));
  size_t peers_size = round_up((count + 1) * sizeof(*peers));
  size_t bytes = 0;
  linux_queued_t* item;
  uint32_t i;

  for (i = 0; i < count; i++)
    bytes += sends[i].length;
  item = malloc(sizeof(*item) + sends_size + peers_size + bytes);
  if (item == NULL)
    return NULL;
  item->next = NULL;
  item->position = 0;
  item->count = count;
  item->sends = (dgram_send_t*) (item + 1);
  item->peers = (dgram_address_t*) ((char*) item->sends + sends_size);
  item->arena = (uint8_t*) item->peers + peers_size;

  bytes = 0;
  for (i = 0; i < count; i++) {
    dgram_send_t* copy = &item->sends[i];

    *copy = sends[i];
    copy->offset = (uint32_t) bytes;
    memcpy(item->arena + bytes, arena + sends[i].offset, copy->length);
    bytes += copy->length;
    if (copy->peer == 0)
      continue;
    /* One slot for neighbours with one peer: they may form a run. */
    if (i > 0 && sends[i - 1].peer == sends[i].peer) {
      copy->peer = item->sends[i - 1].peer;
    } else {
      copy->peer = i + 1;
      item->peers[copy->peer] = peers[sends[i].peer];
    }
  }
  return item;
}

/* Queues the datagrams, or completes each with the error. Returns how many
 * were queued. */
uint32_t dgram_linux_enqueue(dgram_socket_t* socket,
                             dgram_send_t* sends,
                             uint32_t count,
                             const uint8_t* arena) {
  linux_socket_t* self = dgram_linux_ensure(socket);
  linux_queued_t* item = NULL;
  int rc = UV_ENOMEM;
  uint32_t i;

  if (self != NULL)
    item = copy_batch(sends, count, socket->env->peers, arena);
  if (item != NULL) {
    linux_queued_t* tail = self->queue_tail;

    if (tail == NULL)
      self->queue_head = item;
    else
      tail->next = item;
    self->queue_tail = item;
    rc = dgram_linux_update_poll(self);
    if (rc != 0) {
      if (tail == NULL)
        self->queue_head = NULL;
      else
        tail->next = NULL;
      self->queue_tail = tail;
      free(item);
    }
  }
  for (i = 0; i < count; i++) {
    sends[i].status = rc == 0 ? DGRAM_QUEUED : rc;
    if (rc == 0) {
      self->queue_count++;
      self->queue_size += sends[i].length;
    }
  }
  return rc == 0 ? count : 0;
}

/* Completes the datagrams of the head that have a status. JavaScript may do
 * anything meanwhile; the socket's memory and the head stay. */
static void complete_head(linux_socket_t* self, uint32_t from, uint32_t to) {
  dgram_socket_t* socket = self->socket;
  linux_queued_t* item = self->queue_head;
  uint32_t i;

  for (i = from; i < to; i++) {
    const dgram_send_t* send = &item->sends[i];

    self->queue_count--;
    self->queue_size -= send->length;
    dgram_env_complete(socket,
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

/* Completes the whole head with that error. */
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

/* Makes the queue wait for a moment. The timer keeps the loop alive, whatever
 * unref() said: there are datagrams to be sent. Without memory for it the loop
 * spins, and the datagrams leave all the same. */
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

/* The socket is writable: sends the batches that were queued at this moment,
 * not those that completions add, or the loop would stay here. A completion
 * that turns the loop itself comes here again, and maybe to the end of the
 * socket, while the head is in use: both wait. */
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
    linux_batch_t batch = {item->sends, item->count, item->peers, item->arena};
    uint32_t from = item->position;

    rc = dgram_linux_transmit(socket, &batch, &item->position);
    more = rc == 0 && item != last;
    progressed = progressed || item->position > from;
    /* The item stays the head, so that sends made by completions queue up
     * behind it; close() leaves it there too. */
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
  if (socket->closed)
    dgram_linux_destroy(self);
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
