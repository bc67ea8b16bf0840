#include "unix_model.h"

#include "core.h"

void fuzz_unix_model_add(fuzz_unix_models_t* all, dgram_socket_t* socket) {
  fuzz_unix_model_t* model = calloc(1, sizeof(*model));

  FUZZ_CHECK(model != NULL && all->count < FUZZ_UNIX_MODELS);
  model->socket = socket;
  model->connected = socket->connected;
  fuzz_unix_model_find_descriptor(model);
  all->models[all->count++] = model;
}

fuzz_unix_model_t* fuzz_unix_model(const fuzz_unix_models_t* all,
                                   const dgram_socket_t* socket) {
  uint32_t i;

  for (i = 0; socket != NULL && i < all->count; i++)
    if (all->models[i]->socket == socket)
      return all->models[i];
  return NULL;
}

void fuzz_unix_model_find_descriptor(fuzz_unix_model_t* model) {
  const fuzz_unix_t* kernel = fuzz_unix(dgram_socket_fd(model->socket));

  if (model->id == 0 && kernel != NULL)
    model->id = kernel->id;
}

/* U7: what waits for the connected peer is still meant for it. */
void fuzz_unix_model_connect(fuzz_unix_model_t* model,
                             const dgram_path_t* peer) {
  uint32_t i;

  for (i = model->head; model->connected && i < model->tail; i++) {
    if (model->waiting[i].to_peer)
      model->waiting[i].to = model->peer;
    model->waiting[i].to_peer = false;
  }
  model->connected = peer->length > 0;
  model->peer = *peer;
}

/* -- datagrams --------------------------------------------------------------
 */

void fuzz_unix_model_queue(fuzz_unix_model_t* model,
                           const fuzz_unix_datagram_t* datagram) {
  FUZZ_CHECK(model->tail < FUZZ_UNIX_DATAGRAMS);
  model->waiting[model->tail++] = *datagram;
  model->bytes += datagram->length;
}

const fuzz_unix_datagram_t* fuzz_unix_model_unqueue(fuzz_unix_model_t* model) {
  FUZZ_CHECK(model->head < model->tail);
  model->bytes -= model->waiting[model->head].length;
  return &model->waiting[model->head++];
}

void fuzz_unix_model_end(const fuzz_unix_model_t* model,
                         const fuzz_unix_datagram_t* datagram,
                         int code) {
  const dgram_path_t* to = datagram->to_peer ? &model->peer : &datagram->to;

  if (code == 0) {
    FUZZ_CHECK(!datagram->is_foreign);
    FUZZ_CHECK(!datagram->to_peer || model->connected);
    fuzz_unix_expect_sent(model->id, fuzz_unix_hash_to(datagram->hash, to));
    return;
  }
  FUZZ_CHECK(code < 0 && code != UV_EAGAIN && code != UV_ENOBUFS);
  if (code == UV_ECANCELED)
    FUZZ_CHECK(model->socket->closing);
  else if (code == UV_EEXIST || code == UV_ENOSPC)
    FUZZ_CHECK(fuzz_poll_failed);
  else if (datagram->is_foreign)
    FUZZ_CHECK(code == UV_EINVAL);
  else if (code != UV_ENOTCONN || to->length > 0) /* else U2, U7: no name */
    fuzz_unix_expect_error(model->id, code);
}

void fuzz_unix_model_count(fuzz_unix_models_t* all,
                           fuzz_unix_model_t* model,
                           int status,
                           size_t length) {
  dgram_stats_t* each[] = {&all->total, model == NULL ? NULL : &model->stats};
  int i;

  for (i = 0; i < 2 && each[i] != NULL; i++) {
    each[i]->sent += status >= 0;
    each[i]->sent_bytes += status >= 0 ? length : 0;
    each[i]->send_errors += status < 0;
  }
}

void fuzz_unix_model_congestion(fuzz_unix_model_t* model,
                                dgram_congestion_t event) {
  FUZZ_CHECK(event == model->next_event);
  if (event == DGRAM_CONGESTION_DRAINED)
    FUZZ_CHECK(model->head == model->tail);
  model->next_event = event == DGRAM_CONGESTION_DRAINED
                          ? DGRAM_CONGESTION_BEGINS
                          : (dgram_congestion_t) (event + 1);
}

/* -- checks -----------------------------------------------------------------
 */

static bool is_open(const fuzz_unix_model_t* model) {
  return model->socket != NULL && !model->socket->closing;
}

static void check_stats(const dgram_stats_t* stats,
                        const dgram_stats_t* expected) {
  FUZZ_CHECK(stats->sent == expected->sent);
  FUZZ_CHECK(stats->sent_bytes == expected->sent_bytes);
  FUZZ_CHECK(stats->send_errors == expected->send_errors);
}

/* Datagrams that wait are sent later: when the socket is writable, or when its
 * timer expires (S4). */
static void check_wakers(const fuzz_unix_models_t* all) {
  uint32_t unpolled = 0;
  uint32_t timers = 0;
  uint32_t i;

  for (i = 0; i < FUZZ_WATCHES; i++)
    timers += fuzz_watches[i].on_timer != NULL;
  for (i = 0; i < all->count; i++) {
    const fuzz_unix_model_t* model = all->models[i];

    unpolled += is_open(model) && model->head < model->tail &&
                !fuzz_is_polled(model->socket, UV_WRITABLE);
  }
  FUZZ_CHECK(fuzz_poll_failed || unpolled <= timers);
}

void fuzz_unix_models_check(const fuzz_unix_models_t* all) {
  uint32_t i;

  for (i = 0; i < all->count; i++) {
    const fuzz_unix_model_t* model = all->models[i];

    if (!is_open(model))
      continue;
    FUZZ_CHECK(dgram_socket_queue_count(model->socket) ==
               model->tail - model->head);
    FUZZ_CHECK(dgram_socket_queue_size(model->socket) == model->bytes);
    check_stats(dgram_socket_stats(model->socket), &model->stats);
  }
  check_wakers(all);
}

void fuzz_unix_models_check_congestions(const fuzz_unix_models_t* all) {
  uint32_t i;

  for (i = 0; i < all->count; i++) {
    const fuzz_unix_model_t* model = all->models[i];

    if (is_open(model))
      FUZZ_CHECK((model->next_event == DGRAM_CONGESTION_BEGINS) ==
                 (model->head == model->tail));
  }
}

void fuzz_unix_models_close(fuzz_unix_models_t* all,
                            const dgram_stats_t* closed_stats) {
  uint32_t i;

  check_stats(closed_stats, &all->total);
  for (i = 0; i < all->count; i++) {
    FUZZ_CHECK(all->models[i]->socket == NULL);
    free(all->models[i]);
  }
}
