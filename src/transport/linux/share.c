#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "transport/linux/ancillary.h"
#include "transport/linux/linux.h"

/* How often dgram_linux_share() tries to find nothing to read, and how many
 * bytes it holds at most for that. */
#define SHARE_TRIES 8
#define SHARE_BYTES (4u * 1024 * 1024)

/* A run, or an error, that was read before its turn; see dgram_linux_share().
 */
typedef struct linux_preread_s held_t;

struct linux_preread_s {
  held_t* next;
  int status;
  uint32_t length;
  uint32_t segment;
  dgram_address_t source;
  uint8_t bytes[];
};

/* Delivers what is held, or so much of it that a batch has room for. */
void dgram_linux_deliver_preread(linux_socket_t* path,
                                 dgram_wake_up_t* wake_up) {
  dgram_env_t* env = path->socket->env;
  uint32_t i;

  for (i = 0; i < env->inbox->slots && path->held != NULL; i++) {
    held_t* run = path->held;

    path->held = run->next;
    if (run->status == 0)
      memcpy(env->inbox->recv_buffer + (size_t) i * DGRAM_RECV_SLOT_SIZE,
             run->bytes,
             run->length);
    dgram_env_received(env,
                       i * DGRAM_RECV_SLOT_SIZE,
                       run->length,
                       run->segment,
                       run->status == 0 ? &run->source.any : NULL,
                       run->status);
    free(run);
  }
  (void) dgram_env_deliver(env, path->socket, wake_up);
}

/* Reads one message into a slot of its own. Returns NULL when there is none,
 * or no memory to keep it. */
static held_t* hold_next(int fd) {
  held_t* run = malloc(sizeof(*run) + DGRAM_RECV_SLOT_SIZE);
  _Alignas(struct cmsghdr) char control[DGRAM_ANCILLARY_RECV];
  struct msghdr header = {0};
  struct iovec vector;
  held_t* smaller;
  ssize_t n;

  if (run == NULL)
    return NULL;
  memset(run, 0, sizeof(*run));
  vector.iov_base = run->bytes;
  vector.iov_len = DGRAM_RECV_SLOT_SIZE;
  header.msg_name = &run->source;
  header.msg_namelen = sizeof(run->source);
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  do
    n = recvmsg(fd, &header, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN) {
    free(run);
    return NULL;
  }
  if (n < 0)
    run->status = uv_translate_sys_error(errno);
  else if (header.msg_flags & MSG_CTRUNC)
    run->status = UV_EMSGSIZE;
  if (run->status == 0) {
    run->length = (uint32_t) n;
    run->segment = dgram_ancillary_get_segment(&header, run->length);
  }
  smaller = realloc(run, sizeof(*run) + run->length);
  return smaller == NULL ? run : smaller;
}

static bool is_readable(int fd) {
  struct pollfd entry = {.fd = fd, .events = POLLIN};

  return poll(&entry, 1, 0) > 0;
}

/* From now on others may read the descriptor, who do not expect merged runs.
 * Those that wait already lose their segment size with the option, and would be
 * taken for one datagram: they are read first, and held. Once nothing waits
 * although the option is off, nothing can be merged any more. A peer that
 * never lets that happen is given up on. */
void dgram_linux_share(dgram_socket_t* socket) {
  linux_socket_t* path = dgram_linux_ensure(socket);
  int fd = dgram_linux_fd(socket);
  held_t** end;
  uint32_t bytes = 0;
  int tries;

  if (path == NULL || !dgram_linux_features.gro || !socket->env->settings.gro)
    return;
  path->gro = true; /* and stays off */
  dgram_linux_set_gro(socket, 0);
  if (!path->merges)
    return;
  path->merges = false;
  for (end = &path->held; *end != NULL; end = &(*end)->next)
    continue;
  for (tries = 0; tries < SHARE_TRIES && is_readable(fd); tries++) {
    dgram_linux_set_gro(socket, 1);
    while (bytes < SHARE_BYTES && (*end = hold_next(fd)) != NULL) {
      bytes += (uint32_t) sizeof(**end) + (*end)->length;
      end = &(*end)->next;
    }
    dgram_linux_set_gro(socket, 0);
  }
  if (path->held != NULL)
    (void) dgram_linux_update_poll(path);
}

void dgram_linux_free_preread(linux_socket_t* path) {
  while (path->held != NULL) {
    held_t* run = path->held;

    path->held = run->next;
    free(run);
  }
}
