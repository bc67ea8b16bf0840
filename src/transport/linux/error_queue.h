/* The error queue of a socket (IP_RECVERR in ip(7), IPV6_RECVERR in ipv6(7)):
 * for each ICMP error, the kernel keeps a message with the destination of the
 * datagram that caused it. */
#ifndef DGRAM_ERROR_QUEUE_H
#define DGRAM_ERROR_QUEUE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "core/icmp_error.h"
#include "transport/linux/linux.h"

/* Room for the ancillary data of an error, in bytes: 64 for IPv6. More arrives
 * if other options of the descriptor are on, such as SO_TIMESTAMP. */
#define DGRAM_ERROR_CONTROL_SIZE 256

/* Reads the ICMP error in a message that recvmsg(MSG_ERRQUEUE) returned.
 * Returns false if the message is about something else (a send that failed
 * locally, a timestamp), or is truncated or malformed. */
bool dgram_error_queue_decode(const struct msghdr* header,
                              dgram_icmp_error_t* out);

/* E2: whether no send has this error for a reason of its own. */
bool dgram_error_queue_is_foreign(int code);

/* E2: what a send or a receive that has failed with `code` means for a socket
 * with icmp_errors. `attempts` counts its failures and starts at 0. Returns 0
 * if the call has to be repeated, UV_EAGAIN if a receive would block, and
 * otherwise `code`: an error of its own, or a foreign one of a send that waits.
 */
int dgram_error_queue_check_send(linux_socket_t* self,
                                 int code,
                                 unsigned* attempts);
int dgram_error_queue_check_receive(linux_socket_t* self,
                                    int code,
                                    unsigned* attempts);

/* E3: reads messages of the error queue, and passes ICMP errors to env->icmp()
 * if the socket has icmp_errors. Runs JavaScript in that case. */
void dgram_error_queue_read(linux_socket_t* self);

#endif
