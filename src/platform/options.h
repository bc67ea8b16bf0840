/* Socket options that libuv does not have. linux.c implements all of them, with
 * linux_steering.c;
 * no_options.c, for other platforms, returns UV_ENOTSUP from every function.
 *
 * `fd` is the descriptor of a UDP socket. Functions return 0, the value named
 * in their comment, or a UV_ code. */
#ifndef DGRAM_PLATFORM_OPTIONS_H
#define DGRAM_PLATFORM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"

/* False: every function below fails with UV_ENOTSUP. */
extern const bool dgram_platform_has_options;

/* Longer than any interface name. */
#define DGRAM_DEVICE_SIZE 64

/* An option of dgram_open_options_t that keeps the value of the system. */
#define DGRAM_UNSET (-1)

/* How the kernel selects the socket for a datagram among those that share a
 * port (SO_REUSEPORT). The index of a socket is the order of bind(2). */
typedef struct {
  uint32_t workers; /* sockets; 0: no steering */
  uint32_t length;  /* of the key in the payload, in bytes; 0: the key is the
                       number of the CPU that processes the datagram */
  uint32_t offset;  /* of the key, in bytes */
} dgram_steering_t;

#define DGRAM_STEERING_WORKERS_MAX 65535u
#define DGRAM_STEERING_LENGTH_MAX 20u /* of a QUIC connection id (RFC 9000) */
#define DGRAM_STEERING_OFFSET_MAX 65535u

/* Options of createSocket() that are set when the descriptor is created, before
 * bind(2). */
typedef struct {
  char device[DGRAM_DEVICE_SIZE]; /* SO_BINDTODEVICE; "": unset */
  int64_t multicast_all;          /* IP_MULTICAST_ALL, IPV6_MULTICAST_ALL */
  int64_t freebind;               /* IP_FREEBIND */
  int64_t transparent;            /* IP_TRANSPARENT */
  int64_t priority;               /* SO_PRIORITY, uint32 */
  int64_t mark;                   /* SO_MARK, uint32 */
  int64_t icmp_errors;            /* IP_RECVERR, IPV6_RECVERR */
  int64_t txtime;                 /* SO_TXTIME: the id of its clock */
  dgram_steering_t steering;      /* set after bind(2), for all sockets of the
                                     port */
} dgram_open_options_t;

/* Sets the options. After an error `*failed` is the name of the option, as in
 * createSocket(). */
int dgram_platform_set_open_options(int fd,
                                    const dgram_open_options_t* options,
                                    const char** failed);

/* Selects the socket of a port by the key modulo the number of workers. The key
 * in the payload is a big-endian number. If there is no socket with that index,
 * or the datagram ends before the key does, the kernel hashes the addresses and
 * ports. The option is that of the port: the last call applies to all of its
 * sockets. UV_EINVAL if `fd` is not bound with SO_REUSEPORT. */
int dgram_platform_set_steering(int fd, const dgram_steering_t* steering);

/* Has the kernel add control messages to received datagrams: IP_PKTINFO,
 * IP_RECVTOS, IP_RECVTTL, SO_TIMESTAMPNS and their counterparts of IPv6.
 * `info`: DGRAM_INFO_*. */
int dgram_platform_set_receive_info(int fd, uint32_t info);

/* IP_TOS, and IPV6_TCLASS on an IPv6 socket, which sends with IP_TOS to
 * IPv4-mapped addresses. `tos`: 0 to 255. */
int dgram_platform_set_tos(int fd, int tos);

/* Returns the value of IPV6_TCLASS or IP_TOS. */
int dgram_platform_get_tos(int fd);

/* Modes of IP_MTU_DISCOVER and IPV6_MTU_DISCOVER. */
typedef enum {
  DGRAM_FRAGMENT,      /* DF is never set: IP_PMTUDISC_DONT */
  DGRAM_DONT_FRAGMENT, /* DF is set; longer than the path MTU: EMSGSIZE */
  DGRAM_PROBE_MTU,     /* DF is set; longer than the device's MTU: EMSGSIZE */
} dgram_fragment_t;

int dgram_platform_set_fragment(int fd, dgram_fragment_t mode);

/* Returns the path MTU of a connected socket in bytes, IP header included. */
int dgram_platform_get_mtu(int fd, const dgram_address_t* peer);

/* SO_MAX_PACING_RATE in bytes per second; UINT64_MAX: no limit. */
int dgram_platform_set_pacing_rate(int fd, uint64_t rate);

/* Returns the index of an interface (if_nametoindex(3)). */
int dgram_platform_interface(const char* name);

/* Stores the name of an interface in the network namespace of the socket, with
 * its NUL. UV_ENODEV: there is none, or `size` is less than IFNAMSIZ. */
int dgram_platform_interface_name(int fd,
                                  uint32_t index,
                                  char* out,
                                  size_t size);

/* Stores the indexes of the interfaces that can receive multicast datagrams.
 * `up`: only those that are up. Returns how many there are, at most `max`. */
int dgram_platform_multicast_interfaces(bool up, uint32_t* out, size_t max);

/* Joins or leaves a group on one interface: MCAST_JOIN_GROUP and the like
 * (RFC 3678). `source` NULL: datagrams of any source. */
int dgram_platform_set_group(int fd,
                             const dgram_address_t* group,
                             const dgram_address_t* source,
                             uint32_t interface_index,
                             bool join);

/* Reads how many datagrams the kernel has dropped because the receive buffer
 * was full (SO_MEMINFO, Linux 4.12); the counter wraps. */
int dgram_platform_get_drops(int fd, uint32_t* out);

#endif
