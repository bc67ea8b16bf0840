/* What Unix sockets that send should do. The model follows the calls of the
 * target, and checks outcomes against the log of the simulated kernel. */
#ifndef DGRAM_FUZZ_UNIX_MODEL_H
#define DGRAM_FUZZ_UNIX_MODEL_H

#include "core/socket.h"
#include "unix_outgoing.h"

/* Limits of one input. */
#define FUZZ_UNIX_DATAGRAMS 512
#define FUZZ_UNIX_MODELS 64

typedef struct {
  uint32_t ticket;
  uint32_t length;
  uint32_t hash;   /* of the payload */
  bool to_peer;    /* the one that the socket is connected to when it leaves */
  bool is_foreign; /* the destination is no Unix socket */
  dgram_path_t to;
} fuzz_unix_datagram_t;

typedef struct {
  dgram_socket_t* socket; /* NULL: closed */
  uint32_t id;            /* of the descriptor; 0: none yet */
  bool connected;
  dgram_path_t peer;
  fuzz_unix_datagram_t waiting[FUZZ_UNIX_DATAGRAMS]; /* DGRAM_QUEUED */
  uint32_t head;
  uint32_t tail;
  size_t bytes;
  dgram_congestion_t next_event;
  dgram_stats_t stats;
} fuzz_unix_model_t;

typedef struct {
  fuzz_unix_model_t* models[FUZZ_UNIX_MODELS];
  uint32_t count;
  dgram_stats_t total; /* of all sockets */
} fuzz_unix_models_t;

/* Adds a new socket. */
void fuzz_unix_model_add(fuzz_unix_models_t* all, dgram_socket_t* socket);

/* The model of a socket that is not closed, or NULL. */
fuzz_unix_model_t* fuzz_unix_model(const fuzz_unix_models_t* all,
                                   const dgram_socket_t* socket);

/* The first datagram, bind or connect creates the descriptor. */
void fuzz_unix_model_find_descriptor(fuzz_unix_model_t* model);

/* The socket is connected to `peer`; with an empty path disconnected. */
void fuzz_unix_model_connect(fuzz_unix_model_t* model,
                             const dgram_path_t* peer);

void fuzz_unix_model_queue(fuzz_unix_model_t* model,
                           const fuzz_unix_datagram_t* datagram);

/* Returns the first datagram of the queue, and removes it. */
const fuzz_unix_datagram_t* fuzz_unix_model_unqueue(fuzz_unix_model_t* model);

/* Checks the end of a datagram: it was sent (0), or failed with this code. */
void fuzz_unix_model_end(const fuzz_unix_model_t* model,
                         const fuzz_unix_datagram_t* datagram,
                         int code);

/* Counts it. `model` NULL: only in the total. `status` as in dgram_send_t. */
void fuzz_unix_model_count(fuzz_unix_models_t* all,
                           fuzz_unix_model_t* model,
                           int status,
                           size_t length);

/* Checks an event of a congestion. */
void fuzz_unix_model_congestion(fuzz_unix_model_t* model,
                                dgram_congestion_t event);

/* Checks queues, counters, and that what waits will be sent. */
void fuzz_unix_models_check(const fuzz_unix_models_t* all);

/* After the reports of dgram_env_before_poll(): a congestion has begun if
 * datagrams wait, and is over if none does. */
void fuzz_unix_models_check_congestions(const fuzz_unix_models_t* all);

/* Checks the counters of closed sockets, of which all are, and frees. */
void fuzz_unix_models_close(fuzz_unix_models_t* all,
                            const dgram_stats_t* closed_stats);

#endif
