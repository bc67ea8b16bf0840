/* The fill level of another process's receive queue, read from the kernel by
 * sock_diag(7). The sender uses it to keep the queue filled without overflow,
 * at no cost for the measured receiver. */
#ifndef BENCH_QUEUE_H
#define BENCH_QUEUE_H

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include "baseline.h"

typedef struct {
  int fd;
  struct {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
  } request;
} queue_t;

typedef struct {
  uint32_t used;  /* bytes of kernel memory, not of payload */
  uint32_t limit; /* above it the kernel drops datagrams */
  uint32_t drops;
} queue_state_t;

static inline void queue_open(queue_t* queue, uint16_t port) {
  struct inet_diag_req_v2* body = &queue->request.body;

  memset(queue, 0, sizeof(*queue));
  queue->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  queue->request.header.nlmsg_len = sizeof(queue->request);
  queue->request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  queue->request.header.nlmsg_flags = NLM_F_REQUEST;
  body->sdiag_family = AF_INET;
  body->sdiag_protocol = IPPROTO_UDP;
  body->idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1);
  body->idiag_states = UINT32_MAX;
  /* The kernel looks up a UDP socket as for a packet: by its destination. */
  body->id.idiag_dport = htons(port);
  body->id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
  body->id.idiag_src[0] = htonl(INADDR_LOOPBACK);
  body->id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  body->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

/* Returns false if the kernel has no udp_diag or the socket is closed. */
static inline bool queue_read(const queue_t* queue, queue_state_t* state) {
  _Alignas(struct nlmsghdr) char answer[1024];
  const struct nlmsghdr* header = (const struct nlmsghdr*) answer;
  const struct rtattr* attribute;
  const struct inet_diag_msg* message;
  ssize_t n;
  unsigned left;

  if (send(queue->fd, &queue->request, sizeof(queue->request), 0) < 0)
    return false;
  n = recv(queue->fd, answer, sizeof(answer), 0);
  if (n < (ssize_t) NLMSG_LENGTH(sizeof(*message)) ||
      header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
    return false;
  message = NLMSG_DATA(header);
  attribute = (const struct rtattr*) (message + 1);
  left = header->nlmsg_len - (unsigned) NLMSG_LENGTH(sizeof(*message));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    uint32_t values[SK_MEMINFO_VARS];

    if (attribute->rta_type != INET_DIAG_SKMEMINFO ||
        RTA_PAYLOAD(attribute) < sizeof(values))
      continue;
    memcpy(values, RTA_DATA(attribute), sizeof(values));
    state->used = values[SK_MEMINFO_RMEM_ALLOC];
    state->limit = values[SK_MEMINFO_RCVBUF];
    state->drops = values[SK_MEMINFO_DROPS];
    return true;
  }
  return false;
}

#endif
