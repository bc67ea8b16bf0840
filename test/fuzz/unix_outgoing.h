/* The sending half of the simulated kernel for Unix datagram sockets. It logs
 * what happens on each socket: datagrams that were sent, and errors. */
#ifndef DGRAM_FUZZ_UNIX_OUTGOING_H
#define DGRAM_FUZZ_UNIX_OUTGOING_H

#include "unix_sockets.h"

void fuzz_unix_outgoing_reset(void);

/* A hash of the payload, and of the payload and its destination. */
uint32_t fuzz_unix_hash(const void* bytes, size_t length);
uint32_t fuzz_unix_hash_to(uint32_t hash, const dgram_path_t* to);

/* The system calls. `n`: see sendmmsg(2). */
int fuzz_unix_send(fuzz_unix_t* socket, const struct msghdr* header);
int fuzz_unix_send_many(fuzz_unix_t* socket,
                        struct mmsghdr* messages,
                        unsigned n);

/* Logs the error, a UV_ code. */
void fuzz_unix_log_error(uint32_t id, int code);

/* The next thing that happened on the socket with that id was that this
 * datagram was sent, or failed with this error. Errors before it are skipped if
 * the transport may repeat the call (U2, U3). */
void fuzz_unix_expect_sent(uint32_t id, uint32_t hash);
void fuzz_unix_expect_error(uint32_t id, int code);

/* The last entry of the log is an error that the target has seen. */
void fuzz_unix_forget_error(void);

/* Checks that nothing else was logged. */
void fuzz_unix_outgoing_finish(void);

/* -- for unix_sockets.c -- */

/* Reads an address that the code under test has made. */
void fuzz_unix_read_address(const void* address,
                            socklen_t size,
                            dgram_path_t* out);

#endif
