/* Descriptors of UDP sockets that libuv does not create, or not with all of
 * their options. For names.c, the other functions of descriptor.c are those of
 * socket.h. Functions return 0 or a UV_ code. */
#ifndef DGRAM_DESCRIPTOR_H
#define DGRAM_DESCRIPTOR_H

#include "core/socket.h"

/* Creates the descriptor, which libuv would do in uv_udp_bind(). Returns it, or
 * a UV_ code. */
int dgram_descriptor_create(dgram_socket_t* socket, int family);

/* Creates the descriptor if libuv would not set all of its options. */
int dgram_descriptor_prepare(dgram_socket_t* socket, int family);

/* The option steering, of a bound descriptor. */
int dgram_descriptor_set_steering(dgram_socket_t* socket, int fd);

/* With GRO the kernel selects one socket for datagrams with different keys. So
 * it stays off if the payload has a key. */
void dgram_descriptor_keep_keys_apart(dgram_socket_t* socket);

#endif
