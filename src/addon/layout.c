/* `layout`: constants of core/batch.h, and the offsets of its fields in 32-bit
 * words (*_BYTES, TEXT_TEXT and INBOX_*: in bytes). lib/batch/ takes the layout
 * of the shared memory from here. */
#include "addon/addon.h"

#include <stddef.h>

#include "addon/napi_util.h"
#include "core/batch.h"

#define WORD_COUNT(type) ((double) (sizeof(type) / sizeof(uint32_t)))
#define WORD(type, field) ((double) (offsetof(type, field) / sizeof(uint32_t)))

static const dgram_napi_number_t layout[] = {
    {"SEND_WORDS", sizeof(dgram_send_t) / sizeof(uint32_t)},
    {"SEND_SOCKET", WORD(dgram_send_t, socket)},
    {"SEND_DESTINATION", WORD(dgram_send_t, destination)},
    {"SEND_SETTINGS", WORD(dgram_send_t, settings)},
    {"SEND_OFFSET", WORD(dgram_send_t, offset)},
    {"SEND_LENGTH", WORD(dgram_send_t, length)},
    {"SEND_TICKET", WORD(dgram_send_t, ticket)},
    {"SEND_STATUS", WORD(dgram_send_t, status)},
    {"QUEUED", DGRAM_QUEUED},
    {"EMITTED", DGRAM_EMITTED},
    {"BATCH_SENDS", DGRAM_BATCH_SENDS},
    {"BATCH_ARENA", DGRAM_BATCH_ARENA},
    {"BATCH_PENDING",
     DGRAM_BATCH_SENDS* WORD_COUNT(dgram_send_t) +
         WORD(dgram_batch_state_t, pending)},
    {"BATCH_CALLBACKS_DUE",
     DGRAM_BATCH_SENDS* WORD_COUNT(dgram_send_t) +
         WORD(dgram_batch_state_t, callbacks_due)},
    {"BATCH_DEFERRED",
     DGRAM_BATCH_SENDS* WORD_COUNT(dgram_send_t) +
         WORD(dgram_batch_state_t, deferred)},
    {"BATCH_SENT", DGRAM_BATCH_SENT},
    {"DATAGRAM_MAX", DGRAM_DATAGRAM_MAX},
    {"RECV_WORDS", sizeof(dgram_recv_t) / sizeof(uint32_t)},
    {"RECV_OFFSET", WORD(dgram_recv_t, offset)},
    {"RECV_LENGTH", WORD(dgram_recv_t, length)},
    {"RECV_SEGMENT", WORD(dgram_recv_t, segment)},
    {"RECV_SOURCE", WORD(dgram_recv_t, source)},
    {"RECV_NEW_TEXT", WORD(dgram_recv_t, new_text)},
    {"RECV_STATUS", WORD(dgram_recv_t, status)},
    {"INFO_WORDS", sizeof(dgram_recv_info_t) / sizeof(uint32_t)},
    {"INFO_PRESENT", WORD(dgram_recv_info_t, present)},
    {"INFO_LOCAL_ADDRESS", WORD(dgram_recv_info_t, local_address)},
    {"INFO_NEW_TEXT", WORD(dgram_recv_info_t, new_text)},
    {"INFO_INTERFACE_INDEX", WORD(dgram_recv_info_t, interface_index)},
    {"INFO_TOS", WORD(dgram_recv_info_t, tos)},
    {"INFO_TTL", WORD(dgram_recv_info_t, ttl)},
    {"INFO_TIMESTAMP", WORD(dgram_recv_info_t, timestamp)},
    {"HAS_LOCAL_ADDRESS", DGRAM_INFO_LOCAL_ADDRESS},
    {"HAS_INTERFACE", DGRAM_INFO_INTERFACE},
    {"HAS_TOS", DGRAM_INFO_TOS},
    {"HAS_TTL", DGRAM_INFO_TTL},
    {"HAS_TIMESTAMP", DGRAM_INFO_TIMESTAMP},
    {"HAS_CREDENTIALS", DGRAM_INFO_CREDENTIALS},
    {"FAMILY_UNIX", DGRAM_FAMILY_UNIX},
    {"TEXT_BYTES", sizeof(dgram_source_text_t)},
    {"TEXT_FAMILY", WORD(dgram_source_text_t, family)},
    {"TEXT_PORT", WORD(dgram_source_text_t, port)},
    {"TEXT_LENGTH", WORD(dgram_source_text_t, length)},
    {"TEXT_ERROR", WORD(dgram_source_text_t, error)},
    {"TEXT_TEXT", offsetof(dgram_source_text_t, text)},
    {"CURSOR_WORDS", sizeof(dgram_cursor_t) / sizeof(uint32_t)},
    {"CURSOR_GRO_BUFFER", WORD(dgram_cursor_t, gro_buffer)},
    {"CURSOR_POSITION", WORD(dgram_cursor_t, position)},
    {"CURSOR_COUNT", WORD(dgram_cursor_t, count)},
    {"CURSOR_BUDGET", WORD(dgram_cursor_t, budget)},
    {"CURSOR_BLOCK", WORD(dgram_cursor_t, block)},
    {"CURSOR_STEPS", WORD(dgram_cursor_t, steps)},
    {"INBOX_GRO_BUFFERS", offsetof(dgram_inbox_head_t, gro_buffers)},
    {"INBOX_TEXTS", offsetof(dgram_inbox_head_t, texts)},
    {"INBOX_INFOS", offsetof(dgram_inbox_head_t, infos)},
    {"INBOX_LOCAL_TEXTS", offsetof(dgram_inbox_head_t, local_texts)},
    {"INBOX_RECV_BUFFER", DGRAM_INBOX_RECV_BUFFER},
    {"INBOXES", DGRAM_INBOXES},
    {"RECV_GRO_BUFFERS", DGRAM_RECV_GRO_BUFFERS},
    {"RECV_SLOTS", DGRAM_RECV_SLOTS},
    {"RECV_BUFFER_SIZE", DGRAM_RECV_BUFFER_SIZE},
    {"DESTINATIONS_MAX", DGRAM_DESTINATIONS_MAX},
    {"SETTINGS_MAX", DGRAM_SEND_SETTINGS_MAX},
    {"SOURCES_MAX", DGRAM_SOURCES_MAX},
    {"SOCKETS_MAX", DGRAM_SOCKETS_MAX},
};

napi_status dgram_addon_export_layout(napi_env env, napi_value exports) {
  napi_value value;
  napi_status status =
      dgram_napi_create_numbers(env, layout, DGRAM_COUNT_OF(layout), &value);

  if (status != napi_ok)
    return status;
  return dgram_napi_set(env, exports, "layout", value);
}
