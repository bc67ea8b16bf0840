/* The Linux transport: sendmmsg() with GSO (UDP_SEGMENT) and recvmmsg() with
 * GRO (UDP_GRO).
 *
 * libuv's UDP watcher reports that a socket is readable: an alloc_cb that
 * offers no buffer makes libuv call recv_cb without reading. The watcher cannot
 * report that the socket is writable. When datagrams first have to wait for
 * that, a uv_poll_t replaces the watcher until the socket is closed.
 *
 * Rules. The code refers to them by number. Unix sockets have more (unix.h).
 *  S1  sendmmsg() returns the number of messages sent. The position advances by
 *      that number and nothing else. The error of the next message is reported
 *      by the next call.
 *  S2  A GSO send that fails with EIO, EINVAL or EMSGSIZE is sent again as
 *      single datagrams. Causes: no checksum offload, a driver bug, a path MTU
 *      below the segment size. The application never sees the error. It says
 *      something about one destination at one time: GSO stays on for the other
 *      destinations, and is retried for this one later (gso_limits.h).
 *  S3  Any other error belongs to the first unsent datagram. The rest are still
 *      sent.
 *  S4  After EAGAIN or ENOBUFS the rest stay queued until the socket is
 *      writable. ENOBUFS for a segment group may mean that the kernel found no
 *      contiguous memory for it: its first datagram is then tried alone. If the
 *      socket is writable and the kernel still accepts nothing, the queue that
 *      is full is not the socket's (ENOBUFS). Polling would then spin, so a
 *      timer starts the next attempt.
 *  S5  When a connected peer refuses a datagram (ECONNREFUSED and the like),
 *      the kernel reports it once, on the next send. If that is not the first
 *      message of a sendmmsg(), the error is lost (S1). So datagrams are sent
 *      one at a time after an error, and after a call that stopped early and
 *      was followed by a successful one, until two in a row have been sent.
 *  R1  The kernel overwrites msg_namelen, msg_controllen and msg_flags. They
 *      are reset before each call; otherwise a GRO buffer looks like a single
 *      datagram.
 *  R2  A wake-up is bounded (dgram_iteration_t), so that timers and other
 *      sockets are not delayed. It reads again without asking epoll when more
 *      data is likely: after a full read, and after an answer, because a local
 *      peer may have replied already. Reads that find nothing make this less
 *      frequent: request-response sockets do not pay for calls that return
 *      EAGAIN. The number of slots follows the traffic: a socket that receives
 *      single datagrams does not pay for 32 slots. The first read of a UDP
 *      socket that has sent before has one, and counts as not full: many are
 *      opened for one answer and then closed.
 *  R3  UDP_GRO is set when a read first returns several messages, and only if
 *      the descriptor is not shared. Its control message is always checked:
 *      another owner of the descriptor may have set the option. If the
 *      ancillary data was truncated before that message, and the option is set,
 *      the size of the datagrams is unknown: they are lost, and UV_EMSGSIZE is
 *      reported. The control buffer is large enough for that not to happen
 *      (DGRAM_ANCILLARY_RECV_SIZE).
 *  R4  A pending ICMP error (EPOLLERR) makes libuv stop a uv_poll_t with
 *      UV_EBADF. The error is read and reported, and polling starts again.
 *      libuv's UDP watcher reports an error like a datagram, since libuv 1.52
 *      twice. If the first read of such a wake-up finds nothing, the cause may
 *      be the error queue, which is then read (E3).
 *  R5  If a single message (a datagram or a GRO buffer) was received and
 *      answered at once, the next request is likely to follow soon: the
 *      transport busy-polls (busy_poll.h).
 *  E1  With the option icmpErrors the kernel queues each ICMP error, and also
 *      returns it from the next send or receive, whatever that is about. This
 *      clears it, so the call is repeated: the error is not about this
 *      datagram. The queue is read later (E3), because reporting runs
 *      JavaScript.
 *  E2  A send may fail with one of these codes for a reason of its own. It then
 *      fails again: after several attempts in a row, the error is its own.
 *      GSO limits are learnt (S2) and S5 applies only after that. A code that
 *      no send should have for a reason of its own means that ICMP errors
 *      arrive faster than datagrams leave: the rest are queued (S4, E4).
 *  E3  Unread messages keep EPOLLERR raised. The queue is read on a wake-up if
 *      E1 has occurred or nothing was received, a limited number of messages
 *      at a time. The kernel limits its size (SO_RCVBUF).
 *  E4  If an interface drops a datagram (its queue is full, the datagram is
 *      longer than a shaper ever lets through, a filter rejects it), the kernel
 *      tells only sockets with IP_RECVERR: ENOBUFS. A sandbox may answer with
 *      any code. S4 would try for ever, and hold up the datagrams behind it. So
 *      after several delays without any success, the error belongs to the
 *      datagram (S3), and to each one behind it until the kernel accepts one.
 *      ENOBUFS of a multicast datagram is not tried again: each attempt reaches
 *      the listeners on this host.
 */
#ifndef DGRAM_LINUX_H
#define DGRAM_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "core/socket.h"
#include "transport/linux/busy_poll.h"
#include "transport/transport.h"

/* Each is defined in the file that uses it. */
typedef struct dgram_gso_limits_s dgram_gso_limits_t;
typedef struct linux_pause_s linux_pause_t;
typedef struct linux_poll_s linux_poll_t;
typedef struct linux_queued_s linux_queued_t;

/* The transport's part of a socket. Allocated when it first receives or sends:
 * idle sockets have none. */
typedef struct {
  dgram_socket_t* socket;
  linux_poll_t* poll; /* NULL: not needed yet */

  bool gso;                       /* GSO sends are worth trying */
  uint8_t singles_left;           /* datagrams to send one at a time */
  uint8_t congestion;             /* of a Unix socket: unix.c */
  bool congestion_eased;          /* a datagram that waited left or failed */
  dgram_gso_limits_t* gso_limits; /* NULL: no GSO send has failed */

  linux_queued_t* queue_head;
  linux_queued_t* queue_tail;
  size_t queue_size;    /* in bytes */
  uint32_t queue_count; /* in datagrams */
  bool sending;         /* the queue is in use, by queue.c */
  bool paused;          /* `pause` is running */
  uint8_t delays;       /* in a row: E4 */
  linux_pause_t* pause; /* NULL: not needed yet */

  bool gro_decided;             /* UDP_GRO was set, or must not be set */
  bool gro_active;              /* UDP_GRO is on */
  bool read_deferred;           /* no inbox was free; cleared by start() */
  bool errors_waiting;          /* the error queue is likely not empty: E3 */
  bool read_full;               /* the last read filled its slots */
  uint16_t slots;               /* for the next read */
  dgram_busy_poll_t busy_poll;  /* R5 */
  dgram_busy_poll_t read_again; /* R2: reads after the first of a wake-up */
  dgram_message_t* preread;     /* delivered before reading again */
} linux_socket_t;

/* Minimum number of slots, but for the first read after a send (R2). */
#define DGRAM_LINUX_SLOTS_MIN 4u

/* Datagrams sent one at a time after an error (S5). */
#define DGRAM_LINUX_SINGLES_AFTER_ERROR 2

/* The descriptor, or UV_EBADF if there is none. */
static inline int dgram_linux_fd(const dgram_socket_t* socket) {
  uv_os_fd_t fd;

  if (uv_fileno((const uv_handle_t*) &socket->udp, &fd) != 0)
    return UV_EBADF;
  return fd;
}

/* -- features.c: kernel features ---------------------------------------------
 */

typedef struct {
  bool mmsg; /* sendmmsg() and recvmmsg() */
  bool gso;
  bool gro;
} linux_features_t;

/* Set once per process, by the first call of the function below. */
extern linux_features_t dgram_linux_features;

void dgram_linux_detect_features(void);

/* -- transport.c: life cycle ---------------------------------------------- */

/* The transport's part of `socket`, allocated on first use. Returns NULL if
 * there is no memory. */
linux_socket_t* dgram_linux_ensure(dgram_socket_t* socket);

/* Cancels the queue and frees `self`. */
void dgram_linux_destroy(linux_socket_t* self);

/* -- poll.c: events of the descriptor ------------------------------------- */

/* Polls for the events that are needed now. Returns 0 or a UV_ code. */
int dgram_linux_update_poll(dgram_socket_t* socket);

/* The same for callers that cannot return an error: reports it to the socket
 * and to each queued datagram. Runs JavaScript in that case. */
void dgram_linux_update_poll_or_fail(linux_socket_t* self);

/* dgram_transport_t.before_poll */
void dgram_linux_before_poll(dgram_socket_t* socket);

/* Decides whether the poll handle keeps the event loop alive. */
void dgram_linux_update_ref(linux_socket_t* self);

/* Closes the poll handle. */
void dgram_linux_close_poll(linux_socket_t* self);

/* -- send.c: datagrams that go to the kernel now --------------------------- */

/* Datagrams to send: the caller's, or a queued copy. */
typedef struct {
  dgram_send_t* sends;
  uint32_t count;
  const dgram_address_t* peers;
  const dgram_send_settings_t* settings;
  const uint8_t* arena;
  const dgram_path_t* paths; /* of `peers` with the family AF_UNIX */
} linux_batch_t;

/* Sends from `*position` on. Returns 0 at the end of the batch, or UV_EAGAIN if
 * the socket would block. Each datagram before `*position` then has its
 * status. */
int dgram_linux_transmit(dgram_socket_t* socket,
                         const linux_batch_t* batch,
                         uint32_t* position);

/* sendmmsg(), or sendmsg() for one message. Returns how many were sent, or a
 * UV_ code. */
int dgram_linux_send_messages(int fd, struct mmsghdr* headers, unsigned n);

/* dgram_transport_t.flush */
uint32_t dgram_linux_flush(dgram_socket_t* socket,
                           dgram_send_t* sends,
                           uint32_t count,
                           const uint8_t* arena);

/* -- queue.c: datagrams that would block ----------------------------------- */

/* Queues a copy of the datagrams, or sets the status of each to the error.
 * Returns how many were queued. */
uint32_t dgram_linux_enqueue(dgram_socket_t* socket,
                             dgram_send_t* sends,
                             uint32_t count,
                             const uint8_t* arena);

/* Sends and completes queued datagrams; called when the socket is writable. */
void dgram_linux_send_queued(linux_socket_t* self);

/* Completes the datagrams queued now with `code`. Does nothing while the queue
 * is in use or when the socket is closing. */
void dgram_linux_fail_queue(linux_socket_t* self, int code);

/* Completes everything that is queued with UV_ECANCELED. */
void dgram_linux_cancel_queue(linux_socket_t* self);

/* dgram_transport_t.keep_peer */
void dgram_linux_keep_peer(dgram_socket_t* socket);

/* Closes the timer of S4. */
void dgram_linux_end_pause(linux_socket_t* self);

/* dgram_transport_t.queue_size, .queue_count */
size_t dgram_linux_queue_size(const dgram_socket_t* socket);
size_t dgram_linux_queue_count(const dgram_socket_t* socket);

/* -- receive.c: datagrams coming in ---------------------------------------- */

/* Receives and delivers. `maybe_error`: an error may have caused the wake-up.
 */
void dgram_linux_on_readable(linux_socket_t* self, bool maybe_error);

/* recvmmsg(), or recvmsg() for one message. `close_on_exec`: received
 * descriptors are closed by execve(2). Returns how many messages were received,
 * or a UV_ code. */
int dgram_linux_receive_messages(int fd,
                                 struct mmsghdr* headers,
                                 uint32_t count,
                                 bool close_on_exec);

/* Finds the size of one datagram of the `length` bytes received with `header`
 * (R3). Returns 0 or UV_EMSGSIZE. */
int dgram_linux_find_segment(const dgram_socket_t* socket,
                             const struct msghdr* header,
                             uint32_t length,
                             uint32_t* out);

/* dgram_transport_t.read_one */
bool dgram_linux_read_on(dgram_socket_t* socket);

/* Switches UDP_GRO. Kernels that do not know the option receive without it. */
void dgram_linux_set_gro(const dgram_socket_t* socket, int on);

/* -- share_descriptor.c: handing the descriptor to another reader ---------- */

/* dgram_transport_t.share */
void dgram_linux_share(dgram_socket_t* socket);

/* dgram_transport_t.leave, .take */
void dgram_linux_leave(dgram_socket_t* socket, dgram_message_t** end);
void dgram_linux_take(dgram_socket_t* socket);

/* Delivers preread messages, as many as one batch can hold. */
void dgram_linux_deliver_preread(linux_socket_t* self,
                                 dgram_iteration_t* iteration);
void dgram_linux_free_preread(linux_socket_t* self);

#endif
