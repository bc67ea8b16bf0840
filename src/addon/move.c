/* Moving a descriptor from one socket to another: methods leave(), finish() and
 * take() of a handle, and the functions ticketNote() and discardTicket(). A
 * token is a string of 32 hexadecimal digits. */
#include "addon/addon.h"

#include <stdlib.h>
#include <string.h>

#include "addon/arguments.h"
#include "addon/napi_util.h"
#include "core/move.h"
#include "platform/platform.h"

#define DIGITS (2 * DGRAM_TOKEN_SIZE)

static const char digits[] = "0123456789abcdef";

static void format_token(const dgram_token_t* token, char* out) {
  size_t i;

  for (i = 0; i < DGRAM_TOKEN_SIZE; i++) {
    *out++ = digits[token->bytes[i] >> 4];
    *out++ = digits[token->bytes[i] & 15];
  }
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
  char text[DIGITS];
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
  if (rc != 0)
    return dgram_napi_code(env, rc);
  format_token(&token, text);
  DGRAM_TRY(env, napi_create_string_latin1(env, text, DIGITS, &argv[0]));
  return argv[0];
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
};

napi_status dgram_addon_export_move(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
