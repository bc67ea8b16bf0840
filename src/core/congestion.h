/* Back-pressure of a Unix socket. A congestion begins when the kernel accepts
 * no datagram, because the queue of the peer or the send buffer is full, and
 * ends when the last datagram that had to wait has left. */
#ifndef DGRAM_CONGESTION_H
#define DGRAM_CONGESTION_H

/* Each is reported once per congestion, in this order. The values are those of
 * lib/handle/unix-handle.js. */
typedef enum {
  DGRAM_CONGESTION_BEGINS,   /* datagrams wait */
  DGRAM_CONGESTION_WRITABLE, /* the first of them has left, or failed */
  DGRAM_CONGESTION_DRAINED,  /* none waits any more */
} dgram_congestion_t;

#endif
