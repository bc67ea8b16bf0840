/* The fast transport: sendmmsg() with segmented sends (UDP_SEGMENT), and
 * recvmmsg() with merged receives (UDP_GRO), over a uv_poll_t on the socket's
 * descriptor. libuv's own UDP watcher is never started, so the two do not meet.
 *
 * Rules, by number where they are applied:
 *  S1  sendmmsg() says how many messages went. The position moves on by that
 *      figure and by nothing else; the error of the next message is learnt by
 *      the next call.
 *  S2  A segmented send that fails with EIO, EINVAL or EMSGSIZE goes again in
 *      single datagrams: no checksum offload, a driver's bug, a path MTU below
 *      the segment size. The program never sees that error. It says something
 *      of the way to that destination, and of today: others keep their runs,
 *      and after a while one is tried there again (limits_t).
 *  S3  Any other error belongs to the first unsent datagram; the rest go on.
 *  S4  EAGAIN and ENOBUFS keep the rest queued until the socket is writable.
 *      ENOBUFS for a run may mean that its memory is not to be had in one
 *      piece: then its head is tried alone. Where nothing goes although the
 *      socket is writable (ENOBUFS is about a queue that the socket does not
 *      own) a timer says when to try again, lest the loop spin.
 *  S5  When a connected peer refuses (ECONNREFUSED and the like) the next send
 *      is told, once. Were that not the first of a sendmmsg() nobody would hear
 *      of it (S1): after an error, or a call that stopped and then went on,
 *      datagrams go alone until two in a row were taken.
 *  R1  msg_namelen, msg_controllen and msg_flags are written by the kernel and
 *      reset before each call; otherwise a merged run comes in as one.
 *  R2  A wake-up has an end (dgram_wake_up_t): timers and other sockets get
 *      their turn. It reads again, without asking epoll first, where that is
 *      likely to find something: after a full read, and after an answer, as
 *      the peer may be here and have answered too. Where it finds nothing it
 *      does so less often, so that who is asked one thing at a time does not
 *      pay for calls that say EAGAIN. Its slots follow the traffic: a socket
 *      that gets single datagrams does not pay for thirty-two.
 *  R3  UDP_GRO is set with the first batch of several datagrams, and only
 *      while nobody else knows the descriptor. Its control
 *      message is looked for in any case: whoever shared the descriptor with
 *      us may have set it.
 *  R4  A pending ICMP error (EPOLLERR) makes libuv stop a uv_poll_t with
 *      UV_EBADF. The error is read, reported, and polling starts again.
 *  R5  After one message, a datagram or a run, that was answered at once the
 *      next request may be near: busy_poll.h.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "core/socket.h"
#include "transport/linux/ancillary.h"
#include "transport/linux/busy_poll.h"
#include "transport/linux/segment_group.h"
#include "transport/transport.h"

/* Slots of a socket's first recvmmsg(), and the least it is given. */
#define SLOTS_MIN 4u

/* Datagrams of one read, about: what JavaScript does with them keeps a timer
 * waiting for some 0.1 to 0.2 ms. */
#define READ_MAX 512u

/* Reads of one wake-up. */
#define READS_MAX 32

/* So many wake-ups pass without a second read when it was in vain: after an
 * answer, and after a full read. */
#define PAUSE_ANSWERED 64
#define PAUSE_FULL 8

/* How often linux_share() tries to find nothing to read, and how many bytes it
 * holds at most for that. */
#define SHARE_TRIES 8
#define SHARE_BYTES (4u * 1024 * 1024)

/* Messages of one sendmmsg(), each a run or a single datagram. */
#define SEND_MESSAGES 64

/* Datagrams that go alone after an error (S5). */
#define ALONE_AFTER_ERROR 2

#define RECV_CONTROL 256

/* The largest segment is what fits beside the headers; a path MTU is not known
 * beforehand, and S2 learns it. */
#define SEGMENT_MAX DGRAM_RUN_BYTES_IP4

/* Datagrams that have to wait, with what they need: a copy of the caller's
 * descriptors, destinations and payload. One allocation. */
typedef struct queued_s queued_t;

struct queued_s {
  queued_t* next;
  uint32_t position; /* first unsent */
  uint32_t count;
  dgram_send_t* sends;
  dgram_address_t* peers; /* slot 0 is not used, as in env->peers */
  uint8_t* arena;
};

/* A run, or an error, that was read before its turn; see linux_share(). */
typedef struct held_s held_t;

struct held_s {
  held_t* next;
  int status;
  uint32_t length;
  uint32_t segment;
  dgram_address_t source;
  uint8_t bytes[];
};

/* What failed runs have taught (S2): how large segments may be on the way to a
 * destination. Few of them fail, and of those the latest are enough. */
#define LIMITS 8

/* So many datagrams go to a destination alone that could have been in a run,
 * before one is tried again. It costs a system call in vain. */
#define LIMIT_LASTS 1024u

typedef struct {
  dgram_address_t peer;
  uint32_t connection;  /* of a connected socket; 0: to `peer` */
  uint32_t segment_max; /* 0: no runs */
  uint32_t left;        /* datagrams; 0: a free entry */
} limit_t;

typedef struct {
  uint32_t next; /* the entry that makes room */
  limit_t entries[LIMITS];
} limits_t;

/* A moment during which nothing is sent (S4). Made when it is first needed, and
 * given back on its own. */
typedef struct {
  uv_timer_t timer; /* first: a uv_timer_t* is a pause_t* */
  struct data_path_s* path;
  uint32_t milliseconds; /* of the last one */
} pause_t;

/* Milliseconds. Each pause in a row is twice the last one. */
#define PAUSE_MAX 4u

/* A socket's share. Made when it first reads or sends. */
typedef struct data_path_s {
  uv_poll_t poll; /* first: a uv_poll_t* is a data_path_t* */
  dgram_socket_t* socket;
  bool polling;       /* `poll` is initialized */
  bool gso;           /* segmented sends are worth a try */
  bool pausing;       /* `pause` runs */
  bool gro;           /* UDP_GRO was set, or is not to be */
  bool merges;        /* UDP_GRO is on */
  bool sending;       /* send_queued() is at work */
  bool read_deferred; /* dgram_env_acquire_inbox() said no: until it is started
                         again */
  bool full;          /* the last read filled its slots */
  uint8_t alone;      /* so many datagrams go alone next */
  uint16_t slots;     /* of the next recvmmsg() */
  dgram_busy_poll_t busy_poll;
  dgram_busy_poll_t again; /* reads after the first of a wake-up */
  limits_t* limits;        /* NULL: no run has failed */
  pause_t* pause;          /* NULL: not needed yet */
  uint32_t queue_count;    /* in datagrams */
  size_t queue_size;       /* in bytes */
  held_t* held;            /* comes before what the kernel has */
  queued_t* head;
  queued_t* tail;
} linux_socket_t;

/* What a send works on: the caller's batch, or a queued one. */
typedef struct {
  dgram_send_t* sends;
  uint32_t count;
  const dgram_address_t* peers;
  const uint8_t* arena;
} batch_t;

/* What this kernel can do; set once. */
static bool has_gso;
static bool has_gro;
static bool batches_allowed;
static uv_once_t once = UV_ONCE_INIT;

/* A kernel version as one number: 5.12.3 is 0x050c03. */
static uint32_t kernel_version(void) {
  struct utsname name;
  char* next = name.release;
  uint32_t version = 0;
  int i;

  if (uname(&name) != 0)
    return 0;
  for (i = 0; i < 3; i++) {
    version = version << 8 | (strtoul(next, &next, 10) & 255);
    next += *next == '.';
  }
  return version;
}

/* What a call said that had no descriptor. */
static bool is_allowed(int rc) {
  return rc == 0 || errno == EBADF;
}

/* Some sandboxes forbid sendmmsg() and recvmmsg(), or do not have them: each
 * message has a call of its own there. The pointers are real, and have a
 * message behind them: who emulates the calls (qemu-user) looks there before it
 * looks at the descriptor, and answers EFAULT to none. */
static bool has_mmsg_syscalls(void) {
  char byte = 0;
  struct iovec vector = {&byte, sizeof(byte)};
  struct mmsghdr message = {.msg_hdr = {.msg_iov = &vector, .msg_iovlen = 1}};

  return is_allowed(sendmmsg(-1, &message, 1, 0)) &&
         is_allowed(recvmmsg(-1, &message, 1, 0, NULL));
}

static void detect_kernel_features(void) {
  uint32_t version = kernel_version();

  batches_allowed = has_mmsg_syscalls();

  /* Linux 7.0.0 to 7.1.4 corrupt runs of equal segments (tailscale #19777). */
  has_gso = version >= 0x041200 && (version < 0x070000 || version > 0x070104);
  /* UDP_GRO is there since 5.0; wireguard-go trusts it from 5.12 on. */
  has_gro = version >= 0x050c00;
}

static int descriptor(const dgram_socket_t* socket) {
  uv_os_fd_t fd;

  if (uv_fileno((const uv_handle_t*) &socket->udp, &fd) != 0)
    return UV_EBADF;
  return fd;
}

/* A ping socket is handed over like any other and ignores UDP_SEGMENT: a run
 * would leave as one packet. */
static bool is_udp(int fd) {
  int protocol = 0;
  socklen_t size = sizeof(protocol);

  return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
         protocol == IPPROTO_UDP;
}

static linux_socket_t* data_path(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  if (path != NULL)
    return path;
  uv_once(&once, detect_kernel_features);
  path = calloc(1, sizeof(*path));
  if (path == NULL)
    return NULL;
  path->socket = socket;
  path->gso = has_gso && socket->env->settings.gso &&
              (!socket->shared || is_udp(descriptor(socket)));
  path->gro = !has_gro || !socket->env->settings.gro;
  path->slots = SLOTS_MIN;
  socket->transport_data = path;
  return path;
}

/* -- polling -------------------------------------------------------------- */

static void on_poll(uv_poll_t* poll, int status, int events);

/* Datagrams that wait to be sent keep the loop alive whatever unref() said, as
 * a uv_udp_send_t does. */
static void update_ref(linux_socket_t* path) {
  if (path->head != NULL || uv_has_ref((const uv_handle_t*) &path->socket->udp))
    uv_ref((uv_handle_t*) &path->poll);
  else
    uv_unref((uv_handle_t*) &path->poll);
}

/* Makes the poll handle watch what is of interest now. What a nested loop may
 * not do is watched again when the outer one has done it. */
static int update_poll(linux_socket_t* path) {
  dgram_socket_t* socket = path->socket;
  bool reading = socket->reading && !path->read_deferred;
  int events = 0;
  int rc;

  if (reading)
    events |= UV_READABLE;
  if (path->head != NULL && !path->sending && !path->pausing)
    events |= UV_WRITABLE;
  if (path->held != NULL && reading)
    events |= UV_WRITABLE; /* it is there already */
  if (!path->polling) {
    if (events == 0)
      return 0;
    rc = uv_poll_init(socket->env->loop, &path->poll, descriptor(socket));
    if (rc != 0)
      return rc;
    path->polling = true;
  }
  update_ref(path);
  if (events == 0)
    return uv_poll_stop(&path->poll);
  return uv_poll_start(&path->poll, events, on_poll);
}

/* -- sending -------------------------------------------------------------- */

/* A message under construction, with its iovec and ancillary data. */
typedef struct {
  struct mmsghdr headers[SEND_MESSAGES];
  struct iovec vectors[SEND_MESSAGES];
  uint32_t lengths[SEND_MESSAGES]; /* in datagrams */
  _Alignas(
      struct cmsghdr) char controls[SEND_MESSAGES][DGRAM_ANCILLARY_SEGMENT];
} messages_t;

static socklen_t address_size(const dgram_address_t* address) {
  return address->any.sa_family == AF_INET6 ? sizeof(address->in6)
                                            : sizeof(address->in4);
}

/* A connected peer's address is not at hand: the number of the connection
 * stands for it. */
static bool is_limit_of(const limit_t* limit,
                        const linux_socket_t* path,
                        const batch_t* batch,
                        uint32_t peer) {
  if (peer == 0)
    return limit->connection == path->socket->connections;
  return limit->connection == 0 &&
         dgram_address_equal(&limit->peer, &batch->peers[peer].any);
}

static limit_t* find_limit(const linux_socket_t* path,
                           const batch_t* batch,
                           uint32_t peer) {
  limit_t* limit;
  int i;

  for (i = 0; i < LIMITS; i++) {
    limit = &path->limits->entries[i];
    if (limit->left > 0 && is_limit_of(limit, path, batch, peer))
      return limit;
  }
  return NULL;
}

/* Returns the length of the run under this limit, which is forgotten once it
 * has kept LIMIT_LASTS datagrams alone. */
static uint32_t wear_limit(limit_t* limit,
                           const dgram_send_t* sends,
                           uint32_t count) {
  uint32_t length = dgram_segment_group_length(
      sends, count, limit->segment_max, DGRAM_RUN_BYTES_IP4);

  if (count > 2)
    count = 2; /* as many as it takes to know */
  if (length == 1 && dgram_segment_group_length(
                         sends, count, SEGMENT_MAX, DGRAM_RUN_BYTES_IP4) > 1)
    limit->left--;
  return length;
}

/* The rest of this is for IPv4; IPv6 can take a little more, but an IPv4
 * address in IPv6 form cannot, and a connected peer's is not at hand. */
static uint32_t run_length(const linux_socket_t* path,
                           const batch_t* batch,
                           uint32_t position) {
  const dgram_send_t* sends = &batch->sends[position];
  uint32_t count = batch->count - position;
  limit_t* limit = NULL;

  if (!path->gso || path->alone > 0)
    return 1;
  if (path->limits != NULL)
    limit = find_limit(path, batch, sends->peer);
  if (limit != NULL)
    return wear_limit(limit, sends, count);
  return dgram_segment_group_length(
      sends, count, SEGMENT_MAX, DGRAM_RUN_BYTES_IP4);
}

/* Fills in messages for `count` datagrams, or so many as there is room for.
 * Returns the number of messages. */
static unsigned build_messages(messages_t* messages,
                               const linux_socket_t* path,
                               const batch_t* batch,
                               uint32_t position) {
  unsigned max = batches_allowed && path->alone == 0 ? SEND_MESSAGES : 1;
  unsigned n = 0;

  while (position < batch->count && n < max) {
    const dgram_send_t* first = &batch->sends[position];
    uint32_t length = run_length(path, batch, position);
    const dgram_send_t* last = first + length - 1;
    struct msghdr* header = &messages->headers[n].msg_hdr;

    memset(header, 0, sizeof(*header));
    /* sendmsg() does not write to what it is given. */
    messages->vectors[n].iov_base = (void*) (batch->arena + first->offset);
    messages->vectors[n].iov_len = last->offset + last->length - first->offset;
    header->msg_iov = &messages->vectors[n];
    header->msg_iovlen = 1;
    if (first->peer != 0) {
      const dgram_address_t* peer = &batch->peers[first->peer];

      header->msg_name = (void*) peer;
      header->msg_namelen = address_size(peer);
    }
    if (length > 1)
      dgram_ancillary_put_segment(
          header, messages->controls[n], (uint16_t) first->length);
    messages->lengths[n] = length;
    position += length;
    n++;
  }
  return n;
}

/* Returns how many messages went, or a UV_ code. */
static int send_messages(int fd, messages_t* messages, unsigned n) {
  ssize_t sent;
  int count;

  do {
    if (n == 1) { /* sendmsg() is the cheaper call for one */
      sent = sendmsg(fd, &messages->headers[0].msg_hdr, MSG_DONTWAIT);
      count = sent < 0 ? -1 : 1;
    } else {
      count = sendmmsg(fd, messages->headers, n, MSG_DONTWAIT);
    }
  } while (count < 0 && errno == EINTR);
  return count < 0 ? uv_translate_sys_error(errno) : count;
}

/* A call that sent nothing, and does not say why, is no reason to give up what
 * it was asked to send. */
static bool is_blocked(int code) {
  return code == UV_EAGAIN || code == UV_ENOBUFS || code == 0;
}

/* What a failed run has changed. */
typedef struct {
  uint32_t position; /* of its head */
  int code;          /* 0: none has failed */
  limit_t* limit;    /* of its destination */
  limit_t before;
} verdict_t;

/* The limit of a destination, made if there is none. Returns NULL without
 * memory. */
static limit_t* need_limit(linux_socket_t* path,
                           const batch_t* batch,
                           uint32_t peer) {
  limit_t* limit;

  if (path->limits == NULL)
    path->limits = calloc(1, sizeof(*path->limits));
  if (path->limits == NULL)
    return NULL;
  limit = find_limit(path, batch, peer);
  if (limit == NULL) {
    limit = &path->limits->entries[path->limits->next++ % LIMITS];
    memset(limit, 0, sizeof(*limit));
    if (peer == 0)
      limit->connection = path->socket->connections;
    else
      limit->peer = batch->peers[peer];
  }
  return limit;
}

/* S2. Returns true when the run's datagrams shall go again one by one. */
static bool give_up_run(linux_socket_t* path,
                        const batch_t* batch,
                        uint32_t position,
                        int code,
                        verdict_t* verdict) {
  const dgram_send_t* head = &batch->sends[position];
  limit_t* limit;

  if (code != UV_EIO && code != UV_EINVAL && code != UV_EMSGSIZE)
    return false;
  limit = need_limit(path, batch, head->peer);
  verdict->position = position;
  verdict->code = code;
  verdict->limit = limit;
  if (limit == NULL) {
    path->gso = false;
    return true;
  }
  verdict->before = *limit;
  limit->segment_max = code == UV_EIO ? 0 : head->length - 1;
  limit->left = LIMIT_LASTS;
  return true;
}

/* The head of a run that was given up fails alone, and in the same way: it was
 * not for being a run. */
static void reconsider(linux_socket_t* path,
                       uint32_t position,
                       int code,
                       const verdict_t* verdict) {
  if (verdict->code != code || verdict->position != position)
    return;
  if (verdict->limit == NULL)
    path->gso = true;
  else
    *verdict->limit = verdict->before;
}

static void mark_sent(dgram_send_t* sends, uint32_t count) {
  uint32_t i;

  for (i = 0; i < count; i++)
    sends[i].status = (int32_t) sends[i].length;
}

/* Sends from `*position` on. Returns 0 when the end was reached, or UV_EAGAIN
 * when the socket would block; each datagram before `*position` has its
 * status then. */
static int transmit(dgram_socket_t* socket,
                    const batch_t* batch,
                    uint32_t* position) {
  linux_socket_t* path = socket->transport_data;
  int fd = descriptor(socket);
  messages_t messages;
  verdict_t verdict = {0};
  bool stopped = false; /* the last call, before its end */
  unsigned n;
  int rc;
  int i;

  while (*position < batch->count) {
    n = build_messages(&messages, path, batch, *position);
    rc = send_messages(fd, &messages, n);
    for (i = 0; i < rc; i++) { /* S1 */
      mark_sent(&batch->sends[*position], messages.lengths[i]);
      *position += messages.lengths[i];
    }
    if (rc > 0) {
      if (path->alone > 0)
        path->alone--;
      if (stopped && socket->connected)
        path->alone = ALONE_AFTER_ERROR; /* what stopped it is lost: S5 */
      stopped = rc < (int) n;
      continue;
    }
    if (is_blocked(rc)) { /* S4 */
      if (rc == UV_ENOBUFS && messages.lengths[0] > 1)
        path->alone = 1;
      return UV_EAGAIN;
    }
    if (messages.lengths[0] > 1 &&
        give_up_run(path, batch, *position, rc, &verdict))
      continue;
    reconsider(path, *position, rc, &verdict);
    if (socket->connected)
      path->alone = ALONE_AFTER_ERROR;
    batch->sends[(*position)++].status = rc; /* S3 */
  }
  return 0;
}

/* -- the queue ------------------------------------------------------------ */

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
static uint32_t enqueue(dgram_socket_t* socket,
                        dgram_send_t* sends,
                        uint32_t count,
                        const uint8_t* arena) {
  linux_socket_t* path = data_path(socket);
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
    rc = update_poll(path);
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

/* As libuv does for a socket that sends before it was bound. */
static int bind_late(dgram_socket_t* socket, const batch_t* batch) {
  uint32_t peer = batch->sends[0].peer;

  if (peer == 0)
    return UV_EBADF; /* unbound is not connected either */
  return dgram_socket_bind_any(socket, batch->peers[peer].any.sa_family);
}

static void fail_all(const batch_t* batch, int code) {
  uint32_t i;

  for (i = 0; i < batch->count; i++)
    batch->sends[i].status = code;
}

static uint32_t linux_flush(dgram_socket_t* socket,
                            dgram_send_t* sends,
                            uint32_t count,
                            const uint8_t* arena) {
  linux_socket_t* path = data_path(socket);
  batch_t batch = {sends, count, socket->env->peers, arena};
  uint32_t position = 0;
  int rc = 0;

  if (descriptor(socket) < 0)
    rc = bind_late(socket, &batch);
  if (rc != 0) { /* and `socket` is not the one any more: socket.h */
    fail_all(&batch, rc);
    return 0;
  }
  if (path != NULL && path->head == NULL && !socket->env->queue_always &&
      transmit(socket, &batch, &position) == 0)
    return 0;
  return enqueue(socket, sends + position, count - position, arena);
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

/* Cancels what is queued, and frees the path unless its poll handle is still to
 * be given back. */
static void end_path(linux_socket_t* path) {
  while (path->head != NULL)
    fail_head(path, UV_ECANCELED);
  while (path->held != NULL) {
    held_t* run = path->held;

    path->held = run->next;
    free(run);
  }
  free(path->limits);
  path->limits = NULL;
  path->socket = NULL;
  if (!path->polling)
    free(path);
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

static void end_pause(linux_socket_t* path) {
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
static void send_queued(linux_socket_t* path) {
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
    batch_t batch = {item->sends, item->count, item->peers, item->arena};
    uint32_t from = item->position;

    rc = transmit(socket, &batch, &item->position);
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
    end_path(path);
    return;
  }
  if (path->pause != NULL && moved)
    path->pause->milliseconds = 0;
  if (rc != 0 && !moved && !socket->closing)
    start_pause(path); /* S4 */
}

/* The descriptor cannot be watched any more: another handle of the loop has
 * its number, which happens when somebody closes it behind libuv's back. The
 * program is told, of the socket and of each datagram. */
static void fail_path(linux_socket_t* path, int code) {
  dgram_socket_t* socket = path->socket;
  const queued_t* last;
  dgram_wake_up_t wake_up = {0};
  bool more = true;

  if (socket->reading && dgram_env_acquire_inbox(socket->env, socket)) {
    dgram_env_received(socket->env, 0, 0, 0, NULL, code);
    (void) dgram_env_deliver(socket->env, socket, &wake_up);
  }
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
    end_path(path);
}

/* update_poll() where there is no caller who could be given the error. */
static void watch_again(linux_socket_t* path) {
  int rc = update_poll(path);

  if (rc != 0)
    fail_path(path, rc);
}

static void on_pause_over(uv_timer_t* timer) {
  linux_socket_t* path = ((pause_t*) timer)->path;
  dgram_socket_t* socket = path->socket;

  dgram_socket_use(socket);
  path->pausing = false;
  send_queued(path);
  if (!socket->closing)
    watch_again(path);
  dgram_socket_unuse(socket);
}

static size_t linux_queue_size(const dgram_socket_t* socket) {
  const linux_socket_t* path = socket->transport_data;

  return path == NULL ? 0 : path->queue_size;
}

static size_t linux_queue_count(const dgram_socket_t* socket) {
  const linux_socket_t* path = socket->transport_data;

  return path == NULL ? 0 : path->queue_count;
}

/* -- receiving ------------------------------------------------------------ */

/* The kernel's view of the slab. On the stack: 32 headers are small. */
typedef struct {
  struct mmsghdr headers[DGRAM_RECV_SLOTS];
  struct iovec vectors[DGRAM_RECV_SLOTS];
  dgram_address_t sources[DGRAM_RECV_SLOTS];
  _Alignas(struct cmsghdr) char controls[DGRAM_RECV_SLOTS][RECV_CONTROL];
} slots_t;

static void prepare_slots(slots_t* slots,
                          uint32_t count,
                          uint8_t* recv_buffer) {
  size_t i;

  for (i = 0; i < count; i++) { /* R1 */
    struct msghdr* header = &slots->headers[i].msg_hdr;

    slots->vectors[i].iov_base = recv_buffer + i * DGRAM_RECV_SLOT_SIZE;
    slots->vectors[i].iov_len = DGRAM_RECV_SLOT_SIZE;
    slots->sources[i].any.sa_family = AF_UNSPEC;
    header->msg_name = &slots->sources[i];
    header->msg_namelen = sizeof(slots->sources[i]);
    header->msg_iov = &slots->vectors[i];
    header->msg_iovlen = 1;
    header->msg_control = slots->controls[i];
    header->msg_controllen = RECV_CONTROL;
    header->msg_flags = 0;
  }
}

static void append_received(dgram_env_t* env, slots_t* slots, uint32_t i) {
  struct msghdr* header = &slots->headers[i].msg_hdr;
  uint32_t length = slots->headers[i].msg_len;

  if (header->msg_flags & MSG_CTRUNC) {
    /* Without its segment size a run cannot be told from a datagram. Nothing
     * we ask for fills the control buffer: somebody else's options do. */
    dgram_env_received(env, 0, 0, 0, NULL, UV_EMSGSIZE);
    return;
  }
  dgram_env_received(env,
                     i * DGRAM_RECV_SLOT_SIZE,
                     length,
                     dgram_ancillary_get_segment(header, length),
                     &slots->sources[i].any,
                     0);
}

static void set_gro(const dgram_socket_t* socket, int on) {
  /* Older kernels do not know the option, and nothing is lost. */
  (void) setsockopt(descriptor(socket), IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
}

/* Fits the socket to its traffic: `n` of `count` slots were filled, with
 * `datagrams` in all. */
static void adapt(linux_socket_t* path,
                  uint32_t n,
                  uint32_t count,
                  uint32_t datagrams) {
  uint32_t limit = n * READ_MAX / datagrams;
  uint32_t slots = path->slots;

  if (n > 1 && !path->gro) { /* R3 */
    path->gro = true;
    if (!path->socket->shared) {
      set_gro(path->socket, 1);
      path->merges = true;
    }
  }
  if (n == count)
    slots = count * 4 < DGRAM_RECV_SLOTS ? count * 4 : DGRAM_RECV_SLOTS;
  else if (n <= count / 4 && count > SLOTS_MIN)
    slots = count / 2;
  if (slots > limit)
    slots = limit;
  if (slots < SLOTS_MIN)
    slots = SLOTS_MIN;
  path->slots = (uint16_t) slots;
}

/* Returns how many slots were filled, or a UV_ code. */
static int fill_slots(int fd, slots_t* slots, uint32_t count) {
  ssize_t length;
  int n;

  do {
    if (count == 1) { /* recvmsg() is the cheaper call for one */
      length = recvmsg(fd, &slots->headers[0].msg_hdr, MSG_DONTWAIT);
      slots->headers[0].msg_len = (unsigned) length;
      n = length < 0 ? -1 : 1;
    } else {
      n = recvmmsg(fd, slots->headers, count, MSG_DONTWAIT, NULL);
    }
  } while (n < 0 && errno == EINTR);
  return n < 0 ? uv_translate_sys_error(errno) : n;
}

/* Delivers what is held, or so much of it that a batch has room for. */
static void deliver_held(linux_socket_t* path, dgram_wake_up_t* wake_up) {
  dgram_env_t* env = path->socket->env;
  uint32_t i;

  for (i = 0; i < env->inbox->slots && path->held != NULL; i++) {
    held_t* run = path->held;

    path->held = run->next;
    if (run->status == 0)
      memcpy(env->inbox->recv_buffer + (size_t) i * DGRAM_RECV_SLOT_SIZE,
             run->bytes,
             run->length);
    dgram_env_received(env,
                       i * DGRAM_RECV_SLOT_SIZE,
                       run->length,
                       run->segment,
                       run->status == 0 ? &run->source.any : NULL,
                       run->status);
    free(run);
  }
  (void) dgram_env_deliver(env, path->socket, wake_up);
}

/* Reads so many messages, at most, into the inbox. Returns how many, or a UV_
 * code, which is there too unless it is UV_EAGAIN. */
static int read_messages(linux_socket_t* path, uint32_t count) {
  dgram_env_t* env = path->socket->env;
  slots_t slots;
  uint64_t before = env->received;
  uint32_t i;
  int n;

  prepare_slots(&slots, count, env->inbox->recv_buffer);
  n = fill_slots(descriptor(path->socket), &slots, count);
  path->full = n == (int) count;
  if (n == UV_EAGAIN)
    return n;
  if (n < 0) {
    dgram_env_received(env, 0, 0, 0, NULL, n);
    path->alone = ALONE_AFTER_ERROR; /* S5 */
  }
  for (i = 0; (int) i < n; i++)
    append_received(env, &slots, i);
  if (env->received > before)
    adapt(path, (uint32_t) n, count, (uint32_t) (env->received - before));
  return n;
}

/* Reads one batch and delivers it. Returns what the system call said; 0: there
 * was none. */
static int receive(linux_socket_t* path, dgram_wake_up_t* wake_up) {
  dgram_socket_t* socket = path->socket;
  dgram_env_t* env = socket->env;
  uint32_t count;
  int n;

  if (!dgram_env_acquire_inbox(env, socket)) {
    path->read_deferred = env->read_deferred;
    if (path->read_deferred)
      uv_poll_stop(&path->poll);
    return 0;
  }
  if (path->held != NULL) {
    deliver_held(path, wake_up);
    return 0;
  }
  count = batches_allowed ? dgram_socket_batch(socket) : 1;
  if (count > path->slots)
    count = path->slots;
  if (count > env->inbox->slots)
    count = env->inbox->slots;
  n = read_messages(path, count);
  if (n != UV_EAGAIN)
    (void) dgram_env_deliver(env, socket, wake_up);
  return n;
}

static bool linux_read_on(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  return path->held == NULL && read_messages(path, 1) != UV_EAGAIN;
}

/* Nothing but what listeners did stands against another read. */
static bool may_read(const dgram_socket_t* socket) {
  return socket->reading && !socket->closing && socket->inbox == NULL;
}

/* R2. Returns what the last call said that did not say UV_EAGAIN. */
static int receive_all(linux_socket_t* path, dgram_wake_up_t* wake_up) {
  dgram_socket_t* socket = path->socket;
  uint64_t sent = socket->env->sent;
  int n = receive(path, wake_up);
  int reads;
  int next;
  bool full;

  for (reads = 1; reads < READS_MAX; reads++) {
    if (n <= 0 || !may_read(socket) ||
        !(path->full || socket->env->sent > sent) ||
        !dgram_busy_poll_is_due(&path->again) ||
        !dgram_wake_up_goes_on(wake_up))
      return n;
    sent = socket->env->sent;
    full = path->full;
    next = receive(path, wake_up);
    if (socket->closing)
      return n;
    dgram_busy_poll_learn(
        &path->again, next > 0, full ? PAUSE_FULL : PAUSE_ANSWERED);
    if (next == UV_EAGAIN)
      return n;
    n = next;
  }
  return 0; /* there may be more */
}

/* Whoever set IP_RECVERR on the descriptor left messages behind that keep
 * EPOLLERR up; nobody reads them here. */
static void discard_error_queue(int fd) {
  struct msghdr header;
  int i;

  for (i = 0; i < DGRAM_RECV_SLOTS; i++) {
    memset(&header, 0, sizeof(header));
    if (recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
      return;
  }
}

static void on_readable(linux_socket_t* path, int status) {
  dgram_socket_t* socket = path->socket;
  uint64_t sent = socket->env->sent;
  dgram_wake_up_t wake_up = {0};
  int n = receive_all(path, &wake_up);

  if (n == UV_EAGAIN && status < 0)
    discard_error_queue(descriptor(socket));
  if (n == 1 && socket->env->settings.busy_poll && socket->env->sent > sent &&
      may_read(socket))
    dgram_busy_poll(&path->busy_poll, socket->env->loop); /* R5 */
}

static void on_events(linux_socket_t* path, int status, int events) {
  dgram_socket_t* socket = path->socket;

  if (status < 0)
    events = UV_READABLE | UV_WRITABLE; /* R4: either reads the error */
  if (path->held != NULL)
    events |= UV_READABLE;
  if ((events & UV_READABLE) && socket->reading)
    on_readable(path, status);
  else if (status < 0 && !socket->closing)
    discard_error_queue(descriptor(socket));
  if ((events & UV_WRITABLE) && !socket->closing)
    send_queued(path);
  if (!socket->closing && (status < 0 || (events & UV_WRITABLE)))
    watch_again(path);
}

static void on_poll(uv_poll_t* poll, int status, int events) {
  linux_socket_t* path = (linux_socket_t*) poll;
  dgram_socket_t* socket = path->socket;

  dgram_socket_use(socket);
  on_events(path, status, events);
  dgram_socket_unuse(socket);
}

static int linux_start(dgram_socket_t* socket) {
  linux_socket_t* path = data_path(socket);
  bool was_reading = socket->reading;
  int rc;

  if (path == NULL)
    return UV_ENOMEM;
  if (descriptor(socket) < 0) {
    rc = dgram_socket_bind_any(socket, AF_INET); /* libuv's choice */
    if (rc != 0)
      return rc;
  }
  socket->reading = true;
  path->read_deferred = false;
  rc = update_poll(path);
  if (rc != 0)
    socket->reading = was_reading;
  return rc;
}

static int linux_stop(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  return path == NULL ? 0 : update_poll(path);
}

/* Reads one message into a slot of its own. Returns NULL when there is none,
 * or no memory to keep it. */
static held_t* hold_next(int fd) {
  held_t* run = malloc(sizeof(*run) + DGRAM_RECV_SLOT_SIZE);
  _Alignas(struct cmsghdr) char control[RECV_CONTROL];
  struct msghdr header = {0};
  struct iovec vector;
  held_t* smaller;
  ssize_t n;

  if (run == NULL)
    return NULL;
  memset(run, 0, sizeof(*run));
  vector.iov_base = run->bytes;
  vector.iov_len = DGRAM_RECV_SLOT_SIZE;
  header.msg_name = &run->source;
  header.msg_namelen = sizeof(run->source);
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  do
    n = recvmsg(fd, &header, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN) {
    free(run);
    return NULL;
  }
  if (n < 0)
    run->status = uv_translate_sys_error(errno);
  else if (header.msg_flags & MSG_CTRUNC)
    run->status = UV_EMSGSIZE;
  if (run->status == 0) {
    run->length = (uint32_t) n;
    run->segment = dgram_ancillary_get_segment(&header, run->length);
  }
  smaller = realloc(run, sizeof(*run) + run->length);
  return smaller == NULL ? run : smaller;
}

static bool is_readable(int fd) {
  struct pollfd entry = {.fd = fd, .events = POLLIN};

  return poll(&entry, 1, 0) > 0;
}

/* From now on others may read the descriptor, who do not expect merged runs.
 * Those that wait already lose their segment size with the option, and would be
 * taken for one datagram: they are read first, and held. Once nothing waits
 * although the option is off, nothing can be merged any more. A peer that
 * never lets that happen is given up on. */
static void linux_share(dgram_socket_t* socket) {
  linux_socket_t* path = data_path(socket);
  int fd = descriptor(socket);
  held_t** end;
  uint32_t bytes = 0;
  int tries;

  if (path == NULL || !has_gro || !socket->env->settings.gro)
    return;
  path->gro = true; /* and stays off */
  set_gro(socket, 0);
  if (!path->merges)
    return;
  path->merges = false;
  for (end = &path->held; *end != NULL; end = &(*end)->next)
    continue;
  for (tries = 0; tries < SHARE_TRIES && is_readable(fd); tries++) {
    set_gro(socket, 1);
    while (bytes < SHARE_BYTES && (*end = hold_next(fd)) != NULL) {
      bytes += (uint32_t) sizeof(**end) + (*end)->length;
      end = &(*end)->next;
    }
    set_gro(socket, 0);
  }
  if (path->held != NULL)
    (void) update_poll(path);
}

static void linux_ref_changed(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  if (path != NULL && path->polling)
    update_ref(path);
}

/* -- the end -------------------------------------------------------------- */

/* The poll handle and the socket are given back by libuv in either order; the
 * path goes with the last of them. */
static void on_poll_closed(uv_handle_t* handle) {
  linux_socket_t* path = (linux_socket_t*) handle;

  path->polling = false;
  if (path->socket == NULL)
    free(path);
}

/* The poll handle goes first: it must be off the descriptor when libuv closes
 * that. */
static void linux_close(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  if (path != NULL)
    end_pause(path);
  if (path != NULL && path->polling)
    uv_close((uv_handle_t*) &path->poll, on_poll_closed);
  dgram_socket_release(socket);
}

static void linux_closed(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  if (path == NULL)
    return;
  socket->transport_data = NULL;
  if (!path->sending)
    end_path(path);
}

static void linux_moved(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  if (path != NULL)
    path->socket = socket;
}

const dgram_transport_t dgram_transport_linux = {
    .name = "linux",
    .start = linux_start,
    .read_on = linux_read_on,
    .stop = linux_stop,
    .flush = linux_flush,
    .queue_size = linux_queue_size,
    .queue_count = linux_queue_count,
    .ref_changed = linux_ref_changed,
    .share = linux_share,
    .moved = linux_moved,
    .close = linux_close,
    .closed = linux_closed,
};
