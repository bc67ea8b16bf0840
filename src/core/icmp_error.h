/* An ICMP or ICMPv6 error about a datagram that was sent. */
#ifndef DGRAM_ICMP_ERROR_H
#define DGRAM_ICMP_ERROR_H

#include <stdint.h>

#include "core/address.h"

/* An address that is unknown has the family AF_UNSPEC. */
typedef struct {
  int code;                    /* UV_ code, as the kernel translates the type */
  uint8_t type;                /* of the ICMP message */
  uint8_t icmp_code;           /* of the ICMP message */
  uint32_t mtu;                /* of the next hop, with UV_EMSGSIZE; 0: none */
  dgram_address_t destination; /* of the datagram */
  dgram_address_t offender;    /* sender of the ICMP message; its port is 0 */
} dgram_icmp_error_t;

#endif
