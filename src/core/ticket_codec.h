/* A ticket as bytes, for another process. They contain what the ticket has
 * besides its descriptor, which travels as a handle, its note, which is text
 * already, and its token and deadline, which belong to one process.
 *
 * Integers are little-endian and have the size of the field; a text is its
 * length in one byte, then its bytes. In this order:
 *
 *   "dgt"
 *   flags         1 byte: DGRAM_CODEC_*
 *   transport     text: its name
 *   receive_info, drops_seen
 *   options       with DGRAM_CODEC_OPTIONS: device as text, then the other
 *                 fields of dgram_open_options_t
 *   messages      u32: their number, then each:
 *     status, length, segment, run_counted
 *     source      address, unless the status is negative
 *     present     u32; unless 0: the other fields of dgram_receive_info_t
 *     bytes       `length` of them
 *
 * An address is a byte, which is 0, 4 or 6, then for 4 and 6 the port, the 4 or
 * 16 bytes in network order, and for 6 the scope.
 *
 * A change of this layout or of the note needs a new VERSION in
 * lib/socket/process-ticket.js, which is compared first. */
#ifndef DGRAM_TICKET_CODEC_H
#define DGRAM_TICKET_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "core/tickets.h"

#define DGRAM_CODEC_SHARED 1u
#define DGRAM_CODEC_REVEALED 2u
#define DGRAM_CODEC_ICMP_ERRORS 4u
#define DGRAM_CODEC_REUSES_ADDRESS 8u
#define DGRAM_CODEC_OPTIONS 16u
#define DGRAM_CODEC_FLAGS 31u

/* Allocates the bytes, which the caller frees. Returns 0 or UV_ENOMEM. */
int dgram_ticket_encode(const dgram_ticket_t* ticket,
                        uint8_t** bytes,
                        size_t* length);

/* Allocates a ticket with a new token, without a descriptor and a note. Its
 * transport is NULL if this process has none of that name. Returns 0, UV_EINVAL
 * for any other bytes than those of dgram_ticket_encode(), UV_ENOMEM, or an
 * error of dgram_ticket_new(). */
int dgram_ticket_decode(const uint8_t* bytes,
                        size_t length,
                        dgram_ticket_t** out);

#endif
