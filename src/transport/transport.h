/* The contract of a transport. libuv does the control plane (open, bind,
 * connect, options) on every platform; see core/socket.h. A transport only
 * moves datagrams. uv.c is the portable one, linux/ the fast one. One is chosen
 * per environment.
 *
 * All functions run on the thread of the loop and use the codes of libuv.
 * dgram_delivery_start() and dgram_sends_complete() run JavaScript, so rule P
 * of core/env.h applies after them. */
#ifndef DGRAM_TRANSPORT_H
#define DGRAM_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/batch.h"
#include "core/delivery.h"
#include "core/env.h"
#include "core/inbox.h"
#include "core/messages.h"
#include "core/sends.h"

/* What a transport does on this system, with the settings of the environment.
 * docs/platforms.md has a table of it. */
typedef struct {
  bool batches; /* several datagrams per system call */
  bool gso;
  bool gro;
  bool receive_info;  /* DGRAM_INFO_* */
  bool send_settings; /* core/send_settings.h */
  bool unix_dgram;    /* core/unix_socket.h */
} dgram_features_t;

struct dgram_transport_s {
  const char* name; /* the value of `dgram.transport` */
  bool icmp_errors; /* it supports dgram_socket_t.icmp_errors */

  dgram_features_t (*features)(const dgram_env_t* env);

  /* Starts reading. Binds an unbound socket to any address. Returns 0 if it is
   * already reading. For each batch, a wake-up
   *  - calls dgram_inbox_acquire(). If that fails and env->read_deferred is
   *    set, it stops polling, because otherwise the loop would spin. start() is
   *    called again later;
   *  - appends what it reads with dgram_inbox_append();
   *  - calls dgram_delivery_start() once. */
  int (*start)(dgram_socket_t* socket);

  /* Called before the event loop polls, for a socket that start() has passed to
   * dgram_env_add_starting(). */
  void (*before_poll)(dgram_socket_t* socket);

  /* Reads one more message, or an error, into env->inbox without delivering it.
   * Returns false if there is none. */
  bool (*read_one)(dgram_socket_t* socket);

  /* Stops reading; unread datagrams stay in the kernel. */
  int (*stop)(dgram_socket_t* socket);

  /* Sends `count` datagrams of this socket in order and writes each status.
   *  - An error belongs to exactly one datagram, the first unsent one. The
   *    others are sent.
   *  - If sending would block, the remaining datagrams are copied and queued
   *    (DGRAM_QUEUED). Each is completed once, in order, with
   *    dgram_sends_complete(); with UV_ECANCELED if the socket is closed.
   *  - No datagram is sent while an earlier one is queued.
   * The caller has checked destinations and arena offsets. Returns how many
   * datagrams were queued. */
  uint32_t (*flush)(dgram_socket_t* socket,
                    dgram_send_t* sends,
                    uint32_t count,
                    const uint8_t* arena);

  /* Bytes and datagrams in the queue of the transport. */
  size_t (*queue_size)(const dgram_socket_t* socket);
  size_t (*queue_count)(const dgram_socket_t* socket);

  /* uv_ref() or uv_unref() was called on the uv_udp_t: applies it to other
   * handles of the transport. Queued datagrams always keep the loop alive. */
  void (*ref_changed)(dgram_socket_t* socket);

  /* Another reader is about to get the descriptor, and expects one datagram per
   * read; or the socket is steered by its datagrams. GRO must be off from now
   * on. */
  void (*share)(dgram_socket_t* socket);

  /* The socket leaves its descriptor to another one of this transport
   * (core/move.h). Moves messages that were read ahead to `*end`, the end of a
   * list. */
  void (*leave)(dgram_socket_t* socket, dgram_message_t** end);

  /* The socket has taken such a descriptor. */
  void (*take)(dgram_socket_t* socket);

  /* `socket` has taken the place, the id and the transport_data of a socket
   * that never had a working descriptor: nothing is queued or watched. See
   * dgram_socket_bind(). */
  void (*moved)(dgram_socket_t* socket);

  /* A Unix socket is about to be disconnected from its peer. The datagrams in
   * the queue still go there; if it has no name, they fail with UV_ENOTCONN. */
  void (*keep_peer)(dgram_socket_t* socket);

  /* Removes other handles from the descriptor and then calls
   * dgram_socket_release(), before it returns: the port must be free when
   * close() returns to the program. */
  void (*close)(dgram_socket_t* socket);

  /* The uv_udp_t is closed: cancels what is still queued and frees
   * transport_data. */
  void (*closed)(dgram_socket_t* socket);
};

extern const dgram_transport_t dgram_transport_uv;
#ifdef __linux__
extern const dgram_transport_t dgram_transport_linux;
#endif

/* The transport with that name (`uv` or `linux`). If it does not exist on this
 * platform, the best one. */
const dgram_transport_t* dgram_transport_choose(const char* name);

#endif
