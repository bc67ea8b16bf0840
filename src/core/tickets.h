/* Tickets: descriptors that no socket owns at the moment. A socket leaves its
 * descriptor here, and another one of the same process takes it, in the same
 * thread or in another (move.h).
 *
 * The table is the only state that the threads of the process share. A ticket
 * is found by its token: 128 random bits, which cannot be guessed. It is taken
 * once. A ticket that is not taken in time is closed: the thread that made it
 * calls dgram_tickets_discard(), and if that thread has ended, any later call
 * in the process closes it. */
#ifndef DGRAM_TICKETS_H
#define DGRAM_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/messages.h"
#include "core/types.h"
#include "platform/options.h"

#define DGRAM_TOKEN_SIZE 16

typedef struct {
  uint8_t bytes[DGRAM_TOKEN_SIZE];
} dgram_token_t;

typedef struct dgram_ticket_s dgram_ticket_t;

struct dgram_ticket_s {
  dgram_ticket_t* next;
  dgram_token_t token;
  uint64_t deadline; /* uv_hrtime() */
  int fd;
  const dgram_transport_t* transport; /* of the socket that left it */
  dgram_message_t* messages;          /* read and not delivered */

  /* Fields of dgram_socket_t. */
  bool shared;
  bool revealed;
  bool icmp_errors;
  bool reuses_address; /* dgram_platform_has_reuseaddr() */
  uint32_t receive_info;
  uint32_t drops_seen;
  dgram_open_options_t* open_options;

  size_t note_length;
  char note[]; /* of lib/, with a NUL at its end */
};

/* Allocates a ticket with a token, without a descriptor. Returns 0 or a UV_
 * code. */
int dgram_ticket_new(const char* note,
                     size_t note_length,
                     dgram_ticket_t** out);

/* Closes the descriptor and frees the ticket. */
void dgram_ticket_free(dgram_ticket_t* ticket);

/* Adds a ticket to the table. From now on another thread may take it.
 * `lifetime`: milliseconds. */
void dgram_tickets_add(dgram_ticket_t* ticket, uint64_t lifetime);

/* Removes a ticket from the table. Returns NULL if there is none. */
dgram_ticket_t* dgram_tickets_take(const dgram_token_t* token);

/* Puts it back, with its token and deadline. */
void dgram_tickets_return(dgram_ticket_t* ticket);

/* Stores a copy of the note, which the caller frees. Returns 0, UV_ENOENT if
 * there is no such ticket, or UV_ENOMEM. */
int dgram_tickets_get_note(const dgram_token_t* token,
                           char** note,
                           size_t* length);

/* Closes a ticket, if it was not taken. */
void dgram_tickets_discard(const dgram_token_t* token);

#endif
