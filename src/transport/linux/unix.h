/* The Linux transport for Unix datagram sockets: the calls that send and
 * receive. Polling, the queue and delivery are those of UDP. There is no GSO or
 * GRO, names take the place of addresses, and datagrams may be longer.
 *
 * Rules, besides those of linux.h.
 *  U1  A full peer is EAGAIN, as is a full send buffer: rule S4. For a
 *      connected peer the socket becomes writable when the peer reads. Any
 *      other peer leaves it writable: the timer of S4 starts the next attempt.
 *  U2  The kernel disconnects the socket when it finds its peer closed. The
 *      send fails with ECONNREFUSED, later ones with ENOTCONN. Either way the
 *      socket connects to the same name again, and the datagram is sent to the
 *      new peer. If that fails, its error is that of the datagram.
 *  U3  ECONNRESET tells that the connected peer has disconnected from this
 *      socket. It says nothing about a datagram: the call is repeated.
 *  U4  The ancillary data of a peer may contain descriptors. The kernel
 *      installs those for which there is room; they are closed.
 *  U5  A datagram may be as long as the send buffer of its sender. A slot has
 *      512 KiB: without privileges, and with the default net.core.wmem_max, no
 *      sender exceeds 425,952 bytes. Longer ones are lost: UV_EMSGSIZE.
 *  U6  The flag MSG_ERRQUEUE has no effect: such a call would receive a
 *      datagram. dgram_error_queue_read() does not make it.
 *  U7  Queued datagrams for the connected peer go there even if the socket is
 *      disconnected meanwhile, or connected to another one: slot 0 of their
 *      destinations then has the name of the peer. One without a name (of
 *      socketpair(2)) cannot be reached any more: ENOTCONN. */
#ifndef DGRAM_LINUX_UNIX_H
#define DGRAM_LINUX_UNIX_H

#include "transport/linux/linux.h"

/* dgram_linux_transmit() for a Unix socket. */
int dgram_unix_transmit(dgram_socket_t* socket,
                        const linux_batch_t* batch,
                        uint32_t* position);

/* Reads up to `count` datagrams into the inbox, see read_messages() of
 * receive.c. */
int dgram_unix_read(linux_socket_t* self, uint32_t count);

/* Datagrams have been queued. Does not run JavaScript: dgram_unix_report() is
 * called before the event loop polls. */
void dgram_unix_congested(linux_socket_t* self);

/* Reports the events of a congestion that are due. Runs JavaScript, after which
 * `self` may be freed if the socket is closing. */
void dgram_unix_report(linux_socket_t* self);

#endif
