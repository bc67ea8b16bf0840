/* What left a socket, datagram by datagram: the sending half of the kernel.
 * Results are drawn from the input: whole and short counts, errors. */
#ifndef DGRAM_FUZZ_OUTGOING_H
#define DGRAM_FUZZ_OUTGOING_H

#include "core/address.h"
#include "kernel.h"

typedef struct {
  uint32_t length;
  uint32_t hash; /* of payload and destination */
} fuzz_datagram_t;

/* The longest story that an input tells. */
#define FUZZ_DATAGRAMS 4096

void fuzz_outgoing_reset(void);

/* `peer` may be NULL: the connected one. */
fuzz_datagram_t fuzz_datagram(const void* bytes,
                              size_t length,
                              const struct sockaddr* peer);

/* Ends what uv_udp_send() was given; with 0 it has left. */
void fuzz_outgoing_complete(fuzz_watch_t* watch, int status);

/* Takes the next datagram that left `fd`; aborts unless it is this one. */
void fuzz_outgoing_expect(int fd, const fuzz_datagram_t* datagram);

/* Checks that nothing else left any socket. */
void fuzz_outgoing_finish(void);

/* Errors that were handed out, other than those that mean "later". */
uint32_t fuzz_outgoing_errors(void);

#endif
