/* The receiving half of the simulated kernel for Unix datagram sockets. What
 * arrives on a socket is kept in order, for the target to compare. */
#ifndef DGRAM_FUZZ_UNIX_INCOMING_H
#define DGRAM_FUZZ_UNIX_INCOMING_H

#include "core/batch.h"
#include "unix_sockets.h"

/* A slot of the receive buffer (U5). */
#define FUZZ_UNIX_SLOT_SIZE (8 * DGRAM_RECV_SLOT_SIZE)

typedef struct {
  uint32_t id;     /* of its socket */
  uint32_t serial; /* determines the bytes */
  int status;      /* 0, or the UV_ code that is reported */
  uint32_t length;
  dgram_path_t source;
  uint32_t asked;   /* of its socket, when it arrived */
  uint32_t present; /* DGRAM_INFO_* */
  uint32_t pid;
  uint32_t uid;
  uint32_t gid;
  int64_t timestamp; /* in nanoseconds */
} fuzz_unix_arrival_t;

void fuzz_unix_incoming_reset(void);

/* Datagrams and their bytes, without errors. */
extern uint64_t fuzz_unix_received;
extern uint64_t fuzz_unix_received_bytes;

/* Arrival `i` of those that socket `id` has left; NULL: there are fewer. */
const fuzz_unix_arrival_t* fuzz_unix_arrival(uint32_t id, uint32_t i);

/* Removes the first one. */
void fuzz_unix_take_arrival(uint32_t id);

/* Checks the bytes at the beginning and at the end. */
void fuzz_unix_check_bytes(const fuzz_unix_arrival_t* arrival,
                           const uint8_t* bytes);

/* The system call. */
int fuzz_unix_receive(fuzz_unix_t* socket,
                      struct mmsghdr* messages,
                      unsigned n,
                      int flags);

#endif
