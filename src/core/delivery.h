/* Delivery of received batches to JavaScript. A batch that exceeds the limit of
 * one event loop iteration (iteration.h) is paused and resumed in the next one.
 * A socket that finds no free inbox defers its reads until there is one. What a
 * socket holds (held.h) is delivered when it starts to read again. All of them
 * are driven by one idle handle of the environment, env->resume_handle, which
 * also runs in a nested event loop. */
#ifndef DGRAM_DELIVERY_H
#define DGRAM_DELIVERY_H

#include <stdbool.h>

#include "core/inbox.h"
#include "core/iteration.h"
#include "core/types.h"

/* The result of delivering a batch. */
typedef enum {
  DGRAM_DELIVERED,
  DGRAM_DROPPED, /* JavaScript did not see all of it */
  DGRAM_PAUSED,  /* the rest follows in the next iteration */
} dgram_delivery_t;

/* Delivers the datagrams appended for `socket` since dgram_inbox_acquire().
 * Does nothing if there are none. */
dgram_delivery_t dgram_delivery_start(dgram_env_t* env,
                                      dgram_socket_t* socket,
                                      dgram_iteration_t* iteration);

/* For env->deliver(): reads one more message into an inbox that is being
 * delivered and has been read to its end. Returns false if there is none; see
 * read_one of dgram_transport_t. */
bool dgram_delivery_read_next(dgram_inbox_t* inbox);

/* To be called when the socket has stopped reading: the rest of its batch is
 * held (held.h), and the inbox is free for other sockets. Without memory for
 * that, the batch stays where it is. */
void dgram_delivery_hold(dgram_env_t* env, dgram_socket_t* socket);

/* To be called when the socket starts or stops reading, closes, or changes its
 * reference to the loop. A paused batch of a stopped socket stays paused; that
 * of a closed socket is dropped. */
void dgram_delivery_update(dgram_env_t* env, dgram_socket_t* socket);

/* Closes the idle handle, and then calls dgram_env_check_idle(). */
void dgram_delivery_close(dgram_env_t* env);

#endif
