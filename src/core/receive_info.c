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

/* Sets the slot of the address, and its text if JavaScript does not have it. */
static void set_local_address(dgram_env_t* env,
                              const struct sockaddr* address,
                              dgram_recv_info_t* out) {
  dgram_inbox_t* inbox = env->inbox;
  bool is_new = false;

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
    set_local_address(env, &info->local_address.any, &stored);
  for (i = first; i < inbox->count; i++)
    inbox->infos[i] = stored;
}
