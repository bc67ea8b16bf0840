/* The table of send settings: what goes with a datagram besides its bytes and
 * its destination. A send descriptor names them by their slot, so datagrams
 * with equal settings are told by one number. lib/batch/send-settings.js
 * decides which settings occupy which slot; a transport turns them into control
 * messages. */
#ifndef DGRAM_SEND_SETTINGS_H
#define DGRAM_SEND_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"
#include "core/batch.h"
#include "core/types.h"

/* The value of `tos` and `ttl` that keeps the socket's own. */
#define DGRAM_SETTING_UNSET (-1)

typedef struct {
  struct in6_addr local;    /* source address, of IPv4 as an IPv4-mapped one;
                               all zero: the kernel selects it */
  uint32_t interface_index; /* of the outgoing interface; 0: routing selects */
  int32_t tos;              /* 0 to 255, or DGRAM_SETTING_UNSET */
  int32_t ttl;              /* 1 to 255, or DGRAM_SETTING_UNSET */
  uint64_t send_time;       /* nanoseconds of the clock of SO_TXTIME; 0: now */
  int32_t status;           /* 0, or the UV_ code of every send with them */
  bool is_used;             /* false: a free slot */
} dgram_send_settings_t;

/* The same as JavaScript passes them. */
typedef struct {
  int family;                 /* of the socket: 4 or 6 */
  const char* local_address;  /* numeric; NULL: unset */
  const char* interface_name; /* NULL: see interface_index */
  uint32_t interface_index;   /* 0: unset */
  int32_t tos;
  int32_t ttl;
  uint64_t send_time;
} dgram_send_settings_text_t;

/* Grows to the highest slot in use. All zero is an empty table. */
typedef struct {
  dgram_send_settings_t* slots;
  uint32_t size; /* at most DGRAM_SEND_SETTINGS_MAX */
} dgram_send_settings_table_t;

/* Parses settings into a slot of the environment's table. An interface without
 * that name is an error of the sends, not of this call: UV_ENODEV in `status`.
 * Returns 0, UV_EINVAL for an invalid slot, address or number, UV_ENOTSUP if
 * the transport cannot send with settings, or UV_ENOMEM. */
int dgram_send_settings_set(dgram_env_t* env,
                            uint32_t slot,
                            const dgram_send_settings_text_t* text);

void dgram_send_settings_free(dgram_send_settings_table_t* table);

/* 0 if a descriptor may name `slot`, UV_EINVAL if nothing is in it, or the
 * status of its settings. */
static inline int dgram_send_settings_check(
    const dgram_send_settings_table_t* table,
    uint32_t slot) {
  if (slot == 0)
    return 0;
  if (slot >= table->size || !table->slots[slot].is_used)
    return UV_EINVAL;
  return table->slots[slot].status;
}

#endif
