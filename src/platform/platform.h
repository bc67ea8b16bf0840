/* The few things about descriptors and memory that libuv does not offer. One
 * complete file per platform: platform_unix.c, platform_win.c. */
#ifndef DGRAM_PLATFORM_H
#define DGRAM_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "core/address.h"

/* The descriptor of `udp`, or UV_EBADF when it has none; always UV_EBADF on
 * Windows, where a socket is not a descriptor (as Node says there). */
int dgram_platform_fd(const uv_udp_t* udp);

/* True when `udp` is writable now: what it does not take all the same is kept
 * back by something else. False where that is not known (Windows). */
bool dgram_platform_is_writable(const uv_udp_t* udp);

/* A duplicate of `fd`, close-on-exec. Returns it or a UV_ code; UV_ENOTSUP
 * where a socket cannot be duplicated through its descriptor (Windows). */
int dgram_platform_dup(int fd);

/* Closes a descriptor that dgram_platform_dup() or dgram_platform_socket()
 * made. */
void dgram_platform_close(int fd);

/* A UDP socket of `family` (AF_INET, AF_INET6), close-on-exec, for libuv
 * before 1.49, which has no UV_UDP_REUSEPORT. Returns it or a UV_ code. */
int dgram_platform_socket(int family);

/* Lets others share the port of `fd`. Only where the kernel balances the load
 * between them (Linux 3.9, FreeBSD 12, DragonFly); UV_ENOTSUP elsewhere, as
 * newer libuv answers. */
int dgram_platform_set_reuseport(int fd);

/* Takes back what uv_udp_open() always does to a descriptor: it lets others
 * take over the address (SO_REUSEADDR, on BSDs SO_REUSEPORT). */
int dgram_platform_clear_reuseaddr(int fd);

/* Reads one datagram without waiting. Returns its length or a UV_ code;
 * UV_EAGAIN when there is none. */
int dgram_platform_recv(const uv_udp_t* udp,
                        void* bytes,
                        size_t size,
                        dgram_address_t* source);

/* Asks malloc() to keep memory that is freed and wanted again all the time, as
 * that of received messages is, rather than to give it back page by page. It
 * keeps everybody's then, so only who asks for it gets it. */
void dgram_platform_keep_heap(void);

/* Has exit() call `callback` while sockets can still send. Returns 0, a UV_
 * code, or UV_ENOTSUP on Windows: there a library's turn comes when the other
 * threads have been killed, with whatever locks they held. */
int dgram_platform_at_exit(void (*callback)(void));

#endif
