#include "core/columns.h"

#include "core/batch.h"
#include "core/sends.h"

/* A size above DGRAM_DATAGRAM_MAX is reduced so that the kernel still fails
 * with EMSGSIZE. A row behind the end of its column gets a range that is
 * outside of any data: dgram_sends_flush() checks the ranges. */
static void fill_row(dgram_send_t* send,
                     const dgram_columns_t* columns,
                     size_t row) {
  uint32_t size;

  send->offset = UINT32_MAX;
  send->length = DGRAM_DATAGRAM_MAX;
  if (row >= columns->offsets_count || row >= columns->sizes_count)
    return;
  send->offset = columns->offsets[row];
  size = columns->sizes[row];
  send->length = size > DGRAM_DATAGRAM_MAX ? DGRAM_DATAGRAM_MAX + 1 : size;
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
  uint32_t queued;
  uint32_t i;

  for (i = 0; i < count; i++) {
    dgram_send_t* send = &send_batch->sends[i];

    send->socket = target->socket;
    if (target->destination >= 0)
      send->destination = (uint32_t) target->destination;
    fill_row(send, columns, first + i);
    send->ticket = target->ticket;
  }
  queued = dgram_sends_flush(
      env, send_batch->sends, count, columns->data, data_size);
  if (count > 0)
    send_batch->state->pending = DGRAM_BATCH_SENT | count;
  return queued;
}
