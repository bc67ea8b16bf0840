#include "core/receive_info.h"

#include <stddef.h>
#include <string.h>

#include "core/assert.h"
#include "core/env.h"
#include "core/inbox.h"

_Static_assert(offsetof(dgram_inbox_head_t, infos) % sizeof(int64_t) == 0 &&
                   sizeof(dgram_recv_info_t) % sizeof(int64_t) == 0 &&
                   offsetof(dgram_recv_info_t, timestamp) % sizeof(int64_t) ==
                       0,
               "lib/batch/receive-info.js reads the timestamps as int64");
_Static_assert(offsetof(dgram_recv_info_t, pid) ==
                       offsetof(dgram_recv_info_t, interface_index) &&
                   offsetof(dgram_recv_info_t, uid) ==
                       offsetof(dgram_recv_info_t, tos) &&
                   offsetof(dgram_recv_info_t, gid) ==
                       offsetof(dgram_recv_info_t, ttl),
               "lib/batch/unix-info.js reads the credentials there");

static dgram_address_t* kept_address(const dgram_inbox_t* inbox, uint32_t i) {
  uint32_t slot = inbox->gro_buffers[i].offset / DGRAM_RECV_SLOT_SIZE;

  return slot < DGRAM_RECV_SLOTS ? &inbox->addresses->locals[slot] : NULL;
}

/* Sets the slot of the address, and its text if JavaScript does not have it. */
static void set_local_address(dgram_env_t* env,
                              uint32_t first,
                              const struct sockaddr* address,
                              dgram_recv_info_t* out) {
  dgram_inbox_t* inbox = env->inbox;
  dgram_address_t* kept = kept_address(inbox, first);
  bool is_new = false;

  if (kept != NULL)
    dgram_address_copy(kept, address);
  out->local_address =
      dgram_sources_find(&env->local_addresses, address, &is_new);
  if (!is_new)
    return;
  DGRAM_ASSERT(inbox->local_texts_count < DGRAM_RECV_SLOTS);
  dgram_address_describe(address,
                         &inbox->local_texts[inbox->local_texts_count]);
  inbox->new_locals[inbox->local_texts_count++] = (uint16_t) out->local_address;
  out->new_text = inbox->local_texts_count;
}

void dgram_inbox_set_info(dgram_env_t* env,
                          uint32_t first,
                          const dgram_receive_info_t* info) {
  dgram_inbox_t* inbox = env->inbox;
  dgram_recv_info_t stored = {
      .present = info->present,
      .interface_index = info->interface_index,
      .tos = info->tos,
      .ttl = info->ttl,
  };
  uint32_t i;

  if (info->present & DGRAM_INFO_CREDENTIALS) {
    stored.pid = info->pid;
    stored.uid = info->uid;
    stored.gid = info->gid;
  }
  memcpy(stored.timestamp, &info->timestamp, sizeof(info->timestamp));
  if (info->present & DGRAM_INFO_LOCAL_ADDRESS)
    set_local_address(env, first, &info->local_address.any, &stored);
  for (i = first; i < inbox->count; i++)
    inbox->infos[i] = stored;
}

void dgram_inbox_get_info(const dgram_inbox_t* inbox,
                          uint32_t i,
                          dgram_receive_info_t* out) {
  const dgram_recv_info_t* stored = &inbox->infos[i];
  const dgram_address_t* kept = kept_address(inbox, i);

  memset(out, 0, sizeof(*out));
  out->present = stored->present;
  out->interface_index = stored->interface_index;
  out->tos = (uint8_t) stored->tos;
  out->ttl = (uint8_t) stored->ttl;
  if (stored->present & DGRAM_INFO_CREDENTIALS) {
    out->pid = stored->pid;
    out->uid = stored->uid;
    out->gid = stored->gid;
  }
  memcpy(&out->timestamp, stored->timestamp, sizeof(out->timestamp));
  if (kept != NULL && (stored->present & DGRAM_INFO_LOCAL_ADDRESS))
    out->local_address = *kept;
}
