#include "unix_incoming.h"

#include <errno.h>
#include <stddef.h>
#include <sys/un.h>
#include <time.h>

#define ARRIVALS 8192
#define SOCKETS 65536

/* Bytes at either end of a datagram that are written and compared. */
#define EDGE 64u

/* Descriptors of one message. */
#define RIGHTS_MAX 6

uint64_t fuzz_unix_received;
uint64_t fuzz_unix_received_bytes;

static fuzz_unix_arrival_t arrivals[ARRIVALS];
static uint32_t count;
static uint32_t first[SOCKETS]; /* by id: none before it is left */
static uint32_t last_id;

void fuzz_unix_incoming_reset(void) {
  memset(first, 0, (last_id + 1) * sizeof(first[0]));
  count = 0;
  last_id = 0;
  fuzz_unix_received = 0;
  fuzz_unix_received_bytes = 0;
}

static fuzz_unix_arrival_t* add_arrival(const fuzz_unix_t* socket, int status) {
  fuzz_unix_arrival_t* arrival = &arrivals[count];

  FUZZ_CHECK(count < ARRIVALS && socket->id < SOCKETS);
  memset(arrival, 0, sizeof(*arrival));
  arrival->id = socket->id;
  arrival->serial = ++count;
  arrival->status = status;
  arrival->asked = socket->asked;
  if (socket->id > last_id)
    last_id = socket->id;
  return arrival;
}

static uint32_t find(uint32_t id, uint32_t from) {
  while (from < count && arrivals[from].id != id)
    from++;
  return from;
}

const fuzz_unix_arrival_t* fuzz_unix_arrival(uint32_t id, uint32_t i) {
  uint32_t at = find(id, first[id]);

  while (i-- > 0 && at < count)
    at = find(id, at + 1);
  return at < count ? &arrivals[at] : NULL;
}

void fuzz_unix_take_arrival(uint32_t id) {
  first[id] = find(id, first[id]) + 1;
  FUZZ_CHECK(first[id] <= count);
}

/* -- one message -------------------------------------------------------------
 */

static uint8_t byte_of(const fuzz_unix_arrival_t* arrival, uint32_t i) {
  return (uint8_t) (arrival->serial * 31 + i * 7 + i / 256);
}

static bool is_edge(const fuzz_unix_arrival_t* arrival, uint32_t i) {
  return i < EDGE || arrival->length - i <= EDGE;
}

static void write_bytes(const fuzz_unix_arrival_t* arrival, uint8_t* bytes) {
  uint32_t i;

  for (i = 0; i < arrival->length; i++)
    if (is_edge(arrival, i))
      bytes[i] = byte_of(arrival, i);
}

void fuzz_unix_check_bytes(const fuzz_unix_arrival_t* arrival,
                           const uint8_t* bytes) {
  uint32_t i;

  for (i = 0; i < arrival->length; i++)
    if (is_edge(arrival, i))
      FUZZ_CHECK(bytes[i] == byte_of(arrival, i));
}

/* Mostly short; sometimes more than a slot of the receive buffer has, which is
 * cut. */
static uint32_t draw_length(struct msghdr* header) {
  fuzz_input_t* input = fuzz_kernel_input;

  if (!fuzz_one_in(input, 16))
    return fuzz_below(input, 200);
  if (fuzz_one_in(input, 4)) {
    header->msg_flags |= MSG_TRUNC;
    return FUZZ_UNIX_SLOT_SIZE;
  }
  return FUZZ_UNIX_SLOT_SIZE - fuzz_below(input, 2) * fuzz_u16(input);
}

/* The name as the kernel returns it: a pathname is terminated, also one that
 * has as many bytes as sun_path. A socket without a name has no address, or
 * only a family (socketpair(2)). */
static void put_source(struct msghdr* header, fuzz_unix_arrival_t* arrival) {
  const size_t start = offsetof(struct sockaddr_un, sun_path);
  struct sockaddr_storage address = {.ss_family = AF_UNIX};
  size_t size = start;

  FUZZ_CHECK(header->msg_namelen >= sizeof(struct sockaddr_un) + 1);
  if (!fuzz_one_in(fuzz_kernel_input, 4)) {
    fuzz_unix_draw_name(fuzz_kernel_input, &arrival->source);
    memcpy((char*) &address + start,
           arrival->source.bytes,
           arrival->source.length);
    size += arrival->source.length + dgram_path_is_file(&arrival->source);
  } else if (fuzz_one_in(fuzz_kernel_input, 2)) {
    size = 0;
  }
  memcpy(header->msg_name, &address, size);
  header->msg_namelen = (socklen_t) size;
}

/* -- ancillary data -----------------------------------------------------------
 */

/* The control buffer of a message, as put_cmsg() of the kernel fills it. */
typedef struct {
  char* next;
  size_t room;
  bool cut;
} control_t;

static bool put(control_t* control, int type, const void* value, size_t size) {
  struct cmsghdr cmsg = {.cmsg_level = SOL_SOCKET, .cmsg_type = type};
  size_t space = CMSG_SPACE(size);

  if (control->room < CMSG_LEN(size)) {
    control->cut = true;
    return false;
  }
  cmsg.cmsg_len = CMSG_LEN(size);
  memcpy(control->next, &cmsg, sizeof(cmsg));
  memcpy(control->next + CMSG_LEN(0), value, size);
  if (space > control->room)
    space = control->room;
  control->next += space;
  control->room -= space;
  return true;
}

static void put_timestamp(control_t* control, fuzz_unix_arrival_t* arrival) {
  struct timespec time = {.tv_sec = 1700000000 + arrival->serial,
                          .tv_nsec = fuzz_u16(fuzz_kernel_input)};

  if (!put(control, SCM_TIMESTAMPNS, &time, sizeof(time)))
    return;
  arrival->present |= DGRAM_INFO_TIMESTAMP;
  arrival->timestamp = (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

static void put_credentials(control_t* control, fuzz_unix_arrival_t* arrival) {
  struct ucred credentials;

  arrival->pid = fuzz_u16(fuzz_kernel_input);
  arrival->uid = fuzz_u32(fuzz_kernel_input);
  arrival->gid = arrival->serial;
  credentials.pid = (pid_t) arrival->pid;
  credentials.uid = arrival->uid;
  credentials.gid = arrival->gid;
  if (put(control, SCM_CREDENTIALS, &credentials, sizeof(credentials)))
    arrival->present |= DGRAM_INFO_CREDENTIALS;
}

/* Those descriptors are installed for which there is room. */
static void put_rights(control_t* control) {
  int fds[RIGHTS_MAX];
  uint32_t wanted = 1 + fuzz_below(fuzz_kernel_input, RIGHTS_MAX);
  uint32_t n = 0;

  while (n < wanted && CMSG_LEN((n + 1) * sizeof(int)) <= control->room)
    fds[n++] = fuzz_passed_open();
  control->cut |= n < wanted;
  if (n > 0)
    FUZZ_CHECK(put(control, SCM_RIGHTS, fds, n * sizeof(int)));
}

/* In the order of the kernel. An older sender may have sent no credentials, and
 * options of another owner of the descriptor add others (SO_PASSSEC). */
static void put_control(struct msghdr* header, fuzz_unix_arrival_t* arrival) {
  control_t control = {header->msg_control, header->msg_controllen, false};
  uint32_t kinds = fuzz_u8(fuzz_kernel_input);

  if (header->msg_control == NULL)
    FUZZ_CHECK(header->msg_controllen == 0);
  if (kinds & 1)
    put_timestamp(&control, arrival);
  if (kinds & 2)
    put_credentials(&control, arrival);
  if ((kinds & 12) == 12)
    (void) put(&control, 3 /* SCM_SECURITY */, "label", 6);
  if (kinds & 16)
    put_rights(&control);
  header->msg_controllen = header->msg_controllen - control.room;
  if (control.cut)
    header->msg_flags |= MSG_CTRUNC;
}

static void fill_message(const fuzz_unix_t* socket, struct mmsghdr* message) {
  struct msghdr* header = &message->msg_hdr;
  fuzz_unix_arrival_t* arrival = add_arrival(socket, 0);

  FUZZ_CHECK(header->msg_iovlen == 1 && header->msg_flags == 0);
  FUZZ_CHECK(header->msg_iov[0].iov_len == FUZZ_UNIX_SLOT_SIZE);
  arrival->length = draw_length(header);
  put_source(header, arrival);
  put_control(header, arrival);
  write_bytes(arrival, header->msg_iov[0].iov_base);
  message->msg_len = arrival->length;
  if (header->msg_flags & MSG_TRUNC) {
    arrival->status = UV_EMSGSIZE;
    return;
  }
  fuzz_unix_received++;
  fuzz_unix_received_bytes += arrival->length;
}

/* -- the system call ----------------------------------------------------------
 */

int fuzz_unix_receive(fuzz_unix_t* socket,
                      struct mmsghdr* messages,
                      unsigned n,
                      int flags) {
  static const int errors[] = {
      EAGAIN, EINTR, ECONNRESET, ECONNRESET, ENOMEM, EIO, EAGAIN, EAGAIN};
  int code;
  unsigned i;

  FUZZ_CHECK(flags == (MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
  if (fuzz_below(fuzz_kernel_input, 4) == 0) { /* also without input */
    code = errors[fuzz_below(fuzz_kernel_input, 8)];
    if (code == ENOMEM || code == EIO)
      add_arrival(socket, uv_translate_sys_error(code));
    errno = code;
    return -1;
  }
  n = 1 + fuzz_below(fuzz_kernel_input, n);
  for (i = 0; i < n; i++)
    fill_message(socket, &messages[i]);
  return (int) n;
}
