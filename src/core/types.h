/* Names of the structs that the headers of core/ and transport/ point to. */
#ifndef DGRAM_TYPES_H
#define DGRAM_TYPES_H

typedef struct dgram_env_s dgram_env_t;             /* env.h */
typedef struct dgram_held_s dgram_held_t;           /* held.h */
typedef struct dgram_socket_s dgram_socket_t;       /* socket.h */
typedef struct dgram_transport_s dgram_transport_t; /* transport.h */

#endif
