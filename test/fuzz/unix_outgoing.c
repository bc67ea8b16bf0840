#include "unix_outgoing.h"

#include <errno.h>

/* Of one input. A datagram has several attempts. */
#define EVENTS 32768
#define SOCKETS 65536

/* ECONNRESET is the error of a datagram after this many in a row. */
#define RESETS 9

static struct {
  uint32_t id;
  uint32_t hash;
  int error; /* 0: the datagram was sent */
  bool taken;
} events[EVENTS];
static uint32_t count;
static uint32_t first[SOCKETS]; /* by id: none before it is left */
static uint32_t last_id;

void fuzz_unix_outgoing_reset(void) {
  memset(first, 0, (last_id + 1) * sizeof(first[0]));
  count = 0;
  last_id = 0;
}

uint32_t fuzz_unix_hash(const void* bytes, size_t length) {
  const uint8_t* byte = bytes;
  uint32_t hash = 2166136261u ^ (uint32_t) length;
  size_t i;

  /* FNV-1a; it reads every byte, as the kernel would. */
  for (i = 0; i < length; i++)
    hash = (hash ^ byte[i]) * 16777619u;
  return hash;
}

uint32_t fuzz_unix_hash_to(uint32_t hash, const dgram_path_t* to) {
  return (hash ^ fuzz_unix_hash(to->bytes, to->length)) * 16777619u;
}

static void log_event(uint32_t id, uint32_t hash, int error) {
  FUZZ_CHECK(count < EVENTS && id < SOCKETS);
  events[count].id = id;
  events[count].hash = hash;
  events[count].error = error;
  events[count].taken = false;
  count++;
  if (id > last_id)
    last_id = id;
}

void fuzz_unix_log_error(uint32_t id, int code) {
  log_event(id, 0, code);
}

void fuzz_unix_forget_error(void) {
  FUZZ_CHECK(count > 0 && events[count - 1].error != 0);
  events[--count].id = 0;
}

/* -- what has happened -------------------------------------------------------
 */

static bool may_be_repeated(int code) {
  return code == UV_ECONNRESET || code == UV_ECONNREFUSED ||
         code == UV_ENOTCONN;
}

/* Takes the next event of that kind. Nothing but repeated errors is skipped. */
static void expect(uint32_t id, uint32_t hash, int error) {
  uint32_t i;

  FUZZ_CHECK(id > 0 && id < SOCKETS);
  for (i = first[id];; i++) {
    FUZZ_CHECK(i < count);
    if (events[i].taken || events[i].id != id)
      continue;
    events[i].taken = true;
    if (events[i].error == error)
      break;
    FUZZ_CHECK(may_be_repeated(events[i].error));
  }
  FUZZ_CHECK(error != 0 || events[i].hash == hash);
  first[id] = i + 1;
}

void fuzz_unix_expect_sent(uint32_t id, uint32_t hash) {
  expect(id, hash, 0);
}

void fuzz_unix_expect_error(uint32_t id, int code) {
  int n = code == UV_ECONNRESET ? RESETS : 1;

  while (n-- > 0)
    expect(id, 0, code);
}

void fuzz_unix_outgoing_finish(void) {
  uint32_t i;

  for (i = 0; i < count; i++)
    FUZZ_CHECK(events[i].taken || may_be_repeated(events[i].error));
}

/* -- system calls ------------------------------------------------------------
 */

static bool is_logged(int code) {
  return code != EINTR && code != EAGAIN && code != ENOBUFS;
}

static int fail(const fuzz_unix_t* socket, int code) {
  if (is_logged(code))
    fuzz_unix_log_error(socket->id, uv_translate_sys_error(code));
  errno = code;
  return -1;
}

/* 0, or an errno. */
static int draw_result(fuzz_unix_t* socket, const struct msghdr* header) {
  static const int errors[] = {
      ENOENT, EACCES, EPERM, EPROTOTYPE, EMSGSIZE, ENOMEM, EINVAL, EPIPE};
  fuzz_input_t* input = fuzz_kernel_input;

  if (header->msg_name == NULL && !socket->has_peer)
    return ENOTCONN;
  switch (fuzz_below(input, 16)) {
    case 1:
      return EINTR;
    case 2:
    case 3:
      return EAGAIN;
    case 4:
      return ENOBUFS;
    case 5:
      return ECONNRESET;
    case 6: /* the peer is closed */
      if (header->msg_name == NULL)
        socket->has_peer = false;
      return ECONNREFUSED;
    case 7:
      return errors[fuzz_below(input, 8)];
    default:
      return 0;
  }
}

static void take_message(const fuzz_unix_t* socket,
                         const struct msghdr* header) {
  dgram_path_t to = socket->peer;
  uint32_t hash;

  FUZZ_CHECK(header->msg_iovlen == 1 && header->msg_controllen == 0);
  if (header->msg_name != NULL) {
    fuzz_unix_read_address(header->msg_name, header->msg_namelen, &to);
    FUZZ_CHECK(to.length > 0);
  }
  hash =
      fuzz_unix_hash(header->msg_iov[0].iov_base, header->msg_iov[0].iov_len);
  log_event(socket->id, fuzz_unix_hash_to(hash, &to), 0);
}

int fuzz_unix_send(fuzz_unix_t* socket, const struct msghdr* header) {
  int code = draw_result(socket, header);

  if (code != 0)
    return fail(socket, code);
  take_message(socket, header);
  return (int) header->msg_iov[0].iov_len;
}

int fuzz_unix_send_many(fuzz_unix_t* socket,
                        struct mmsghdr* messages,
                        unsigned n) {
  int code = draw_result(socket, &messages[0].msg_hdr);
  unsigned i;

  if (code != 0)
    return fail(socket, code);
  if (fuzz_one_in(fuzz_kernel_input, 4)) /* or none, and no error */
    n = fuzz_below(fuzz_kernel_input, n + 1);
  for (i = 0; i < n; i++) {
    if (messages[i].msg_hdr.msg_name == NULL && !socket->has_peer)
      break;
    take_message(socket, &messages[i].msg_hdr);
  }
  return (int) i;
}
