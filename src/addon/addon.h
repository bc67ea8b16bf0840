/* The Node-API layer: functions and methods that JavaScript calls, and calls of
 * the functions that JavaScript passes in. No other folder includes node_api.h.
 *
 * This header declares the record of one environment and the functions that
 * the files of this folder share, in the order of the files:
 *   addon.c        the record
 *   module.c       init, exports, end of the environment
 *   handle.c       socket handle: create, receive, ref, close, descriptor
 *   bind.c         methods of a handle: descriptors, bind, connect, addresses
 *   options.c      methods of a handle: socket options
 *   platform_options.c   the same, options that libuv does not have
 *   move.c         methods of a handle: moving the descriptor; tickets
 *   send_batch.c   memory of the datagrams to send, flush
 *   send_settings.c   settings of the datagrams to send
 *   inbox.c        memory of the received datagrams
 *   deliver.c      calls of hook.deliver: one batch of received datagrams
 *   icmp.c         calls of hook.icmp: ICMP errors
 *   unix.c         Unix datagram sockets
 *   hooks.c        calls into JavaScript: scopes, exceptions, termination
 *   settings.c, stats.c, layout.c, descriptors.c   other exports
 * arguments.h reads arguments. napi_util.h wraps Node-API and knows no socket.
 *
 * Every file keeps rule P of core/env.h, on pointers. */
#ifndef DGRAM_ADDON_H
#define DGRAM_ADDON_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/batch.h"
#include "core/env.h"
#include "core/send_batches.h"
#include "core/socket.h"

/* Functions of lib/ that C calls. lib/handle/hooks.js passes them to hook(),
 * under the names in hooks.c. */
typedef enum {
  DGRAM_HOOK_DELIVER,    /* (socket id, inbox id): delivers datagrams */
  DGRAM_HOOK_COMPLETE,   /* (ticket, status, length): a queued send completed */
  DGRAM_HOOK_CLOSED,     /* (socket id): a socket is closed */
  DGRAM_HOOK_TERMINATED, /* (): JavaScript was terminated and runs again */
  DGRAM_HOOK_IDLE,       /* (): no socket is open, spare inboxes were freed */
  DGRAM_HOOK_STALLED,    /* (): a watched send batch was not flushed in time */
  DGRAM_HOOK_DROPPED,    /* (socket id, count): the kernel dropped datagrams */
  DGRAM_HOOK_ICMP,       /* (socket id, code, info): an ICMP error: icmp.c */
  DGRAM_HOOK_CONGESTION, /* (socket id, event): see dgram_congestion_t */
  DGRAM_HOOK_DRAINED,    /* (socket id): the send queue is empty again */
  DGRAM_HOOKS,
} dgram_hook_t;

/* ArrayBuffers of one send batch, filled by lib/batch/send-batch.js. */
typedef struct {
  napi_ref sends;
  napi_ref arena;
  uint32_t watched; /* 0, or its index in `watched` of dgram_addon_t, + 1 */
} dgram_batch_memory_t;

/* One environment: the main thread or a worker. */
typedef struct {
  dgram_env_t core;
  napi_env env;
  napi_async_cleanup_hook_handle cleanup;

  /* hooks.c */
  napi_ref hooks[DGRAM_HOOKS];
  /* Async context of all hook calls; lib/ creates a resource of its own for
   * each datagram and each completion. It exists only while sockets are open,
   * because async_hooks shows it to programs. */
  napi_async_context context;
  uint32_t active_calls;        /* hook calls that have not returned */
  napi_ref active_calls_memory; /* the same number, as counted by lib/ */

  /* inbox.c */
  struct {
    napi_ref memory;
    uint32_t id; /* new for each memory */
  } inboxes[DGRAM_INBOXES];
  uint32_t inboxes_created;

  /* send_batch.c */
  dgram_batch_memory_t* send_batches;
  uint32_t send_batches_count;
  dgram_send_batches_t watched; /* the ones in use by lib/batch/ */
  uv_prepare_t prepare; /* checks the watched send batches once an iteration */
  bool has_prepare;     /* it is initialised and not closed */
} dgram_addon_t;

/* -- addon.c --------------------------------------------------------------- */

/* Returns the record of the environment; never NULL. It is set before the first
 * function is exported, and freed with the environment. */
dgram_addon_t* dgram_addon_of(napi_env env);

/* -- module.c -------------------------------------------------------------- */

/* Each file defines the functions that it implements: dgram_addon_export_...()
 * on the exports of the module, dgram_addon_define_...() on the prototype of a
 * handle. */
napi_status dgram_addon_export_settings(napi_env env, napi_value exports);
napi_status dgram_addon_export_stats(napi_env env, napi_value exports);
napi_status dgram_addon_export_layout(napi_env env, napi_value exports);
napi_status dgram_addon_export_descriptors(napi_env env, napi_value exports);
napi_status dgram_addon_export_hooks(napi_env env, napi_value exports);
napi_status dgram_addon_export_handle(napi_env env, napi_value exports);
napi_status dgram_addon_export_bind(napi_env env, napi_value exports);
napi_status dgram_addon_export_send_batches(napi_env env, napi_value exports);
napi_status dgram_addon_export_send_settings(napi_env env, napi_value exports);
napi_status dgram_addon_export_inbox(napi_env env, napi_value exports);
napi_status dgram_addon_export_move(napi_env env, napi_value exports);
napi_status dgram_addon_export_unix(napi_env env, napi_value exports);

napi_status dgram_addon_define_bind(napi_env env, napi_value prototype);
napi_status dgram_addon_define_options(napi_env env, napi_value prototype);
napi_status dgram_addon_define_platform_options(napi_env env,
                                                napi_value prototype);
napi_status dgram_addon_define_move(napi_env env, napi_value prototype);
napi_status dgram_addon_define_stats(napi_env env, napi_value prototype);

/* -- send_batch.c ---------------------------------------------------------- */

/* Creates a socket by that function and returns its id. */
napi_value dgram_addon_new_socket(napi_env env,
                                  int (*create)(dgram_env_t*,
                                                dgram_socket_t**));

/* Starts the prepare handle, which checks the watched send batches and calls
 * dgram_env_before_poll(). It stops itself when no socket is open. */
void dgram_addon_start_prepare(dgram_addon_t* addon);

/* Sends pending datagrams of connected sockets at the end of the environment,
 * and closes the prepare handle. Calls dgram_env_check_idle() when that is
 * closed. */
void dgram_addon_close_send_batches(dgram_addon_t* addon);

/* Deletes the references to the memory of all send batches. */
void dgram_addon_release_send_batches(dgram_addon_t* addon);

/* -- inbox.c --------------------------------------------------------------- */

/* Creates the first inbox if there is none. Called when a socket starts to
 * receive: an environment that only sends does not need one. */
napi_status dgram_addon_ensure_inbox(dgram_addon_t* addon);

/* Returns the id of the inbox's current memory, for hook.deliver and inbox().
 */
uint32_t dgram_addon_inbox_id(const dgram_addon_t* addon,
                              const dgram_inbox_t* inbox);

/* Updates the pointers of `inbox`. Returns false if it has no memory, or if
 * JavaScript has detached it. */
bool dgram_addon_find_inbox(const dgram_addon_t* addon, dgram_inbox_t* inbox);

/* Implements dgram_env_t.acquire. */
bool dgram_addon_on_acquire(dgram_env_t* core, dgram_inbox_t* inbox);

/* Deletes the references to all inboxes from index `first` on. */
void dgram_addon_release_inboxes(dgram_addon_t* addon, uint32_t first);

/* -- deliver.c ------------------------------------------------------------- */

/* Implements dgram_env_t.deliver. */
dgram_delivery_t dgram_addon_on_deliver(dgram_inbox_t* inbox,
                                        dgram_iteration_t* iteration);

/* -- icmp.c ---------------------------------------------------------------- */

/* Implements dgram_env_t.icmp. */
void dgram_addon_on_icmp(dgram_socket_t* socket,
                         const dgram_icmp_error_t* error);

/* -- unix.c ---------------------------------------------------------------- */

/* Implements dgram_env_t.congestion. */
void dgram_addon_on_congestion(dgram_socket_t* socket,
                               dgram_congestion_t event);

/* -- hooks.c --------------------------------------------------------------- */

/* Result of a hook call. */
typedef enum {
  DGRAM_CALL_RETURNED,
  DGRAM_CALL_THREW,   /* the exception was handled, or the termination */
  DGRAM_CALL_STOPPED, /* JavaScript cannot run: the thread is terminating */
} dgram_call_result_t;

/* Surrounds each hook call. */
typedef struct {
  napi_handle_scope handles;
  napi_callback_scope callback;
} dgram_addon_scope_t;

/* Opens a scope. Returns false if JavaScript cannot run. */
bool dgram_addon_open_scope(dgram_addon_t* addon, dgram_addon_scope_t* scope);

/* Closes the scope, which drains ticks and microtasks. */
void dgram_addon_close_scope(dgram_addon_t* addon,
                             const dgram_addon_scope_t* scope);

/* Calls a hook within an open scope. `*result` is set only for
 * DGRAM_CALL_RETURNED. */
dgram_call_result_t dgram_addon_call_hook(const dgram_addon_t* addon,
                                          dgram_hook_t hook,
                                          size_t argc,
                                          const napi_value* argv,
                                          napi_value* result);

/* Calls a hook with `count` numbers (at most 3) in its own scope, and then
 * dgram_addon_release_unused(). */
void dgram_addon_call_back(dgram_addon_t* addon,
                           dgram_hook_t hook,
                           const uint32_t* numbers,
                           size_t count);

/* Releases the spare inboxes and the async context if no socket is open. */
void dgram_addon_release_unused(dgram_addon_t* addon);

/* Deletes the references to the hooks, and the async context. */
void dgram_addon_release_hooks(dgram_addon_t* addon);

/* Implements dgram_env_t.complete. */
void dgram_addon_on_complete(dgram_socket_t* socket,
                             uint32_t ticket,
                             int status,
                             size_t length);

/* Implements dgram_env_t.drained. */
void dgram_addon_on_drained(dgram_socket_t* socket);

/* Implements dgram_env_t.dropped. */
void dgram_addon_on_dropped(dgram_socket_t* socket, uint64_t count);

/* Implements dgram_env_t.closed. */
void dgram_addon_on_closed(dgram_socket_t* socket);

#endif
