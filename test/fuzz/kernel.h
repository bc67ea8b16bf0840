/* Included before every source: replaces the system calls and libuv functions
 * that move datagrams. kernel.c has those for polling and timers, outgoing.c
 * and incoming.c those that send and receive, unix_*.c those of Unix sockets.
 * Sockets and loops are real. */
#ifndef DGRAM_FUZZ_KERNEL_H
#define DGRAM_FUZZ_KERNEL_H

#define uname fuzz_uname
#define socket(domain, type, protocol) fuzz_socket(domain, type, protocol)
#define bind fuzz_bind
#define connect fuzz_connect
#define getsockname fuzz_getsockname
#define getpeername fuzz_getpeername
#define close fuzz_close
#define sendmsg fuzz_sendmsg
#define sendmmsg fuzz_sendmmsg
#define recvmsg fuzz_recvmsg
#define recvmmsg fuzz_recvmmsg
#define epoll_ctl fuzz_epoll_ctl
#define uv_poll_start fuzz_uv_poll_start
#define uv_poll_stop fuzz_uv_poll_stop
#define uv_timer_start fuzz_uv_timer_start
#define uv_udp_send fuzz_uv_udp_send
#define uv_udp_try_send fuzz_uv_udp_try_send
#define uv_udp_recv_start fuzz_uv_udp_recv_start
#define uv_udp_recv_stop fuzz_uv_udp_recv_stop
#define uv_is_active fuzz_uv_is_active
#define uv_if_indextoiid fuzz_uv_if_indextoiid
#define uv_close fuzz_uv_close

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <uv.h>

#include "input.h"

/* Requests of the code under test to libuv, by handle. */
typedef struct {
  uv_handle_t* handle; /* a uv_poll_t, a uv_udp_t or a uv_timer_t; NULL: a free
                          slot */
  uv_poll_cb on_poll;
  uv_timer_cb on_timer; /* of an active uv_timer_t */
  uv_alloc_cb on_alloc; /* of a uv_udp_t that is reading */
  uv_udp_recv_cb on_recv;
  uv_udp_send_t* request; /* pending request of a uv_udp_t */
  uv_udp_send_cb on_sent;
  uv_buf_t buf;
  struct sockaddr_in6 peer; /* AF_UNSPEC: the connected peer */
  int events;               /* of a uv_poll_t; 0: stopped */
  uv_close_cb on_closed;
} fuzz_watch_t;

#define FUZZ_WATCHES 64

extern fuzz_watch_t fuzz_watches[FUZZ_WATCHES];

/* The input from which system calls draw their results. */
extern fuzz_input_t* fuzz_kernel_input;

/* The interface name last returned by uv_if_indextoiid(). */
extern char fuzz_zone[UV_IF_NAMESIZE];
extern size_t fuzz_zone_length;

void fuzz_kernel_reset(fuzz_input_t* input);

/* Whether polling may fail to start; and whether it did, which failed all that
 * waited for it. */
extern bool fuzz_poll_fails;
extern bool fuzz_poll_failed;

/* Expires the timer. */
void fuzz_timer_event(fuzz_watch_t* watch);

/* The watch of that handle, created if needed. */
fuzz_watch_t* fuzz_watch(const void* handle);

/* Completes a uv_udp_send(). */
void fuzz_end_request(fuzz_watch_t* watch, int status);

/* Reports an event as libuv does: an error is reported alone, and stops
 * polling. */
void fuzz_poll_event(fuzz_watch_t* watch, int status, int events);

/* A random error of a system call. */
int fuzz_errno(void);

#endif
