#include <stdlib.h>
#include <string.h>

#include "transport/linux/linux.h"

/* Milliseconds. Each pause in a row is twice the last one. */
#define PAUSE_MAX 4u

/* Datagrams that have to wait, with what they need: a copy of the caller's
 * descriptors, destinations and payload. One allocation. */
typedef struct linux_queued_s queued_t;

struct linux_queued_s {
  queued_t* next;
  uint32_t position; /* first unsent */
  uint32_t count;
  dgram_send_t* sends;
  dgram_address_t* peers; /* slot 0 is not used, as in env->peers */
  uint8_t* arena;
};

/* A moment during which nothing is sent (S4). Made when it is first needed, and
 * given back on its own. */
typedef struct linux_pause_s {
  uv_timer_t timer; /* first: a uv_timer_t* is a pause_t* */
  linux_socket_t* path;
  uint32_t milliseconds; /* of the last one */
} pause_t;

static size_t round_up(size_t size) {
  return (size + sizeof(void*) - 1) & ~(sizeof(void*) - 1);
}

/* Copies what `sends` need, so that nothing of the caller's is kept. */
static queued_t* copy_batch(const dgram_send_t* sends,
                            uint32_t count,
                            const dgram_address_t* peers,
                            const uint8_t* arena) {
  size_t sends_size = round_up(count * sizeof(*sends));
  size_t peers_size = round_up((count + 1) * sizeof(*peers));
  size_t bytes = 0;
  queued_t* item;
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
  linux_socket_t* path = dgram_linux_ensure(socket);
  queued_t* item = NULL;
  int rc = UV_ENOMEM;
  uint32_t i;

  if (path != NULL)
    item = copy_batch(sends, count, socket->env->peers, arena);
  if (item != NULL) {
    queued_t* tail = path->tail;

    if (tail == NULL)
      path->head = item;
    else
      tail->next = item;
    path->tail = item;
    rc = dgram_linux_update_poll(path);
    if (rc != 0) {
      if (tail == NULL)
        path->head = NULL;
      else
        tail->next = NULL;
      path->tail = tail;
      free(item);
    }
  }
  for (i = 0; i < count; i++) {
    sends[i].status = rc == 0 ? DGRAM_QUEUED : rc;
    if (rc == 0) {
      path->queue_count++;
      path->queue_size += sends[i].length;
    }
  }
  return rc == 0 ? count : 0;
}

/* Completes the datagrams of the head that have a status. JavaScript may do
 * anything meanwhile; the socket's memory and the head stay. */
static void complete_head(linux_socket_t* path, uint32_t from, uint32_t to) {
  dgram_socket_t* socket = path->socket;
  queued_t* item = path->head;
  uint32_t i;

  for (i = from; i < to; i++) {
    const dgram_send_t* send = &item->sends[i];

    path->queue_count--;
    path->queue_size -= send->length;
    dgram_env_complete(socket,
                       send->ticket,
                       send->status < 0 ? send->status : 0,
                       send->length);
  }
}

static void drop_head(linux_socket_t* path) {
  queued_t* item = path->head;

  path->head = item->next;
  if (path->head == NULL)
    path->tail = NULL;
  free(item);
}

/* Completes the whole head with that error. */
static void fail_head(linux_socket_t* path, int code) {
  queued_t* item = path->head;
  uint32_t from = item->position;
  uint32_t i;

  for (i = from; i < item->count; i++)
    item->sends[i].status = code;
  item->position = item->count;
  complete_head(path, from, item->count);
  drop_head(path);
}

static void on_pause_over(uv_timer_t* timer);

/* Makes the queue wait for a moment. The timer keeps the loop alive, whatever
 * unref() said: there are datagrams to be sent. Without memory for it the loop
 * spins, and the datagrams leave all the same. */
static void start_pause(linux_socket_t* path) {
  pause_t* pause = path->pause;

  if (pause == NULL) {
    pause = calloc(1, sizeof(*pause));
    if (pause == NULL)
      return;
    (void) uv_timer_init(path->socket->env->loop, &pause->timer);
    pause->path = path;
    path->pause = pause;
  }
  pause->milliseconds *= 2;
  if (pause->milliseconds == 0)
    pause->milliseconds = 1;
  if (pause->milliseconds > PAUSE_MAX)
    pause->milliseconds = PAUSE_MAX;
  uv_timer_start(&pause->timer, on_pause_over, pause->milliseconds, 0);
  path->pausing = true;
}

static void on_pause_closed(uv_handle_t* handle) {
  free(handle);
}

void dgram_linux_end_pause(linux_socket_t* path) {
  if (path->pause == NULL)
    return;
  uv_close((uv_handle_t*) &path->pause->timer, on_pause_closed);
  path->pause = NULL;
  path->pausing = false;
}

/* The socket is writable: sends the batches that were queued at this moment,
 * not those that completions add, or the loop would stay here. A completion
 * that turns the loop itself comes here again, and maybe to the end of the
 * socket, while the head is in use: both wait. */
void dgram_linux_send_queued(linux_socket_t* path) {
  dgram_socket_t* socket = path->socket;
  const queued_t* last = path->tail;
  bool more = true;
  bool moved = false;
  int rc = 0;

  if (path->sending || path->pausing)
    return;
  path->sending = true;
  while (more && path->head != NULL && !socket->closing) {
    queued_t* item = path->head;
    linux_batch_t batch = {item->sends, item->count, item->peers, item->arena};
    uint32_t from = item->position;

    rc = dgram_linux_transmit(socket, &batch, &item->position);
    more = rc == 0 && item != last;
    moved = moved || item->position > from;
    /* The item stays the head, so that sends made by completions queue up
     * behind it; close() leaves it there too. */
    complete_head(path, from, item->position);
    if (item->position == item->count)
      drop_head(path);
  }
  path->sending = false;
  if (socket->closed) {
    dgram_linux_end(path);
    return;
  }
  if (path->pause != NULL && moved)
    path->pause->milliseconds = 0;
  if (rc != 0 && !moved && !socket->closing)
    start_pause(path); /* S4 */
}

void dgram_linux_fail_queue(linux_socket_t* path, int code) {
  dgram_socket_t* socket = path->socket;
  const queued_t* last;
  bool more = true;

  if (socket->closing || path->sending)
    return;
  path->sending = true;
  last = path->tail;
  while (more && path->head != NULL && !socket->closing) {
    more = path->head != last;
    fail_head(path, code);
  }
  path->sending = false;
  if (socket->closed)
    dgram_linux_end(path);
}

void dgram_linux_cancel_queue(linux_socket_t* path) {
  while (path->head != NULL)
    fail_head(path, UV_ECANCELED);
}

static void on_pause_over(uv_timer_t* timer) {
  linux_socket_t* path = ((pause_t*) timer)->path;
  dgram_socket_t* socket = path->socket;

  dgram_socket_use(socket);
  path->pausing = false;
  dgram_linux_send_queued(path);
  if (!socket->closing)
    dgram_linux_update_poll_or_fail(path);
  dgram_socket_unuse(socket);
}

size_t dgram_linux_queue_size(const dgram_socket_t* socket) {
  const linux_socket_t* path = socket->transport_data;

  return path == NULL ? 0 : path->queue_size;
}

size_t dgram_linux_queue_count(const dgram_socket_t* socket) {
  const linux_socket_t* path = socket->transport_data;

  return path == NULL ? 0 : path->queue_count;
}
