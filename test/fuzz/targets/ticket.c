/* Tickets of another process: any bytes are rejected or become a ticket whose
 * messages can be delivered; and what is encoded is decoded again. */
#include "core/ticket_codec.h"

#include "../input.h"
#include "core.h"

#define MESSAGES 8
#define KNOWN_INFO 31u /* DGRAM_INFO_* of UDP */

void fuzz_on_closed(dgram_socket_t* socket) {
  (void) socket;
}

static bool is_address(const dgram_address_t* address) {
  return address->any.sa_family == AF_INET ||
         address->any.sa_family == AF_INET6;
}

/* What held.c and messages.c rely on. */
static void check_message(const dgram_message_t* message) {
  FUZZ_CHECK(message->length <= DGRAM_RECV_SLOT_SIZE);
  FUZZ_CHECK(message->position == 0 && !message->counted);
  FUZZ_CHECK(message->segment <= message->length);
  FUZZ_CHECK((message->segment == 0) == (message->length == 0));
  FUZZ_CHECK(message->status <= DGRAM_EMITTED);
  FUZZ_CHECK(message->status >= 0 ? is_address(&message->source)
                                  : message->length == 0);
  FUZZ_CHECK((message->info.present & ~KNOWN_INFO) == 0);
  if (message->info.present & DGRAM_INFO_LOCAL_ADDRESS)
    FUZZ_CHECK(is_address(&message->info.local_address));
}

static void check_ticket(const dgram_ticket_t* ticket) {
  const dgram_message_t* message;

  FUZZ_CHECK(ticket->fd == -1 && ticket->next == NULL);
  FUZZ_CHECK((ticket->receive_info & ~KNOWN_INFO) == 0);
  if (ticket->open_options != NULL)
    FUZZ_CHECK(memchr(ticket->open_options->device, '\0', DGRAM_DEVICE_SIZE) !=
               NULL);
  for (message = ticket->messages; message != NULL; message = message->next)
    check_message(message);
}

/* Returns NULL if the bytes are rejected. */
static dgram_ticket_t* decode(const uint8_t* bytes, size_t size) {
  /* Of an empty array Node-API returns NULL. */
  uint8_t* exact = size == 0 ? NULL : fuzz_alloc(size);
  dgram_ticket_t* ticket = NULL;
  int rc;

  if (size > 0)
    memcpy(exact, bytes, size);
  rc = dgram_ticket_decode(exact, size, &ticket);
  free(exact);
  FUZZ_CHECK(rc == 0 || (rc == UV_EINVAL && ticket == NULL));
  if (rc == 0)
    check_ticket(ticket);
  return ticket;
}

/* Encodes, decodes and encodes a ticket: the bytes are the same, and those that
 * are cut off are rejected. */
static void check_round_trip(fuzz_input_t* input,
                             const dgram_ticket_t* ticket) {
  dgram_ticket_t* copy;
  uint8_t* first;
  uint8_t* second;
  size_t length;
  size_t other;

  FUZZ_CHECK(dgram_ticket_encode(ticket, &first, &length) == 0);
  copy = decode(first, length);
  FUZZ_CHECK(copy != NULL);
  FUZZ_CHECK(dgram_ticket_encode(copy, &second, &other) == 0);
  FUZZ_CHECK(length == other && memcmp(first, second, length) == 0);
  dgram_ticket_free(copy);
  other = fuzz_below(input, length > 65536 ? 65536 : (uint32_t) length);
  FUZZ_CHECK(decode(first, other) == NULL);
  free(first);
  free(second);
}

/* -- a ticket as dgram_socket_leave() makes it -- */

static void draw_address(fuzz_input_t* input, dgram_address_t* out) {
  memset(out, 0, sizeof(*out));
  if (fuzz_one_in(input, 2)) {
    out->in6.sin6_family = AF_INET6;
    out->in6.sin6_port = fuzz_u16(input);
    out->in6.sin6_scope_id = fuzz_u32(input);
    fuzz_bytes(input, &out->in6.sin6_addr, 16);
  } else {
    out->in4.sin_family = AF_INET;
    out->in4.sin_port = fuzz_u16(input);
    fuzz_bytes(input, &out->in4.sin_addr, 4);
  }
}

/* Some of it may be in an inbox already. */
static dgram_message_t* draw_message(fuzz_input_t* input) {
  bool failed = fuzz_one_in(input, 8);
  uint32_t length = failed ? 0 : fuzz_below(input, 300);
  dgram_message_t* message = dgram_message_new(length);

  if (message == NULL)
    abort();
  fuzz_bytes(input, message->bytes, length);
  if (length > 0) {
    message->segment = 1 + fuzz_below(input, length);
    message->position =
        fuzz_below(input, length) / message->segment * message->segment;
  }
  message->run_counted = fuzz_one_in(input, 2);
  message->info.present = fuzz_u8(input) & KNOWN_INFO;
  message->info.ttl = fuzz_u8(input);
  message->info.timestamp = (int64_t) fuzz_u32(input) << 31;
  draw_address(input, &message->info.local_address);
  if (failed)
    message->status = -1 - (int) fuzz_below(input, 4095);
  else
    draw_address(input, &message->source);
  return message;
}

static dgram_ticket_t* draw_ticket(fuzz_input_t* input) {
  dgram_ticket_t* ticket;
  uint32_t count = fuzz_below(input, MESSAGES);

  if (dgram_ticket_new("", 0, &ticket) != 0)
    abort();
  ticket->transport = dgram_transport_choose("linux");
  ticket->shared = fuzz_one_in(input, 2);
  ticket->reuses_address = fuzz_one_in(input, 2);
  ticket->receive_info = fuzz_u8(input) & KNOWN_INFO;
  ticket->drops_seen = fuzz_u32(input);
  if (fuzz_one_in(input, 4)) {
    ticket->open_options = calloc(1, sizeof(*ticket->open_options));
    if (ticket->open_options == NULL)
      abort();
    strcpy(ticket->open_options->device, "lo");
    ticket->open_options->mark = fuzz_u32(input);
    ticket->open_options->txtime = DGRAM_UNSET;
    ticket->open_options->steering.length = fuzz_u8(input);
  }
  while (count-- > 0)
    *dgram_messages_end(&ticket->messages) = draw_message(input);
  return ticket;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz_input_t input = {data, size};
  dgram_ticket_t* ticket = decode(data, size);

  if (ticket == NULL)
    ticket = draw_ticket(&input);
  check_round_trip(&input, ticket);
  dgram_ticket_free(ticket);
  return 0;
}
