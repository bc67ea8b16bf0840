/* The portable transport, on libuv alone.
 *
 * libuv has a queue of its own, but before 1.49 one bad datagram at its head
 * fails the nineteen behind it as well. So the queue is kept here, and libuv
 * is given one datagram at a time: the one that would have blocked, to learn
 * when the socket is writable again. Is it writable, and takes nothing
 * (ENOBUFS, which libuv shows as EAGAIN), libuv would try again for ever, in
 * every turn of the loop: then a timer says when. */
#include <stdlib.h>
#include <string.h>

#include "core/socket.h"
#include "platform/platform.h"
#include "transport/transport.h"

/* Milliseconds from one try to the next. */
#define PAUSE 1

typedef struct queued_s queued_t;

struct queued_s {
  queued_t* next;
  uint32_t ticket;
  uint32_t length;
  dgram_address_t peer; /* AF_UNSPEC: the connected one */
  char bytes[];
};

/* Made when it is first needed, and given back on its own. */
typedef struct {
  uv_timer_t timer; /* first: a uv_timer_t* is a pause_t* */
  dgram_socket_t* socket;
} pause_t;

typedef struct {
  uv_udp_send_t request;
  pause_t* pause; /* NULL: not needed yet */
  bool pausing;   /* it runs, for `head` */
  bool closed;    /* the socket is: drain() frees the queue at its end */
  bool sending;   /* `request` is libuv's, for `head` */
  bool draining;  /* drain() runs and sees to what is appended */
  queued_t* head;
  queued_t* tail;
  size_t count;
  size_t size; /* in bytes */
} queue_t;

static size_t uv_queue_count(const dgram_socket_t* socket) {
  const queue_t* queue = socket->transport_data;

  return queue == NULL ? 0 : queue->count;
}

static size_t uv_queue_size(const dgram_socket_t* socket) {
  const queue_t* queue = socket->transport_data;

  return queue == NULL ? 0 : queue->size;
}

/* Returns 0, a UV_ code, or UV_EAGAIN: it has to wait. */
static int try_send(dgram_socket_t* socket,
                    const dgram_address_t* peer,
                    char* bytes,
                    uint32_t length) {
  uv_buf_t buf = uv_buf_init(bytes, length);
  int rc;

  if (socket->env->queue_always)
    return UV_EAGAIN;
  rc = uv_udp_try_send(&socket->udp, &buf, 1, peer == NULL ? NULL : &peer->any);
  if (rc == UV_ENOSYS)
    return UV_EAGAIN;
  return rc < 0 ? rc : 0;
}

static const dgram_address_t* peer_of(const queued_t* item) {
  return item->peer.any.sa_family == AF_UNSPEC ? NULL : &item->peer;
}

/* JavaScript runs, and may have closed the socket when this returns. Not the
 * queue: uv_closed() leaves it to drain(). */
static void finish_head(dgram_socket_t* socket, queue_t* queue, int status) {
  queued_t* item = queue->head;
  uint32_t ticket = item->ticket;
  uint32_t length = item->length;

  queue->head = item->next;
  if (queue->head == NULL)
    queue->tail = NULL;
  queue->count--;
  queue->size -= length;
  free(item);
  dgram_env_complete(socket, ticket, status, length);
}

static void on_sent(uv_udp_send_t* request, int status);

static int hand_over_head(dgram_socket_t* socket, queue_t* queue) {
  queued_t* item = queue->head;
  const dgram_address_t* peer = peer_of(item);
  uv_buf_t buf = uv_buf_init(item->bytes, item->length);
  int rc;

  rc = uv_udp_send(&queue->request,
                   &socket->udp,
                   &buf,
                   1,
                   peer == NULL ? NULL : &peer->any,
                   on_sent);
  queue->sending = rc == 0;
  return rc;
}

static void on_pause_over(uv_timer_t* timer);

/* Returns false without memory. */
static bool start_pause(dgram_socket_t* socket, queue_t* queue) {
  if (queue->pause == NULL) {
    queue->pause = calloc(1, sizeof(*queue->pause));
    if (queue->pause == NULL)
      return false;
    (void) uv_timer_init(socket->env->loop, &queue->pause->timer);
    queue->pause->socket = socket;
  }
  /* With a reference to the loop, whatever unref() said: as a request has. */
  uv_timer_start(&queue->pause->timer, on_pause_over, PAUSE, 0);
  queue->pausing = true;
  return true;
}

/* Makes the head wait. Returns 0 or what libuv said to it. */
static int suspend(dgram_socket_t* socket, queue_t* queue) {
  if (!socket->env->queue_always && dgram_platform_is_writable(&socket->udp) &&
      start_pause(socket, queue))
    return 0;
  return hand_over_head(socket, queue);
}

static bool is_waiting(const queue_t* queue) {
  return queue->sending || queue->pausing;
}

/* Sends what is queued until the socket would block. No more than was there
 * at first: a completion that sends again must not keep the loop here. */
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
                    peer_of(queue->head),
                    queue->head->bytes,
                    queue->head->length);
    if (rc == UV_EAGAIN)
      rc = budget > 0 ? suspend(socket, queue) : hand_over_head(socket, queue);
    if (is_waiting(queue))
      break;
    finish_head(socket, queue, rc);
    budget -= budget > 0;
  }
  queue->draining = false;
  if (queue->closed)
    free(queue);
}

static void on_pause_over(uv_timer_t* timer) {
  dgram_socket_t* socket = ((pause_t*) timer)->socket;
  queue_t* queue = socket->transport_data;

  dgram_socket_use(socket);
  queue->pausing = false;
  drain(socket, queue);
  dgram_socket_unuse(socket);
}

static void on_sent(uv_udp_send_t* request, int status) {
  dgram_socket_t* socket = (dgram_socket_t*) request->handle;
  queue_t* queue = socket->transport_data;

  dgram_socket_use(socket);
  /* libuv before 1.52 may answer EBADF for a socket that a listener closed
   * in the same wake-up. What the kernel refused before stays refused. */
  if (status == UV_EBADF && socket->closing)
    status = UV_ECANCELED;
  queue->sending = false;
  queue->draining = true;
  finish_head(socket, queue, status);
  drain(socket, queue);
  dgram_socket_unuse(socket);
}

/* Returns DGRAM_QUEUED or a UV_ code. */
static int enqueue(dgram_socket_t* socket,
                   const dgram_send_t* send,
                   const dgram_address_t* peer,
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
  if (peer != NULL)
    item->peer = *peer;
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

static uint32_t uv_flush(dgram_socket_t* socket,
                         dgram_send_t* sends,
                         uint32_t count,
                         const uint8_t* arena) {
  const dgram_address_t* peers = socket->env->peers;
  const dgram_address_t* peer;
  uint32_t queued = 0;
  uint32_t i;
  char* bytes;
  int rc = 0;

  /* As libuv would, which keeps the descriptor of a bind that failed. */
  if (!dgram_socket_is_open(socket) && sends[0].peer != 0)
    rc = dgram_socket_bind_any(socket, peers[sends[0].peer].any.sa_family);
  if (rc != 0) { /* and `socket` is not the one any more: socket.h */
    for (i = 0; i < count; i++)
      sends[i].status = rc;
    return 0;
  }
  for (i = 0; i < count; i++) {
    peer = sends[i].peer == 0 ? NULL : &peers[sends[i].peer];
    bytes = (char*) arena + sends[i].offset;
    rc = UV_EAGAIN;
    if (uv_queue_count(socket) == 0)
      rc = try_send(socket, peer, bytes, sends[i].length);
    if (rc == UV_EAGAIN)
      rc = enqueue(socket, &sends[i], peer, bytes);
    queued += rc == DGRAM_QUEUED;
    sends[i].status = rc == 0 ? (int32_t) sends[i].length : rc;
  }
  return queued;
}

/* libuv cuts the slab into slots of 64 KiB where it has recvmmsg(), and fills
 * the first one elsewhere. It reads until it has thirty-two datagrams: two
 * reads of sixteen are no more than that. */
#define SLOTS_MAX (DGRAM_WAKE_UP_LEAST / 2)

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
  dgram_socket_t* socket = (dgram_socket_t*) handle;
  dgram_env_t* env = socket->env;
  uint32_t slots = dgram_socket_batch(socket);

  (void) suggested;
  if (!dgram_env_acquire_inbox(env, socket)) {
    *buf = uv_buf_init(NULL, 0);
    return;
  }
  if (slots > SLOTS_MAX)
    slots = SLOTS_MAX;
  if (slots > env->inbox->slots)
    slots = env->inbox->slots;
  *buf = uv_buf_init((char*) env->inbox->recv_buffer,
                     slots * DGRAM_RECV_SLOT_SIZE);
}

/* The length of a datagram, or a UV_ code. Where somebody has set IP_RECVERR on
 * the descriptor, libuv 1.52 (Node 24, 26) lets an error pass for a length: as
 * a number of 32 bits without a sign, with an address that means nothing. No
 * length above a slot's is believed. */
static int length_of(ssize_t nread) {
  int32_t code;

  if (nread <= (ssize_t) DGRAM_RECV_SLOT_SIZE)
    return (int) nread;
  code = (int32_t) (uint32_t) nread;
  return code < 0 ? code : UV_EIO;
}

/* Appends what libuv read to the inbox. */
static void take(const dgram_socket_t* socket,
                 ssize_t nread,
                 const uv_buf_t* buf,
                 const struct sockaddr* source) {
  dgram_env_t* env = socket->env;
  int length = length_of(nread);

  if (length >= 0 && (source == NULL || buf->base == NULL))
    length = UV_EIO;
  if (length < 0)
    dgram_env_received(env, 0, 0, 0, NULL, length);
  else
    dgram_env_received(
        env,
        (uint32_t) ((uint8_t*) buf->base - env->inbox->recv_buffer),
        (uint32_t) length,
        (uint32_t) length,
        source,
        0);
}

static void on_recv(uv_udp_t* udp,
                    ssize_t nread,
                    const uv_buf_t* buf,
                    const struct sockaddr* source,
                    unsigned flags) {
  dgram_socket_t* socket = (dgram_socket_t*) udp;
  dgram_env_t* env = socket->env;
  dgram_wake_up_t wake_up = {0};

  if (flags & UV_UDP_MMSG_FREE) {
    (void) dgram_env_deliver(env, socket, &wake_up);
    return;
  }
  if (nread == 0 && source == NULL)
    return;
  if (buf->base == NULL && nread == UV_ENOBUFS) {
    /* on_alloc() had nothing to give: nothing is read until it has. */
    if (env->read_deferred)
      uv_udp_recv_stop(udp);
    return;
  }
  /* On Windows an error comes without a buffer, and nobody was asked for one.
   */
  if (buf->base == NULL && !dgram_env_acquire_inbox(env, socket))
    return;
  take(socket, nread, buf, source);
  if (!(flags & UV_UDP_MMSG_CHUNK))
    (void) dgram_env_deliver(env, socket, &wake_up);
}

/* libuv reads the next one only when this one's callback has returned. */
static bool uv_read_on(dgram_socket_t* socket) {
  dgram_env_t* env = socket->env;
  dgram_address_t source;
  int rc = dgram_platform_recv(
      &socket->udp, env->inbox->recv_buffer, DGRAM_RECV_SLOT_SIZE, &source);

  if (rc == UV_EAGAIN || rc == UV_ENOTSUP)
    return false;
  if (rc < 0)
    dgram_env_received(env, 0, 0, 0, NULL, rc);
  else
    dgram_env_received(env, 0, (uint32_t) rc, (uint32_t) rc, &source.any, 0);
  return true;
}

static int uv_start(dgram_socket_t* socket) {
  int rc = 0;

  if (!dgram_socket_is_open(socket))
    rc = dgram_socket_bind_any(socket, AF_INET); /* libuv's choice */
  if (rc != 0)
    return rc;
  rc = uv_udp_recv_start(&socket->udp, on_alloc, on_recv);
  return rc == UV_EALREADY ? 0 : rc;
}

static int uv_stop_reading(dgram_socket_t* socket) {
  return uv_udp_recv_stop(&socket->udp);
}

static void uv_ref_changed(dgram_socket_t* socket) {
  /* The uv_udp_t is the only handle. */
  (void) socket;
}

static void uv_share(dgram_socket_t* socket) {
  /* libuv reads datagrams as they are. */
  (void) socket;
}

static void uv_moved(dgram_socket_t* socket) {
  /* Nothing is on its way, and nothing else names the socket. */
  (void) socket;
}

static void on_pause_closed(uv_handle_t* handle) {
  free(handle);
}

static void uv_close_socket(dgram_socket_t* socket) {
  queue_t* queue = socket->transport_data;

  if (queue != NULL && queue->pause != NULL) {
    uv_close((uv_handle_t*) &queue->pause->timer, on_pause_closed);
    queue->pause = NULL;
    queue->pausing = false;
  }
  dgram_socket_release(socket);
}

/* libuv has given the request back by now, and drain() cancelled the rest,
 * unless the queue was in a pause. */
static void uv_closed(dgram_socket_t* socket) {
  queue_t* queue = socket->transport_data;

  socket->transport_data = NULL;
  if (queue == NULL)
    return;
  queue->closed = true;
  if (!queue->draining)
    drain(socket, queue);
}

const dgram_transport_t dgram_transport_uv = {
    .name = "uv",
    .start = uv_start,
    .read_on = uv_read_on,
    .stop = uv_stop_reading,
    .flush = uv_flush,
    .queue_size = uv_queue_size,
    .queue_count = uv_queue_count,
    .ref_changed = uv_ref_changed,
    .share = uv_share,
    .moved = uv_moved,
    .close = uv_close_socket,
    .closed = uv_closed,
};
