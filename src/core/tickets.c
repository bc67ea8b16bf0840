#include "core/tickets.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "platform/platform.h"

#define NANOSECONDS 1000000u /* in a millisecond */

static uv_once_t once = UV_ONCE_INIT;
static uv_mutex_t mutex;
static int mutex_status;
static dgram_ticket_t* tickets; /* guarded by `mutex` */

static void init_mutex(void) {
  mutex_status = uv_mutex_init(&mutex);
}

/* Returns false if the system has no mutex: there is no ticket then. */
static bool lock(void) {
  uv_once(&once, init_mutex);
  if (mutex_status != 0)
    return false;
  uv_mutex_lock(&mutex);
  return true;
}

static void unlock(void) {
  uv_mutex_unlock(&mutex);
}

int dgram_ticket_new(const char* note,
                     size_t note_length,
                     dgram_ticket_t** out) {
  dgram_ticket_t* ticket;
  int rc;

  uv_once(&once, init_mutex);
  if (mutex_status != 0)
    return mutex_status;
  ticket = malloc(sizeof(*ticket) + note_length + 1);
  if (ticket == NULL)
    return UV_ENOMEM;
  memset(ticket, 0, sizeof(*ticket));
  ticket->fd = -1;
  ticket->note_length = note_length;
  memcpy(ticket->note, note, note_length);
  ticket->note[note_length] = '\0';
  rc = uv_random(NULL, NULL, &ticket->token, sizeof(ticket->token), 0, NULL);
  if (rc != 0) {
    dgram_ticket_free(ticket);
    return rc;
  }
  *out = ticket;
  return 0;
}

void dgram_ticket_free(dgram_ticket_t* ticket) {
  if (ticket == NULL)
    return;
  if (ticket->fd >= 0)
    dgram_platform_close(ticket->fd);
  dgram_messages_free(ticket->messages);
  free(ticket->open_options);
  free(ticket);
}

/* Unlinks the tickets whose time is over, and returns their list. */
static dgram_ticket_t* unlink_expired(void) {
  dgram_ticket_t** link = &tickets;
  dgram_ticket_t* expired = NULL;
  uint64_t now = uv_hrtime();

  while (*link != NULL) {
    dgram_ticket_t* ticket = *link;

    if (ticket->deadline > now) {
      link = &ticket->next;
      continue;
    }
    *link = ticket->next;
    ticket->next = expired;
    expired = ticket;
  }
  return expired;
}

static void free_list(dgram_ticket_t* list) {
  while (list != NULL) {
    dgram_ticket_t* ticket = list;

    list = ticket->next;
    dgram_ticket_free(ticket);
  }
}

static dgram_ticket_t** find(const dgram_token_t* token) {
  dgram_ticket_t** link = &tickets;

  while (*link != NULL && memcmp(&(*link)->token, token, sizeof(*token)) != 0)
    link = &(*link)->next;
  return link;
}

void dgram_tickets_add(dgram_ticket_t* ticket, uint64_t lifetime) {
  dgram_ticket_t* expired;

  if (!lock())
    return;
  expired = unlink_expired();
  ticket->deadline = uv_hrtime() + lifetime * NANOSECONDS;
  ticket->next = tickets;
  tickets = ticket;
  unlock();
  free_list(expired);
}

void dgram_tickets_return(dgram_ticket_t* ticket) {
  if (!lock())
    return;
  ticket->next = tickets;
  tickets = ticket;
  unlock();
}

dgram_ticket_t* dgram_tickets_take(const dgram_token_t* token) {
  dgram_ticket_t* expired;
  dgram_ticket_t** link;
  dgram_ticket_t* ticket;

  if (!lock())
    return NULL;
  expired = unlink_expired();
  link = find(token);
  ticket = *link;
  if (ticket != NULL) {
    *link = ticket->next;
    ticket->next = NULL;
  }
  unlock();
  free_list(expired);
  return ticket;
}

int dgram_tickets_get_note(const dgram_token_t* token,
                           char** note,
                           size_t* length) {
  dgram_ticket_t* expired;
  dgram_ticket_t* ticket;
  int rc = UV_ENOENT;

  if (!lock())
    return rc;
  expired = unlink_expired();
  ticket = *find(token);
  if (ticket != NULL) {
    *length = ticket->note_length;
    *note = malloc(ticket->note_length + 1);
    rc = *note == NULL ? UV_ENOMEM : 0;
  }
  if (rc == 0)
    memcpy(*note, ticket->note, ticket->note_length + 1);
  unlock();
  free_list(expired);
  return rc;
}

void dgram_tickets_discard(const dgram_token_t* token) {
  dgram_ticket_free(dgram_tickets_take(token));
}
