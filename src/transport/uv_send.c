/* Sending on libuv alone.
 *
 * libuv has a queue of its own, but before 1.49 one failing datagram at its
 * head fails the next 19 as well. So the queue is kept here, and libuv gets one
 * datagram at a time: the one that would block, to learn when the socket is
 * writable again. If the socket is writable but rejects the datagram (ENOBUFS,
 * which libuv reports as EAGAIN), libuv would retry in every event loop
 * iteration. Then a timer retries instead. */
#include <stdlib.h>
#include <string.h>

#include "core/sends.h"
#include "core/socket.h"
#include "platform/platform.h"
#include "transport/uv.h"

/* Milliseconds between two tries. */
#define RETRY_INTERVAL 1

typedef struct queued_s queued_t;

struct queued_s {
  queued_t* next;
  uint32_t ticket;
  uint32_t length;
  dgram_address_t destination; /* AF_UNSPEC: the connected peer */
  char bytes[];
};

/* The timer of a queue. Allocated separately: libuv closes it on its own. */
typedef struct {
  uv_timer_t timer; /* first: a uv_timer_t* is a retry_t* */
  dgram_socket_t* socket;
} retry_t;

typedef struct {
  uv_udp_send_t request;
  retry_t* retry; /* NULL: not needed yet */
  bool retrying;  /* the timer runs, for `head` */
  bool sending;   /* libuv has `request`, for `head` */
  bool draining;  /* drain() runs, and sends what is appended */
  bool closed;    /* the socket is closed: drain() frees the queue */
  queued_t* head;
  queued_t* tail;
  size_t count;
  size_t size; /* in bytes */
} queue_t;

size_t dgram_uv_queue_count(const dgram_socket_t* socket) {
  const queue_t* queue = socket->transport_data;

  return queue == NULL ? 0 : queue->count;
}

size_t dgram_uv_queue_size(const dgram_socket_t* socket) {
  const queue_t* queue = socket->transport_data;

  return queue == NULL ? 0 : queue->size;
}

/* Returns 0, or a UV_ code; UV_EAGAIN: the datagram has to be queued. */
static int try_send(dgram_socket_t* socket,
                    const dgram_address_t* destination,
                    char* bytes,
                    uint32_t length) {
  uv_buf_t buf = uv_buf_init(bytes, length);
  int rc;

  if (socket->env->queue_always)
    return UV_EAGAIN;
  dgram_socket_stats(socket)->send_calls++;
  rc = uv_udp_try_send(
      &socket->udp, &buf, 1, destination == NULL ? NULL : &destination->any);
  if (rc == UV_ENOSYS)
    return UV_EAGAIN;
  return rc < 0 ? rc : 0;
}

static const dgram_address_t* destination_of(const queued_t* item) {
  return item->destination.any.sa_family == AF_UNSPEC ? NULL
                                                      : &item->destination;
}

/* Completes the head. Runs JavaScript, which may close the socket. The queue
 * stays valid: dgram_uv_free_queue() leaves it to drain(). */
static void complete_head(dgram_socket_t* socket, queue_t* queue, int status) {
  queued_t* item = queue->head;
  uint32_t ticket = item->ticket;
  uint32_t length = item->length;

  queue->head = item->next;
  if (queue->head == NULL)
    queue->tail = NULL;
  queue->count--;
  queue->size -= length;
  free(item);
  dgram_sends_complete(socket, ticket, status, length);
}

static void on_sent(uv_udp_send_t* request, int status);

static int send_head(dgram_socket_t* socket, queue_t* queue) {
  queued_t* item = queue->head;
  const dgram_address_t* destination = destination_of(item);
  uv_buf_t buf = uv_buf_init(item->bytes, item->length);
  int rc;

  dgram_socket_stats(socket)->send_calls++;
  rc = uv_udp_send(&queue->request,
                   &socket->udp,
                   &buf,
                   1,
                   destination == NULL ? NULL : &destination->any,
                   on_sent);
  queue->sending = rc == 0;
  return rc;
}

static void on_retry(uv_timer_t* timer);

/* Returns false if there is no memory. */
static bool start_retry_timer(dgram_socket_t* socket, queue_t* queue) {
  if (queue->retry == NULL) {
    queue->retry = calloc(1, sizeof(*queue->retry));
    if (queue->retry == NULL)
      return false;
    (void) uv_timer_init(socket->env->loop, &queue->retry->timer);
    queue->retry->socket = socket;
  }
  /* Keeps the loop alive even after unref(), as a request does. */
  uv_timer_start(&queue->retry->timer, on_retry, RETRY_INTERVAL, 0);
  queue->retrying = true;
  return true;
}

/* Leaves the head to the timer or to libuv. Returns 0 or a UV_ code. */
static int suspend(dgram_socket_t* socket, queue_t* queue) {
  if (!socket->env->queue_always && dgram_platform_is_writable(&socket->udp) &&
      start_retry_timer(socket, queue))
    return 0;
  return send_head(socket, queue);
}

static bool is_waiting(const queue_t* queue) {
  return queue->sending || queue->retrying;
}

/* Sends queued datagrams until the socket would block, but no more than were
 * queued at the start: a completion that sends again must not block the loop.
 */
static void drain(dgram_socket_t* socket, queue_t* queue) {
  size_t budget = queue->count;
  int rc;

  queue->draining = true;
  while (queue->head != NULL) {
    rc = UV_EAGAIN;
    if (socket->closing)
      rc = UV_ECANCELED;
    else if (budget > 0)
      rc = try_send(socket,
                    destination_of(queue->head),
                    queue->head->bytes,
                    queue->head->length);
    if (rc == UV_EAGAIN)
      rc = budget > 0 ? suspend(socket, queue) : send_head(socket, queue);
    if (is_waiting(queue))
      break;
    complete_head(socket, queue, rc);
    budget -= budget > 0;
  }
  queue->draining = false;
  if (queue->closed)
    free(queue);
}

static void on_retry(uv_timer_t* timer) {
  dgram_socket_t* socket = ((retry_t*) timer)->socket;
  queue_t* queue = socket->transport_data;

  dgram_socket_use(socket);
  queue->retrying = false;
  drain(socket, queue);
  dgram_socket_unuse(socket);
}

static void on_sent(uv_udp_send_t* request, int status) {
  dgram_socket_t* socket = (dgram_socket_t*) request->handle;
  queue_t* queue = socket->transport_data;

  dgram_socket_use(socket);
  /* libuv before 1.52 may report EBADF if a listener closed the socket in the
   * same wake-up. Other errors of the kernel are kept. */
  if (status == UV_EBADF && socket->closing)
    status = UV_ECANCELED;
  queue->sending = false;
  queue->draining = true;
  complete_head(socket, queue, status);
  drain(socket, queue);
  dgram_socket_unuse(socket);
}

/* Queues a copy of a datagram. Returns DGRAM_QUEUED or a UV_ code. */
static int enqueue(dgram_socket_t* socket,
                   const dgram_send_t* send,
                   const dgram_address_t* destination,
                   const char* bytes) {
  queue_t* queue = socket->transport_data;
  queued_t* item = malloc(sizeof(*item) + send->length);
  int rc;

  if (queue == NULL)
    queue = socket->transport_data = calloc(1, sizeof(*queue));
  if (item == NULL || queue == NULL) {
    free(item);
    return UV_ENOMEM;
  }
  memset(item, 0, sizeof(*item));
  item->ticket = send->ticket;
  item->length = send->length;
  if (destination != NULL)
    item->destination = *destination;
  memcpy(item->bytes, bytes, send->length);

  if (queue->tail == NULL)
    queue->head = item;
  else
    queue->tail->next = item;
  queue->tail = item;
  queue->count++;
  queue->size += item->length;
  if (is_waiting(queue) || queue->draining)
    return DGRAM_QUEUED;

  rc = suspend(socket, queue);
  if (rc == 0)
    return DGRAM_QUEUED;
  queue->head = queue->tail = NULL;
  queue->count = queue->size = 0;
  free(item);
  return rc;
}

uint32_t dgram_uv_flush(dgram_socket_t* socket,
                        dgram_send_t* sends,
                        uint32_t count,
                        const uint8_t* arena) {
  const dgram_address_t* table = socket->env->destinations.slots;
  const dgram_address_t* destination;
  uint32_t queued = 0;
  uint32_t i;
  char* bytes;
  int rc = 0;

  /* libuv would bind too, but it keeps the descriptor of a failed bind. */
  if (!dgram_socket_is_open(socket) && sends[0].destination != 0)
    rc = dgram_socket_bind_any(socket,
                               table[sends[0].destination].any.sa_family);
  if (rc != 0) { /* `socket` has been replaced: dgram_socket_bind() */
    for (i = 0; i < count; i++)
      sends[i].status = rc;
    return 0;
  }
  for (i = 0; i < count; i++) {
    destination =
        sends[i].destination == 0 ? NULL : &table[sends[i].destination];
    bytes = (char*) arena + sends[i].offset;
    rc = UV_EAGAIN;
    if (dgram_uv_queue_count(socket) == 0)
      rc = try_send(socket, destination, bytes, sends[i].length);
    if (rc == UV_EAGAIN)
      rc = enqueue(socket, &sends[i], destination, bytes);
    queued += rc == DGRAM_QUEUED;
    sends[i].status = rc == 0 ? (int32_t) sends[i].length : rc;
  }
  return queued;
}

static void on_timer_closed(uv_handle_t* handle) {
  free(handle);
}

void dgram_uv_close_timer(dgram_socket_t* socket) {
  queue_t* queue = socket->transport_data;

  if (queue != NULL && queue->retry != NULL) {
    uv_close((uv_handle_t*) &queue->retry->timer, on_timer_closed);
    queue->retry = NULL;
    queue->retrying = false;
  }
}

/* libuv has completed its request by now, and drain() has cancelled the rest,
 * unless the timer was running. */
void dgram_uv_free_queue(dgram_socket_t* socket) {
  queue_t* queue = socket->transport_data;

  socket->transport_data = NULL;
  if (queue == NULL)
    return;
  queue->closed = true;
  if (!queue->draining)
    drain(socket, queue);
}
