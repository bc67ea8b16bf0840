/* Operations on descriptors and memory that libuv does not offer. Each platform
 * has one complete file: unix.c, win.c. */
#ifndef DGRAM_PLATFORM_H
#define DGRAM_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "core/address.h"

/* The descriptor of `udp`, or UV_EBADF if it has none. Always UV_EBADF on
 * Windows, as in Node: a socket is not a descriptor there. */
int dgram_platform_fd(const uv_udp_t* udp);

/* True if `udp` is writable now: if it still rejects a datagram, the reason
 * lies outside its send buffer. False on Windows, where it is not known. */
bool dgram_platform_is_writable(const uv_udp_t* udp);

/* Duplicates `fd`, close-on-exec. Returns the duplicate or a UV_ code;
 * UV_ENOTSUP on Windows, where a socket cannot be duplicated through a
 * descriptor. */
int dgram_platform_dup(int fd);

/* True if dgram_platform_dup() is supported. */
bool dgram_platform_has_dup(void);

/* True if the option of dgram_platform_clear_reuseaddr() is set. */
bool dgram_platform_has_reuseaddr(int fd);

/* Closes a descriptor created by dgram_platform_dup() or
 * dgram_platform_socket(). */
void dgram_platform_close(int fd);

/* Creates a UDP socket of `family` (AF_INET, AF_INET6), close-on-exec. For
 * libuv before 1.49, without UV_UDP_REUSEPORT. Returns it or a UV_ code. */
int dgram_platform_socket(int family);

/* True if dgram_platform_set_reuseport() is supported. */
bool dgram_platform_has_reuseport(void);

/* Allows other sockets to share the port of `fd`. Only where the kernel
 * balances the load between them (Linux 3.9, FreeBSD 12, DragonFly). Elsewhere
 * UV_ENOTSUP, as in newer libuv. */
int dgram_platform_set_reuseport(int fd);

/* Clears the option that uv_udp_open() always sets on a descriptor, and with
 * which other sockets can take over the address (SO_REUSEADDR, on BSDs
 * SO_REUSEPORT). */
int dgram_platform_clear_reuseaddr(int fd);

/* Has an IPv6 socket exchange datagrams with IPv4 hosts, too: IPV6_V6ONLY off,
 * whatever the system's default is. */
int dgram_platform_clear_v6only(int fd);

/* Options of IPv4 that a dual-stack socket has besides those of IPv6. */
typedef enum {
  DGRAM_IP4_TTL,            /* IP_TTL */
  DGRAM_IP4_MULTICAST_TTL,  /* IP_MULTICAST_TTL */
  DGRAM_IP4_MULTICAST_LOOP, /* IP_MULTICAST_LOOP */
} dgram_ip4_option_t;

/* Sets one of them on an IPv6 socket. `value`: 0 to 255. macOS has none of
 * them there: UV_EINVAL. */
int dgram_platform_set_ip4(const uv_udp_t* udp,
                           dgram_ip4_option_t option,
                           int value);

/* Reads one datagram without blocking. Returns its length or a UV_ code;
 * UV_EAGAIN if there is none, or an error that libuv ignores. */
int dgram_platform_recv(const uv_udp_t* udp,
                        void* bytes,
                        size_t size,
                        dgram_address_t* source);

/* Makes malloc() retain freed memory instead of returning it to the system page
 * by page: the memory of received messages is freed and allocated again all the
 * time. This affects the whole process, so it is opt-in. */
void dgram_platform_keep_heap(void);

/* Makes exit() call `callback` while sockets can still send. Returns 0, a UV_
 * code, or UV_ENOTSUP on Windows: there exit() calls a library only after the
 * other threads were killed, with the locks they held. */
int dgram_platform_at_exit(void (*callback)(void));

#endif
