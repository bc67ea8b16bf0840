#include "core/columns.h"

#include "core/batch.h"
#include "core/sends.h"
#include "core/socket.h"

/* The longest payload that is passed to the kernel: enough for it to fail with
 * EMSGSIZE. Datagrams of a Unix socket may be longer than those of UDP. */
static uint32_t length_max(const dgram_env_t* env, uint32_t id) {
  const dgram_socket_t* socket = dgram_env_socket(env, id);

  return socket != NULL && socket->is_unix ? INT32_MAX : DGRAM_DATAGRAM_MAX + 1;
}

/* Writes a row into its descriptor. */
static void fill_row(dgram_send_t* send,
                     uint32_t offset,
                     uint32_t size,
                     uint32_t max) {
  send->offset = offset;
  send->length = size > max ? max : size;
}

/* How many of the `count` rows from `first` on are within their columns. */
static uint32_t count_rows(const dgram_columns_t* columns,
                           size_t first,
                           uint32_t count) {
  size_t rows = columns->offsets_count < columns->sizes_count
                    ? columns->offsets_count
                    : columns->sizes_count;

  if (first >= rows)
    return 0;
  return rows - first < count ? (uint32_t) (rows - first) : count;
}

uint32_t dgram_columns_send(dgram_env_t* env,
                            const dgram_send_batch_t* send_batch,
                            const dgram_columns_t* columns,
                            const dgram_columns_target_t* target,
                            size_t first,
                            uint32_t count) {
  /* With 4 GiB at most, no sum of offset and length exceeds 32 bits. */
  size_t data_size =
      columns->data_size < UINT32_MAX ? columns->data_size : UINT32_MAX;
  uint32_t rows = count_rows(columns, first, count);
  uint32_t max = length_max(env, target->socket);
  uint32_t queued;
  uint32_t i;

  for (i = 0; i < count; i++) {
    dgram_send_t* send = &send_batch->sends[i];

    send->socket = target->socket;
    if (target->destination >= 0)
      send->destination = (uint32_t) target->destination;
    if (target->settings >= 0)
      send->settings = (uint32_t) target->settings;
    if (i < rows)
      fill_row(
          send, columns->offsets[first + i], columns->sizes[first + i], max);
    else /* outside of any data: dgram_sends_flush() checks the ranges */
      fill_row(send, UINT32_MAX, DGRAM_DATAGRAM_MAX, max);
    send->ticket = target->ticket;
  }
  queued = dgram_sends_flush(
      env, send_batch->sends, count, columns->data, data_size);
  if (count > 0)
    send_batch->state->pending = DGRAM_BATCH_SENT | count;
  return queued;
}
