#include "core/move.h"

#include <stdlib.h>
#include <string.h>

#include "core/env.h"
#include "core/socket.h"
#include "platform/platform.h"
#include "transport/transport.h"

/* -- the datagrams of a batch that JavaScript has not seen ------------------
 */

static void copy_info(const dgram_env_t* env,
                      const dgram_recv_info_t* info,
                      dgram_receive_info_t* out) {
  out->present = info->present;
  out->interface_index = info->interface_index;
  out->tos = (uint8_t) info->tos;
  out->ttl = (uint8_t) info->ttl;
  memcpy(&out->timestamp, info->timestamp, sizeof(out->timestamp));
  if ((info->present & DGRAM_INFO_LOCAL_ADDRESS) &&
      info->local_address < env->local_addresses.count)
    out->local_address =
        env->local_addresses.slots[info->local_address].address;
}

/* Copies GRO buffer `i` from byte `position` on. Returns NULL if there is no
 * memory. */
static dgram_message_t* copy_message(const dgram_socket_t* socket,
                                     const dgram_inbox_t* inbox,
                                     uint32_t i,
                                     uint32_t position) {
  const dgram_env_t* env = socket->env;
  const dgram_recv_t* buffer = &inbox->gro_buffers[i];
  uint32_t length = buffer->status == 0 ? buffer->length - position : 0;
  dgram_message_t* message = dgram_message_new(length);

  if (message == NULL)
    return NULL;
  message->status = buffer->status;
  message->segment = buffer->segment < length ? buffer->segment : length;
  memcpy(
      message->bytes, inbox->recv_buffer + buffer->offset + position, length);
  if (buffer->source < env->sources.count)
    message->source = env->sources.slots[buffer->source].address;
  if (socket->receive_info != 0)
    copy_info(env, &inbox->infos[i], &message->info);
  return message;
}

static uint32_t count_datagrams(const dgram_message_t* message) {
  if (message->status != 0)
    return 0;
  return message->segment == 0
             ? 1
             : (message->length + message->segment - 1) / message->segment;
}

/* The socket that delivers them counts them. */
static void uncount(dgram_socket_t* socket, const dgram_message_t* list) {
  for (; list != NULL; list = list->next) {
    socket->stats.received -= count_datagrams(list);
    socket->stats.received_bytes -= list->length;
  }
}

/* JavaScript may have written anything into the memory. */
static bool is_valid(const dgram_inbox_t* inbox,
                     uint32_t i,
                     uint32_t position) {
  const dgram_recv_t* buffer = &inbox->gro_buffers[i];

  return buffer->length <= DGRAM_RECV_SLOT_SIZE &&
         buffer->offset <= inbox->slots * DGRAM_RECV_SLOT_SIZE &&
         buffer->length <=
             inbox->slots * DGRAM_RECV_SLOT_SIZE - buffer->offset &&
         position <= buffer->length;
}

/* Copies what is left of the batch to `*list`. Returns 0 or UV_ENOMEM. */
static int copy_batch(dgram_socket_t* socket, dgram_message_t** list) {
  dgram_inbox_t* inbox = socket->inbox;
  uint32_t position;
  uint32_t i;

  if (inbox == NULL || !dgram_inbox_has_more(socket->env, inbox))
    return 0;
  position = inbox->cursor->position;
  for (i = inbox->cursor->gro_buffer; i < inbox->count; i++) {
    if (is_valid(inbox, i, position)) {
      *list = copy_message(socket, inbox, i, position);
      if (*list == NULL)
        return UV_ENOMEM;
      list = &(*list)->next;
    }
    position = 0;
  }
  return 0;
}

/* The batch has been copied: JavaScript finds its end. */
static void end_batch(dgram_socket_t* socket) {
  dgram_inbox_t* inbox = socket->inbox;

  if (inbox == NULL || !dgram_inbox_has_more(socket->env, inbox))
    return;
  /* JavaScript may not have read the texts of new sources. */
  dgram_inbox_forget_sources(socket->env, inbox);
  inbox->cursor->gro_buffer = inbox->count;
  inbox->cursor->position = 0;
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
  ticket->receive_info = socket->receive_info;
  ticket->drops_seen = socket->drops_seen;
  ticket->fd = dgram_platform_dup(fd);
  return ticket->fd < 0 ? ticket->fd : copy_batch(socket, &ticket->messages);
}

int dgram_socket_leave(dgram_socket_t* socket,
                       const char* note,
                       size_t note_length,
                       uint64_t lifetime,
                       dgram_token_t* out) {
  dgram_ticket_t* ticket;
  dgram_message_t** end;
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
  uncount(socket, ticket->messages);
  end_batch(socket);
  end = dgram_messages_end(&ticket->messages);
  socket->env->transport->leave(socket, end);
  dgram_backlog_take(socket, end);
  dgram_tickets_add(ticket, lifetime);
  return 0;
}

int dgram_socket_finish(dgram_socket_t* socket) {
  if (socket->closing)
    return UV_EBADF;
  if (dgram_socket_queue_count(socket) == 0) {
    dgram_socket_close(socket);
    return 0;
  }
  socket->finishing = true;
  return dgram_socket_stop(socket);
}

/* Gives the descriptor to libuv, which would set SO_REUSEADDR. */
static int open_descriptor(dgram_socket_t* socket, int fd) {
  bool reuses = dgram_platform_has_reuseaddr(fd);
  int rc = uv_udp_open(&socket->udp, (uv_os_sock_t) fd);

  if (rc == 0 && !reuses)
    (void) dgram_platform_clear_reuseaddr(fd);
  return rc;
}

static int take(dgram_socket_t* socket, dgram_ticket_t* ticket) {
  int rc;

  if (ticket->transport != socket->env->transport)
    return UV_ENOTSUP;
  rc = dgram_backlog_open(socket, ticket->messages);
  if (rc != 0)
    return rc;
  rc = open_descriptor(socket, ticket->fd);
  if (rc != 0) {
    dgram_message_t* list = NULL;

    dgram_backlog_take(socket, &list);
    dgram_backlog_close(socket);
    ticket->messages = list;
    return rc;
  }
  ticket->messages = NULL;
  ticket->fd = -1;
  socket->shared = ticket->shared;
  socket->revealed = ticket->revealed;
  socket->icmp_errors = ticket->icmp_errors;
  socket->receive_info = ticket->receive_info;
  socket->drops_seen = ticket->drops_seen;
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
