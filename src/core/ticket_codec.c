#include "core/ticket_codec.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "core/batch.h"
#include "transport/transport.h"

static const uint8_t magic[] = {'d', 'g', 't'};

/* What a UDP socket can ask for. */
#define UDP_INFO                                                               \
  (DGRAM_INFO_LOCAL_ADDRESS | DGRAM_INFO_INTERFACE | DGRAM_INFO_TOS |          \
   DGRAM_INFO_TTL | DGRAM_INFO_TIMESTAMP)

/* No UV_ code is below: those that libuv makes up begin at -4095. */
#define STATUS_MIN (-4095)

/* -- writing --------------------------------------------------------------- */

typedef struct {
  uint8_t* bytes; /* NULL: only the length is counted */
  size_t length;
} writer_t;

static void put_bytes(writer_t* writer, const void* bytes, size_t length) {
  if (writer->bytes != NULL && length > 0)
    memcpy(writer->bytes + writer->length, bytes, length);
  writer->length += length;
}

static void put_uint(writer_t* writer, uint64_t value, size_t size) {
  uint8_t bytes[8];
  size_t i;

  for (i = 0; i < size; i++)
    bytes[i] = (uint8_t) (value >> 8 * i);
  put_bytes(writer, bytes, size);
}

static void put_text(writer_t* writer, const char* text) {
  size_t length = strlen(text);

  put_uint(writer, length, 1);
  put_bytes(writer, text, length);
}

static void put_address(writer_t* writer, const dgram_address_t* address) {
  if (address->any.sa_family == AF_INET) {
    put_uint(writer, 4, 1);
    put_uint(writer, ntohs(address->in4.sin_port), 2);
    put_bytes(writer, &address->in4.sin_addr, 4);
  } else if (address->any.sa_family == AF_INET6) {
    put_uint(writer, 6, 1);
    put_uint(writer, ntohs(address->in6.sin6_port), 2);
    put_bytes(writer, &address->in6.sin6_addr, 16);
    put_uint(writer, address->in6.sin6_scope_id, 4);
  } else {
    put_uint(writer, 0, 1);
  }
}

static void put_info(writer_t* writer, const dgram_receive_info_t* info) {
  uint32_t present = info->present & UDP_INFO;

  put_uint(writer, present, 4);
  if (present == 0)
    return;
  put_address(writer, &info->local_address);
  put_uint(writer, info->interface_index, 4);
  put_uint(writer, info->tos, 1);
  put_uint(writer, info->ttl, 1);
  put_uint(writer, (uint64_t) info->timestamp, 8);
}

/* The part of it that no inbox has had. */
static void put_message(writer_t* writer, const dgram_message_t* message) {
  uint32_t length = message->length - message->position;
  uint32_t segment = message->segment;

  if (segment == 0 || segment > length)
    segment = length;
  put_uint(writer, (uint32_t) message->status, 4);
  put_uint(writer, length, 4);
  put_uint(writer, segment, 4);
  put_uint(writer, message->run_counted, 1);
  if (message->status >= 0)
    put_address(writer, &message->source);
  put_info(writer, &message->info);
  put_bytes(writer, message->bytes + message->position, length);
}

static void put_options(writer_t* writer, const dgram_open_options_t* options) {
  put_text(writer, options->device);
  put_uint(writer, (uint64_t) options->multicast_all, 8);
  put_uint(writer, (uint64_t) options->freebind, 8);
  put_uint(writer, (uint64_t) options->transparent, 8);
  put_uint(writer, (uint64_t) options->priority, 8);
  put_uint(writer, (uint64_t) options->mark, 8);
  put_uint(writer, (uint64_t) options->icmp_errors, 8);
  put_uint(writer, (uint64_t) options->txtime, 8);
  put_uint(writer, options->steering.workers, 4);
  put_uint(writer, options->steering.length, 4);
  put_uint(writer, options->steering.offset, 4);
}

static uint32_t flags_of(const dgram_ticket_t* ticket) {
  return (ticket->shared ? DGRAM_CODEC_SHARED : 0) |
         (ticket->revealed ? DGRAM_CODEC_REVEALED : 0) |
         (ticket->icmp_errors ? DGRAM_CODEC_ICMP_ERRORS : 0) |
         (ticket->reuses_address ? DGRAM_CODEC_REUSES_ADDRESS : 0) |
         (ticket->open_options != NULL ? DGRAM_CODEC_OPTIONS : 0);
}

static void put_ticket(writer_t* writer, const dgram_ticket_t* ticket) {
  const dgram_message_t* message;
  uint32_t count = 0;

  put_bytes(writer, magic, sizeof(magic));
  put_uint(writer, flags_of(ticket), 1);
  put_text(writer, ticket->transport == NULL ? "" : ticket->transport->name);
  put_uint(writer, ticket->receive_info, 4);
  put_uint(writer, ticket->drops_seen, 4);
  if (ticket->open_options != NULL)
    put_options(writer, ticket->open_options);
  for (message = ticket->messages; message != NULL; message = message->next)
    count++;
  put_uint(writer, count, 4);
  for (message = ticket->messages; message != NULL; message = message->next)
    put_message(writer, message);
}

int dgram_ticket_encode(const dgram_ticket_t* ticket,
                        uint8_t** bytes,
                        size_t* length) {
  writer_t writer = {NULL, 0};

  put_ticket(&writer, ticket);
  *length = writer.length;
  *bytes = malloc(writer.length);
  if (*bytes == NULL)
    return UV_ENOMEM;
  writer.bytes = *bytes;
  writer.length = 0;
  put_ticket(&writer, ticket);
  return 0;
}

/* -- reading --------------------------------------------------------------- */

typedef struct {
  const uint8_t* bytes;
  size_t left;
  int rc; /* the first error; from then on all values are 0 */
} reader_t;

static void fail(reader_t* reader, int rc) {
  if (reader->rc == 0)
    reader->rc = rc;
  reader->left = 0;
}

/* Fails unless `condition` holds. */
static void check(reader_t* reader, bool condition) {
  if (!condition)
    fail(reader, UV_EINVAL);
}

static void get_bytes(reader_t* reader, void* out, size_t length) {
  if (length > reader->left) {
    fail(reader, UV_EINVAL);
    memset(out, 0, length);
    return;
  }
  if (length == 0)
    return; /* `bytes` may be NULL */
  memcpy(out, reader->bytes, length);
  reader->bytes += length;
  reader->left -= length;
}

static uint64_t get_uint(reader_t* reader, size_t size) {
  uint8_t bytes[8];
  uint64_t value = 0;
  size_t i;

  get_bytes(reader, bytes, size);
  for (i = 0; i < size; i++)
    value |= (uint64_t) bytes[i] << 8 * i;
  return value;
}

static uint8_t get_u8(reader_t* reader) {
  return (uint8_t) get_uint(reader, 1);
}

static uint32_t get_u32(reader_t* reader) {
  return (uint32_t) get_uint(reader, 4);
}

static int64_t get_i64(reader_t* reader) {
  return (int64_t) get_uint(reader, 8);
}

static bool get_bool(reader_t* reader) {
  uint8_t value = get_u8(reader);

  check(reader, value <= 1);
  return value == 1;
}

/* Reads a text without a NUL, and with one into `out`. */
static void get_text(reader_t* reader, char* out, size_t size) {
  size_t length = get_u8(reader);

  check(reader, length < size);
  if (reader->rc != 0)
    length = 0;
  get_bytes(reader, out, length);
  out[length] = '\0';
  check(reader, strlen(out) == length);
}

static void get_address(reader_t* reader, dgram_address_t* out) {
  uint8_t family = get_u8(reader);

  memset(out, 0, sizeof(*out));
  if (family == 4) {
    out->in4.sin_family = AF_INET;
    out->in4.sin_port = htons((uint16_t) get_uint(reader, 2));
    get_bytes(reader, &out->in4.sin_addr, 4);
  } else if (family == 6) {
    out->in6.sin6_family = AF_INET6;
    out->in6.sin6_port = htons((uint16_t) get_uint(reader, 2));
    get_bytes(reader, &out->in6.sin6_addr, 16);
    out->in6.sin6_scope_id = get_u32(reader);
  } else {
    check(reader, family == 0);
  }
}

static void get_info(reader_t* reader, dgram_receive_info_t* out) {
  out->present = get_u32(reader);
  check(reader, (out->present & ~UDP_INFO) == 0);
  if (out->present == 0)
    return;
  get_address(reader, &out->local_address);
  check(reader,
        (out->present & DGRAM_INFO_LOCAL_ADDRESS) == 0 ||
            out->local_address.any.sa_family != AF_UNSPEC);
  out->interface_index = get_u32(reader);
  out->tos = get_u8(reader);
  out->ttl = get_u8(reader);
  out->timestamp = get_i64(reader);
}

/* A segment is a part of the message, which fits into one slot. */
static void check_size(reader_t* reader, const dgram_message_t* message) {
  check(reader,
        message->status >= STATUS_MIN && message->status <= DGRAM_EMITTED);
  if (message->status < 0)
    check(reader, message->length == 0);
  check(reader,
        message->segment <= message->length &&
            (message->segment > 0) == (message->length > 0));
}

/* Returns NULL after an error. */
static dgram_message_t* get_message(reader_t* reader) {
  int32_t status = (int32_t) get_u32(reader);
  uint32_t length = get_u32(reader);
  dgram_message_t* message;

  check(reader, length <= DGRAM_RECV_SLOT_SIZE && length <= reader->left);
  if (reader->rc != 0)
    return NULL;
  message = dgram_message_new(length);
  if (message == NULL) {
    fail(reader, UV_ENOMEM);
    return NULL;
  }
  message->status = status;
  message->segment = get_u32(reader);
  message->run_counted = get_bool(reader);
  check_size(reader, message);
  if (status >= 0) {
    get_address(reader, &message->source);
    check(reader, message->source.any.sa_family != AF_UNSPEC);
  }
  get_info(reader, &message->info);
  get_bytes(reader, message->bytes, length);
  return message;
}

/* The messages that were read belong to the ticket, also after an error. */
static void get_messages(reader_t* reader, dgram_message_t** end) {
  uint32_t count = get_u32(reader);

  while (count-- > 0 && reader->rc == 0) {
    *end = get_message(reader);
    if (*end != NULL)
      end = &(*end)->next;
  }
}

static void get_options(reader_t* reader, dgram_ticket_t* ticket) {
  dgram_open_options_t* options = calloc(1, sizeof(*options));

  if (options == NULL) {
    fail(reader, UV_ENOMEM);
    return;
  }
  ticket->open_options = options;
  get_text(reader, options->device, sizeof(options->device));
  options->multicast_all = get_i64(reader);
  options->freebind = get_i64(reader);
  options->transparent = get_i64(reader);
  options->priority = get_i64(reader);
  options->mark = get_i64(reader);
  options->icmp_errors = get_i64(reader);
  options->txtime = get_i64(reader);
  options->steering.workers = get_u32(reader);
  options->steering.length = get_u32(reader);
  options->steering.offset = get_u32(reader);
}

static const dgram_transport_t* get_transport(reader_t* reader) {
  char name[16];
  const dgram_transport_t* transport;

  get_text(reader, name, sizeof(name));
  transport = dgram_transport_choose(name);
  return strcmp(name, transport->name) == 0 ? transport : NULL;
}

static void get_ticket(reader_t* reader, dgram_ticket_t* ticket) {
  uint8_t start[sizeof(magic)];
  uint32_t flags;

  get_bytes(reader, start, sizeof(start));
  check(reader, memcmp(start, magic, sizeof(magic)) == 0);
  flags = get_u8(reader);
  check(reader, (flags & ~DGRAM_CODEC_FLAGS) == 0);
  ticket->shared = (flags & DGRAM_CODEC_SHARED) != 0;
  ticket->revealed = (flags & DGRAM_CODEC_REVEALED) != 0;
  ticket->icmp_errors = (flags & DGRAM_CODEC_ICMP_ERRORS) != 0;
  ticket->reuses_address = (flags & DGRAM_CODEC_REUSES_ADDRESS) != 0;
  ticket->transport = get_transport(reader);
  ticket->receive_info = get_u32(reader);
  check(reader, (ticket->receive_info & ~UDP_INFO) == 0);
  ticket->drops_seen = get_u32(reader);
  if (flags & DGRAM_CODEC_OPTIONS)
    get_options(reader, ticket);
  get_messages(reader, &ticket->messages);
  check(reader, reader->left == 0);
}

int dgram_ticket_decode(const uint8_t* bytes,
                        size_t length,
                        dgram_ticket_t** out) {
  reader_t reader = {bytes, length, 0};
  dgram_ticket_t* ticket;
  int rc = dgram_ticket_new("", 0, &ticket);

  if (rc != 0)
    return rc;
  get_ticket(&reader, ticket);
  if (reader.rc != 0) {
    dgram_ticket_free(ticket);
    return reader.rc;
  }
  *out = ticket;
  return 0;
}
