/* Helpers of the attack tools. They send to this host only, in a network
 * namespace of the test. */
#ifndef HOSTILE_TOOL_H
#define HOSTILE_TOOL_H

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void tool_fail(const char* what) {
  perror(what);
  exit(1);
}

/* Ends the tool when the test ends, however that ends. */
static inline void tool_init(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static inline unsigned long tool_number(const char* text) {
  char* end;
  unsigned long value = strtoul(text, &end, 10);

  if (*text == '\0' || *end != '\0') {
    fprintf(stderr, "not a number: %s\n", text);
    exit(2);
  }
  return value;
}

/* Datagrams that the socket dropped because its buffer was full. */
static inline uint32_t tool_drops(int fd) {
  uint32_t values[9]; /* SK_MEMINFO_VARS */
  socklen_t size = sizeof(values);

  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &size) != 0)
    tool_fail("SO_MEMINFO");
  return values[8]; /* SK_MEMINFO_DROPS */
}

#endif
