/* Runs a program that inherits a ping socket (icmp(7), IPv4). Requires root, in
 * a new network namespace: a setting there says who may open one.
 *
 *   with-ping-socket DESCRIPTOR PROGRAM [ARGUMENT...] */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUPS "/proc/sys/net/ipv4/ping_group_range"
#define EVERYBODY "0 2147483647"

static int fail(const char* what) {
  perror(what);
  return 1;
}

int main(int argc, char** argv) {
  int groups;
  int number;
  int fd;

  if (argc < 3) {
    fprintf(stderr, "usage: %s DESCRIPTOR PROGRAM [ARGUMENT...]\n", argv[0]);
    return 2;
  }
  number = (int) strtol(argv[1], NULL, 10);
  groups = open(GROUPS, O_WRONLY | O_CLOEXEC);
  if (groups < 0 || write(groups, EVERYBODY, sizeof(EVERYBODY) - 1) < 0)
    return fail(GROUPS);
  fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  if (fd < 0)
    return fail("socket");
  if (dup2(fd, number) < 0)
    return fail("dup2");
  if (fd != number)
    close(fd);
  execvp(argv[2], argv + 2);
  return fail(argv[2]);
}
