/* Moving a descriptor from one socket to another: methods leave(), finish() and
 * take() of a handle, and the functions ticketNote(), discardTicket(),
 * exportTicket() and importTicket(). A token is a string of 32 hexadecimal
 * digits. */
#include "addon/addon.h"

#include <stdlib.h>
#include <string.h>

#include "addon/arguments.h"
#include "addon/napi_util.h"
#include "core/move.h"
#include "core/ticket_codec.h"
#include "platform/platform.h"

#define DIGITS (2 * DGRAM_TOKEN_SIZE)

static const char digits[] = "0123456789abcdef";

static napi_value create_token(napi_env env, const dgram_token_t* token) {
  char text[DIGITS];
  char* out = text;
  napi_value value;
  size_t i;

  for (i = 0; i < DGRAM_TOKEN_SIZE; i++) {
    *out++ = digits[token->bytes[i] >> 4];
    *out++ = digits[token->bytes[i] & 15];
  }
  DGRAM_TRY(env, napi_create_string_latin1(env, text, DIGITS, &value));
  return value;
}

/* Returns 0 or UV_ENOENT: no ticket has another token. */
static int read_token(napi_env env, napi_value value, dgram_token_t* out) {
  char text[DIGITS + 8];
  const char* digit;
  size_t i;

  if (dgram_napi_text(env, value, text, sizeof(text)) != 0 ||
      strlen(text) != DIGITS)
    return UV_ENOENT;
  memset(out, 0, sizeof(*out));
  for (i = 0; i < DIGITS; i++) {
    digit = memchr(digits, text[i], sizeof(digits) - 1);
    if (digit == NULL)
      return UV_ENOENT;
    out->bytes[i / 2] =
        (uint8_t) (out->bytes[i / 2] << 4 | (uint8_t) (digit - digits));
  }
  return 0;
}

/* Reads a string into memory that the caller frees. Returns 0, UV_EINVAL if the
 * value is not a string, or UV_ENOMEM. */
static int read_note(napi_env env,
                     napi_value value,
                     char** note,
                     size_t* length) {
  if (napi_get_value_string_utf8(env, value, NULL, 0, length) != napi_ok)
    return UV_EINVAL;
  *note = malloc(*length + 1);
  if (*note == NULL)
    return UV_ENOMEM;
  return napi_get_value_string_utf8(env, value, *note, *length + 1, length) ==
                 napi_ok
             ? 0
             : UV_EINVAL;
}

/* leave(note, lifetime): returns the token, or a UV_ code. `lifetime`:
 * milliseconds. */
static napi_value js_leave(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  napi_value self;
  dgram_socket_t* socket;
  dgram_token_t token;
  uint32_t lifetime;
  size_t length = 0;
  char* note = NULL;
  int rc;

  DGRAM_TRY(env,
            dgram_napi_arguments(env, info, DGRAM_COUNT_OF(argv), argv, &self));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[1], &lifetime));
  rc = read_note(env, argv[0], &note, &length);
  socket = dgram_addon_socket_of(env, self);
  if (socket == NULL || socket->closing)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_leave(socket, note, length, lifetime, &token);
  free(note);
  return rc != 0 ? dgram_napi_code(env, rc) : create_token(env, &token);
}

static napi_value js_finish(napi_env env, napi_callback_info info) {
  return dgram_addon_with_socket(env, info, dgram_socket_finish);
}

/* take(token): returns 0 or a UV_ code. */
static napi_value js_take(napi_env env, napi_callback_info info) {
  napi_value value;
  napi_value self;
  dgram_socket_t* socket;
  dgram_token_t token;
  int rc;

  DGRAM_TRY(env, dgram_napi_arguments(env, info, 1, &value, &self));
  rc = read_token(env, value, &token);
  socket = dgram_addon_socket_of(env, self);
  if (socket == NULL || socket->closing)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_take(socket, &token);
  return dgram_napi_code(env, rc);
}

static const napi_property_descriptor methods[] = {
    DGRAM_NAPI_METHOD("leave", js_leave),
    DGRAM_NAPI_METHOD("finish", js_finish),
    DGRAM_NAPI_METHOD("take", js_take),
};

napi_status dgram_addon_define_move(napi_env env, napi_value prototype) {
  return napi_define_properties(
      env, prototype, DGRAM_COUNT_OF(methods), methods);
}

/* ticketNote(token): returns the note of leave(), or a UV_ code. */
static napi_value js_ticket_note(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t argc = 1;
  dgram_token_t token;
  napi_status status;
  size_t length = 0;
  char* note = NULL;
  int rc;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  rc = read_token(env, value, &token);
  if (rc == 0)
    rc = dgram_tickets_get_note(&token, &note, &length);
  if (rc != 0)
    return dgram_napi_code(env, rc);
  status = napi_create_string_utf8(env, note, length, &value);
  free(note);
  DGRAM_TRY(env, status);
  return value;
}

/* discardTicket(token) */
static napi_value js_discard_ticket(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t argc = 1;
  dgram_token_t token;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  if (read_token(env, value, &token) == 0)
    dgram_tickets_discard(&token);
  return NULL;
}

/* Sets `fd` and `data`, a Buffer, of `target`. */
static napi_status set_exported(napi_env env,
                                napi_value target,
                                const dgram_ticket_t* ticket,
                                const uint8_t* bytes,
                                size_t length) {
  napi_value data;
  napi_status status = napi_create_buffer_copy(env, length, bytes, NULL, &data);

  if (status == napi_ok)
    status = dgram_napi_set(env, target, "data", data);
  if (status == napi_ok)
    status = dgram_napi_set_number(env, target, "fd", ticket->fd);
  return status;
}

/* exportTicket(token, out): takes the ticket. `out` has its descriptor, which
 * belongs to the caller, and what it contains besides the note. Returns 0 or a
 * UV_ code; the ticket is still valid then, and also after an exception. */
static napi_value js_export_ticket(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  napi_value self;
  dgram_token_t token;
  dgram_ticket_t* ticket = NULL;
  uint8_t* bytes = NULL;
  size_t length;
  napi_status status;
  int rc;

  DGRAM_TRY(env,
            dgram_napi_arguments(env, info, DGRAM_COUNT_OF(argv), argv, &self));
  rc = read_token(env, argv[0], &token);
  if (rc == 0)
    ticket = dgram_tickets_take(&token);
  if (ticket == NULL)
    return dgram_napi_code(env, UV_ENOENT);
  rc = dgram_ticket_encode(ticket, &bytes, &length);
  if (rc != 0) {
    dgram_tickets_return(ticket);
    return dgram_napi_code(env, rc);
  }
  status = set_exported(env, argv[1], ticket, bytes, length);
  free(bytes);
  if (status != napi_ok) {
    dgram_tickets_return(ticket);
  } else {
    ticket->fd = -1;
    dgram_ticket_free(ticket);
  }
  DGRAM_TRY(env, status);
  return dgram_napi_code(env, 0);
}

/* Reads a Uint8Array, whose bytes are valid until JavaScript runs. */
static int read_data(napi_env env,
                     napi_value value,
                     const uint8_t** bytes,
                     size_t* length) {
  napi_typedarray_type type;
  void* data = NULL;
  bool is_array = false;

  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, value, &type, length, &data, NULL, NULL) !=
          napi_ok ||
      type != napi_uint8_array)
    return UV_EINVAL;
  *bytes = data;
  return 0;
}

/* importTicket(fd, data, receiveInfo, lifetime): adds a ticket with a duplicate
 * of `fd` and the data of exportTicket(), also of another process. Its note is
 * empty. `receiveInfo`: DGRAM_INFO_*, which must be those in the data.
 * `lifetime`: milliseconds. Returns its token or a UV_ code; UV_EINVAL: other
 * data, or not a UDP socket. */
static napi_value js_import_ticket(napi_env env, napi_callback_info info) {
  napi_value argv[4];
  napi_value self;
  dgram_token_t token;
  dgram_ticket_t* ticket;
  const uint8_t* bytes;
  size_t length;
  uint32_t receive_info;
  uint32_t lifetime;
  int32_t fd;
  int rc;

  DGRAM_TRY(env,
            dgram_napi_arguments(env, info, DGRAM_COUNT_OF(argv), argv, &self));
  DGRAM_TRY(env, dgram_napi_int32(env, argv[0], &fd));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[2], &receive_info));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[3], &lifetime));
  rc = read_data(env, argv[1], &bytes, &length);
  if (rc == 0 && (fd < 0 || uv_guess_handle(fd) != UV_UDP))
    rc = UV_EINVAL;
  if (rc == 0)
    rc = dgram_ticket_decode(bytes, length, &ticket);
  if (rc != 0)
    return dgram_napi_code(env, rc);
  token = ticket->token;
  ticket->fd =
      ticket->receive_info == receive_info ? dgram_platform_dup(fd) : UV_EINVAL;
  if (ticket->fd < 0) {
    rc = ticket->fd;
    dgram_ticket_free(ticket);
    return dgram_napi_code(env, rc);
  }
  dgram_tickets_add(ticket, lifetime);
  return create_token(env, &token);
}

/* `hasTickets`: false on systems where leave() fails with UV_ENOTSUP. */
static napi_value js_has_tickets(napi_env env, napi_callback_info info) {
  napi_value value;

  (void) info;
  DGRAM_TRY(env, napi_get_boolean(env, dgram_platform_has_dup(), &value));
  return value;
}

static const napi_property_descriptor functions[] = {
    {"hasTickets",
     NULL,
     NULL,
     js_has_tickets,
     NULL,
     NULL,
     napi_enumerable,
     NULL},
    DGRAM_NAPI_FUNCTION("ticketNote", js_ticket_note),
    DGRAM_NAPI_FUNCTION("discardTicket", js_discard_ticket),
    DGRAM_NAPI_FUNCTION("exportTicket", js_export_ticket),
    DGRAM_NAPI_FUNCTION("importTicket", js_import_ticket),
};

napi_status dgram_addon_export_move(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
