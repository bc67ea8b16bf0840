/* The sending half of the simulated kernel: records each sent datagram. Results
 * are drawn from the input: full and short counts, errors. */
#ifndef DGRAM_FUZZ_OUTGOING_H
#define DGRAM_FUZZ_OUTGOING_H

#include "core/address.h"
#include "core/send_settings.h"
#include "kernel.h"

typedef struct {
  uint32_t length;
  uint32_t hash; /* of payload, destination and settings */
} fuzz_datagram_t;

/* Limit of the datagrams of an input. */
#define FUZZ_DATAGRAMS 4096

void fuzz_outgoing_reset(void);

/* `peer` may be NULL: the connected peer. `settings` may be NULL: none. The
 * address 0.0.0.0 is none in either form. */
fuzz_datagram_t fuzz_datagram(const void* bytes,
                              size_t length,
                              const struct sockaddr* peer,
                              const dgram_send_settings_t* settings);

/* Completes a uv_udp_send(); with status 0 the datagram was sent. */
void fuzz_outgoing_complete(fuzz_watch_t* watch, int status);

/* Removes the next datagram sent on `fd`; aborts unless it is this one. */
void fuzz_outgoing_expect(int fd, const fuzz_datagram_t* datagram);

/* Checks that no other datagram was sent. */
void fuzz_outgoing_finish(void);

/* Number of returned errors, except those that mean "later". */
uint32_t fuzz_outgoing_errors(void);

#endif
