#include "core/move.h"

#include <stdlib.h>

#include "core/env.h"
#include "core/held.h"
#include "core/socket.h"
#include "platform/platform.h"
#include "transport/transport.h"

/* Copies what is left of the batch. Returns 0 or UV_ENOMEM. */
static int copy_batch(const dgram_socket_t* socket, dgram_message_t** list) {
  dgram_inbox_t* inbox = socket->inbox;

  *list = NULL;
  if (inbox == NULL || !dgram_inbox_has_more(socket->env, inbox))
    return 0;
  return dgram_messages_copy(inbox, list);
}

/* The batch has been copied: JavaScript finds its end. */
static void end_batch(dgram_socket_t* socket) {
  dgram_inbox_t* inbox = socket->inbox;

  if (inbox == NULL || !dgram_inbox_has_more(socket->env, inbox))
    return;
  /* JavaScript may not have read the texts of new sources. */
  dgram_inbox_forget_sources(socket->env, inbox);
  dgram_inbox_skip_rest(inbox);
}

/* -- leave and take ---------------------------------------------------------
 */

/* Returns 0 or a UV_ code. Changes nothing in the socket. */
static int fill_ticket(dgram_socket_t* socket, int fd, dgram_ticket_t* ticket) {
  if (socket->open_options != NULL) {
    ticket->open_options = malloc(sizeof(*ticket->open_options));
    if (ticket->open_options == NULL)
      return UV_ENOMEM;
    *ticket->open_options = *socket->open_options;
  }
  (void) dgram_stats_read_drops(socket);
  ticket->transport = socket->env->transport;
  ticket->shared = socket->shared;
  ticket->revealed = socket->revealed;
  ticket->icmp_errors = socket->icmp_errors;
  ticket->reuses_address = dgram_platform_has_reuseaddr(fd);
  ticket->receive_info = socket->receive_info;
  ticket->drops_seen = dgram_stats_drops_seen(socket);
  ticket->fd = dgram_platform_dup(fd);
  return ticket->fd < 0 ? ticket->fd : copy_batch(socket, &ticket->messages);
}

int dgram_socket_leave(dgram_socket_t* socket,
                       const char* note,
                       size_t note_length,
                       uint64_t lifetime,
                       dgram_token_t* out) {
  dgram_ticket_t* ticket;
  int fd = dgram_socket_fd(socket);
  int rc;

  if (fd < 0)
    return fd;
  rc = dgram_ticket_new(note, note_length, &ticket);
  if (rc != 0)
    return rc;
  rc = fill_ticket(socket, fd, ticket);
  if (rc != 0) {
    dgram_ticket_free(ticket);
    return rc;
  }
  *out = ticket->token;
  end_batch(socket);
  *dgram_messages_end(&ticket->messages) = dgram_held_release(socket);
  socket->env->transport->leave(socket, dgram_messages_end(&ticket->messages));
  dgram_messages_uncount(socket, ticket->messages);
  dgram_tickets_add(ticket, lifetime);
  return 0;
}

int dgram_socket_finish(dgram_socket_t* socket) {
  if (socket->closing)
    return UV_EBADF;
  socket->finishing = true;
  if (dgram_socket_queue_count(socket) > 0)
    return dgram_socket_stop(socket);
  dgram_socket_close(socket);
  return 0;
}

/* Gives the descriptor to libuv, which sets SO_REUSEADDR; in another process,
 * its libuv has done that already. */
static int open_descriptor(dgram_socket_t* socket,
                           const dgram_ticket_t* ticket) {
  int rc = uv_udp_open(&socket->udp, (uv_os_sock_t) ticket->fd);

  if (rc == 0 && !ticket->reuses_address)
    (void) dgram_platform_clear_reuseaddr(ticket->fd);
  return rc;
}

static int take(dgram_socket_t* socket, dgram_ticket_t* ticket) {
  int rc;

  if (ticket->transport != socket->env->transport)
    return UV_ENOTSUP;
  rc = dgram_held_put(socket, ticket->messages);
  if (rc != 0)
    return rc;
  rc = open_descriptor(socket, ticket);
  if (rc != 0) {
    ticket->messages = dgram_held_release(socket);
    return rc;
  }
  ticket->messages = NULL;
  ticket->fd = -1;
  socket->shared = ticket->shared;
  socket->revealed = ticket->revealed;
  socket->icmp_errors = ticket->icmp_errors;
  socket->receive_info = ticket->receive_info;
  dgram_stats_set_drops_seen(socket, ticket->drops_seen);
  free(socket->open_options);
  socket->open_options = ticket->open_options;
  ticket->open_options = NULL;
  dgram_socket_detect_connected(socket);
  socket->env->transport->take(socket);
  if (socket->revealed || (socket->open_options != NULL &&
                           socket->open_options->steering.length != 0))
    socket->env->transport->share(socket); /* GRO stays off */
  return 0;
}

int dgram_socket_take(dgram_socket_t* socket, const dgram_token_t* token) {
  dgram_ticket_t* ticket;
  int rc;

  if (socket->closing)
    return UV_EBADF;
  if (dgram_socket_is_open(socket))
    return UV_EISCONN;
  ticket = dgram_tickets_take(token);
  if (ticket == NULL)
    return UV_ENOENT;
  rc = take(socket, ticket);
  if (rc != 0)
    dgram_tickets_return(ticket);
  else
    dgram_ticket_free(ticket);
  return rc;
}
