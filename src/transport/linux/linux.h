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
#ifndef DGRAM_LINUX_H
#define DGRAM_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/socket.h"
#include "transport/linux/busy_poll.h"
#include "transport/transport.h"

/* Slots of a socket's first recvmmsg(), and the least it is given. */
#define DGRAM_LINUX_SLOTS_MIN 4u

/* Datagrams that go alone after an error (S5). */
#define DGRAM_LINUX_SINGLES_AFTER_ERROR 2

/* Each is defined in the file that uses it. */
typedef struct dgram_gso_limits_s dgram_gso_limits_t;
typedef struct linux_pause_s linux_pause_t;
typedef struct linux_preread_s linux_preread_t;
typedef struct linux_queued_s linux_queued_t;

/* A socket's share. Made when it first reads or sends. */
typedef struct {
  uv_poll_t poll; /* first: a uv_poll_t* is a linux_socket_t* */
  dgram_socket_t* socket;
  bool polling;       /* `poll` is initialized */
  bool gso;           /* segmented sends are worth a try */
  bool paused;        /* `pause` runs */
  bool gro_decided;   /* UDP_GRO was set, or is not to be */
  bool gro_active;    /* UDP_GRO is on */
  bool sending;       /* dgram_linux_send_queued() is at work */
  bool read_deferred; /* dgram_env_acquire_inbox() said no: until it is started
                         again */
  bool read_full;     /* the last read filled its slots */
  uint8_t singles_left; /* so many datagrams go alone next */
  uint16_t slots;       /* of the next recvmmsg() */
  dgram_busy_poll_t busy_poll;
  dgram_busy_poll_t read_again;   /* reads after the first of a wake-up */
  dgram_gso_limits_t* gso_limits; /* NULL: no run has failed */
  linux_pause_t* pause;           /* NULL: not needed yet */
  uint32_t queue_count;           /* in datagrams */
  size_t queue_size;              /* in bytes */
  linux_preread_t* preread;       /* comes before what the kernel has */
  linux_queued_t* queue_head;
  linux_queued_t* queue_tail;
} linux_socket_t;

/* What a send works on: the caller's batch, or a queued one. */
typedef struct {
  dgram_send_t* sends;
  uint32_t count;
  const dgram_address_t* peers;
  const uint8_t* arena;
} linux_batch_t;

static inline int dgram_linux_fd(const dgram_socket_t* socket) {
  uv_os_fd_t fd;

  if (uv_fileno((const uv_handle_t*) &socket->udp, &fd) != 0)
    return UV_EBADF;
  return fd;
}

/* -- features.c ----------------------------------------------------------- */

typedef struct {
  bool mmsg;
  bool gso;
  bool gro;
} linux_features_t;

extern linux_features_t dgram_linux_features;

void dgram_linux_detect_features(void);

/* -- transport.c ---------------------------------------------------------- */

linux_socket_t* dgram_linux_ensure(dgram_socket_t* socket);
void dgram_linux_destroy(linux_socket_t* self);

/* -- poll.c --------------------------------------------------------------- */

int dgram_linux_update_poll(linux_socket_t* self);
void dgram_linux_update_poll_or_fail(linux_socket_t* self);
void dgram_linux_update_ref(linux_socket_t* self);

/* -- send.c --------------------------------------------------------------- */

int dgram_linux_transmit(dgram_socket_t* socket,
                         const linux_batch_t* batch,
                         uint32_t* position);
uint32_t dgram_linux_flush(dgram_socket_t* socket,
                           dgram_send_t* sends,
                           uint32_t count,
                           const uint8_t* arena);

/* -- queue.c -------------------------------------------------------------- */

uint32_t dgram_linux_enqueue(dgram_socket_t* socket,
                             dgram_send_t* sends,
                             uint32_t count,
                             const uint8_t* arena);
void dgram_linux_send_queued(linux_socket_t* self);
void dgram_linux_fail_queue(linux_socket_t* self, int code);
void dgram_linux_cancel_queue(linux_socket_t* self);
void dgram_linux_end_pause(linux_socket_t* self);
size_t dgram_linux_queue_size(const dgram_socket_t* socket);
size_t dgram_linux_queue_count(const dgram_socket_t* socket);

/* -- receive.c ------------------------------------------------------------ */

void dgram_linux_on_readable(linux_socket_t* self, int status);
bool dgram_linux_read_on(dgram_socket_t* socket);
void dgram_linux_discard_errors(int fd);
void dgram_linux_set_gro(const dgram_socket_t* socket, int on);

/* -- share.c -------------------------------------------------------------- */

void dgram_linux_share(dgram_socket_t* socket);
void dgram_linux_deliver_preread(linux_socket_t* self,
                                 dgram_wake_up_t* wake_up);
void dgram_linux_free_preread(linux_socket_t* self);

#endif
