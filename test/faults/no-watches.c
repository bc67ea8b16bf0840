/* A preloaded library: the user may watch no more descriptors with epoll
 * (/proc/sys/fs/epoll/max_user_watches), as far as UDP sockets are concerned.
 * NO_WATCHES_FILE: only while that file exists. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_full(void) {
  const char* file = getenv("NO_WATCHES_FILE");

  return file == NULL || access(file, F_OK) == 0;
}

__attribute__((visibility("default"))) int
epoll_ctl(int epfd, int op, int fd, struct epoll_event* event) {
  int type = 0;
  socklen_t size = sizeof(type);

  if (op == EPOLL_CTL_ADD && is_full() &&
      getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
      type == SOCK_DGRAM) {
    errno = ENOSPC;
    return -1;
  }
  return (int) syscall(SYS_epoll_ctl, epfd, op, fd, event);
}
