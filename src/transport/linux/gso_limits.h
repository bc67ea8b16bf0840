/* What failed GSO sends have taught about the way to a destination (S2). */
#ifndef DGRAM_GSO_LIMITS_H
#define DGRAM_GSO_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"
#include "transport/linux/linux.h"
#include "transport/linux/segment_group.h"

/* The largest segment is what fits beside the headers; a path MTU is not known
 * beforehand, and S2 learns it. */
#define DGRAM_GSO_SEGMENT_MAX DGRAM_SEGMENT_GROUP_BYTES_IP4

typedef struct {
  dgram_address_t peer;
  uint32_t connection;     /* of a connected socket; 0: to `peer` */
  uint32_t segment_max;    /* 0: no runs */
  uint32_t datagrams_left; /* datagrams; 0: a free entry */
} dgram_gso_limit_t;

/* What a failed run has changed. */
typedef struct {
  uint32_t position;        /* of its head */
  int code;                 /* 0: none has failed */
  dgram_gso_limit_t* limit; /* of its destination */
  dgram_gso_limit_t before;
} dgram_gso_change_t;

uint32_t dgram_gso_limits_length(const linux_socket_t* self,
                                 const linux_batch_t* batch,
                                 uint32_t position);

/* S2. Returns true when the run's datagrams shall go again one by one. */
bool dgram_gso_limits_add(linux_socket_t* self,
                          const linux_batch_t* batch,
                          uint32_t position,
                          int code,
                          dgram_gso_change_t* change);

/* The head of a run that was given up fails alone, and in the same way: it was
 * not for being a run. */
void dgram_gso_limits_undo(linux_socket_t* self,
                           uint32_t position,
                           int code,
                           const dgram_gso_change_t* change);

#endif
