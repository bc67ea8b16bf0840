/* The contract of a data path. The control plane (open, bind, connect,
 * options) is libuv's on every platform and lives in socket.c; a transport
 * moves datagrams, and nothing else. transport_uv.c is the portable one,
 * transport_linux.c the fast one; which of them runs is chosen once per
 * environment. All functions run on the loop's thread. dgram_env_deliver() and
 * dgram_env_complete() run JavaScript: rule P of env.h, on pointers. Codes are
 * libuv's. */
#ifndef DGRAM_TRANSPORT_H
#define DGRAM_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/batch.h"
#include "core/env.h"

struct dgram_transport_s {
  const char* name; /* what `dgram.transport` says */

  /* Starts reading; binds to any address what is not bound yet. Each wake-up
   * asks dgram_env_acquire_inbox() before it reads, fills env->inbox through
   * dgram_env_received() and calls dgram_env_deliver() once per batch. When
   * dgram_env_acquire_inbox() says no, and env->read_deferred, it stops
   * polling, lest the loop spin; start() is called again later. Returns 0 when
   * it reads already. */
  int (*start)(dgram_socket_t* socket);

  /* Reads one more message, or error, into env->inbox, without delivering it.
   * Returns false when there is none. */
  bool (*read_on)(dgram_socket_t* socket);

  /* Stops reading; what the kernel holds stays there. */
  int (*stop)(dgram_socket_t* socket);

  /* Sends `count` datagrams of this socket in order and writes each status.
   *  - an error belongs to exactly one datagram, the first unsent one; the
   *    rest go on;
   *  - would-block keeps the rest queued (a copy; DGRAM_QUEUED) and completes
   *    each once through dgram_env_complete(), in order, also when the
   *    socket is closed (UV_ECANCELED);
   *  - nothing is sent while an earlier datagram is queued.
   * Slots of peers and bytes of the arena were checked by the caller. Returns
   * how many were queued. */
  uint32_t (*flush)(dgram_socket_t* socket,
                    dgram_send_t* sends,
                    uint32_t count,
                    const uint8_t* arena);

  /* Bytes and datagrams that wait in the transport's queue. */
  size_t (*queue_size)(const dgram_socket_t* socket);
  size_t (*queue_count)(const dgram_socket_t* socket);

  /* uv_ref() or uv_unref() was called on the socket's uv_udp_t: carries that
   * over to handles of the transport's own. What is queued keeps the loop alive
   * in any case. */
  void (*ref_changed)(dgram_socket_t* socket);

  /* The descriptor is about to be known to another reader, who expects one
   * datagram a read. */
  void (*share)(dgram_socket_t* socket);

  /* `socket` has taken the place, the id and the transport's data of another,
   * which never had a descriptor that worked: nothing is queued or watched.
   * See dgram_socket_bind(). */
  void (*moved)(dgram_socket_t* socket);

  /* Takes the transport's own handles off the descriptor and then calls
   * dgram_socket_release() once, at once: the port must be free when close()
   * returns. */
  void (*close)(dgram_socket_t* socket);

  /* The uv_udp_t is closed: cancels what is still queued, and frees. */
  void (*closed)(dgram_socket_t* socket);
};

extern const dgram_transport_t dgram_transport_uv;
#ifdef __linux__
extern const dgram_transport_t dgram_transport_linux;
#endif

/* The transport of that name (`uv` or `linux`) if there is one here, else the
 * best. */
const dgram_transport_t* dgram_transport_choose(const char* name);

#endif
