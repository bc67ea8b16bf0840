/* Included before every source: puts functions of ours in the place of the
 * system calls, and of the functions of libuv, that move datagrams. kernel.c
 * has those that watch, wire.c and the receive target those that move. Sockets
 * and loops are real. */
#ifndef DGRAM_FUZZ_KERNEL_H
#define DGRAM_FUZZ_KERNEL_H

#define uname fuzz_uname
#define sendmsg fuzz_sendmsg
#define sendmmsg fuzz_sendmmsg
#define recvmsg fuzz_recvmsg
#define recvmmsg fuzz_recvmmsg
#define uv_poll_start fuzz_uv_poll_start
#define uv_poll_stop fuzz_uv_poll_stop
#define uv_timer_start fuzz_uv_timer_start
#define uv_udp_send fuzz_uv_udp_send
#define uv_udp_try_send fuzz_uv_udp_try_send
#define uv_udp_recv_start fuzz_uv_udp_recv_start
#define uv_udp_recv_stop fuzz_uv_udp_recv_stop
#define uv_if_indextoiid fuzz_uv_if_indextoiid
#define uv_close fuzz_uv_close

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <uv.h>

#include "input.h"

/* What the code under test has asked libuv for, by handle. */
typedef struct {
  uv_handle_t* handle; /* a uv_poll_t, a uv_udp_t or a uv_timer_t; NULL: a free
                          place */
  uv_poll_cb on_poll;
  uv_timer_cb on_timer; /* of a uv_timer_t that runs */
  uv_alloc_cb on_alloc; /* of a uv_udp_t that reads */
  uv_udp_recv_cb on_recv;
  uv_udp_send_t* request; /* of a uv_udp_t that has been given one */
  uv_udp_send_cb on_sent;
  uv_buf_t buf;
  struct sockaddr_in6 peer; /* AF_UNSPEC: the connected one */
  int events;               /* of a uv_poll_t; 0: stopped */
  uv_close_cb on_closed;
} fuzz_watch_t;

#define FUZZ_WATCHES 64

extern fuzz_watch_t fuzz_watches[FUZZ_WATCHES];

/* The input that system calls draw their results from. */
extern fuzz_input_t* fuzz_kernel_input;

/* The interface that uv_if_indextoiid() named last. */
extern char fuzz_zone[UV_IF_NAMESIZE];
extern size_t fuzz_zone_length;

void fuzz_kernel_reset(fuzz_input_t* input);

/* Whether a uv_poll_t may fail to start; and that one did: whatever waited for
 * it was failed. */
extern bool fuzz_poll_fails;
extern bool fuzz_poll_failed;

/* The time has come. */
void fuzz_timer_event(fuzz_watch_t* watch);

/* The watch of that handle, made if need be. */
fuzz_watch_t* fuzz_watch(const void* handle);

/* Ends what uv_udp_send() was given. */
void fuzz_end_request(fuzz_watch_t* watch, int status);

/* Reports an event as libuv does: an error comes alone, and stops polling. */
void fuzz_poll_event(fuzz_watch_t* watch, int status, int events);

/* An error that a system call may end with. */
int fuzz_errno(void);

#endif
