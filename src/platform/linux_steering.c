/* Steering on Linux: a program of classic BPF that selects the socket of a port
 * for each datagram (SO_ATTACH_REUSEPORT_CBPF, Linux 4.5). */
#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

#include "platform/options.h"

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif

/* A result that is not the index of a socket: the kernel then hashes the
 * addresses and ports, as without a program. */
#define NO_SOCKET UINT32_MAX

/* Instructions before and after those that read the key, and for each two bytes
 * of it. */
#define FIXED_INSTRUCTIONS 6
#define PAIR_INSTRUCTIONS 5
#define INSTRUCTIONS_MAX                                                       \
  (FIXED_INSTRUCTIONS + PAIR_INSTRUCTIONS * (DGRAM_STEERING_LENGTH_MAX / 2 + 1))

typedef struct {
  struct sock_filter code[INSTRUCTIONS_MAX];
  unsigned short length;
} program_t;

static void add(program_t* program, int code, uint32_t operand) {
  struct sock_filter* instruction = &program->code[program->length++];

  instruction->code = (unsigned short) code;
  instruction->k = operand;
}

/* The CPU that processes the datagram, modulo the number of workers. */
static void write_cpu_program(program_t* program,
                              const dgram_steering_t* steering) {
  add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t) (SKF_AD_OFF + SKF_AD_CPU));
  add(program, BPF_ALU | BPF_MOD | BPF_K, steering->workers);
  add(program, BPF_RET | BPF_A, 0);
}

/* The key modulo the number of workers, computed from the first byte on:
 * remainder = (remainder * 65536 + next two bytes) % workers. The remainder has
 * 16 bits (DGRAM_STEERING_WORKERS_MAX), so nothing overflows. Offset 0 is the
 * first byte behind the header of UDP.
 *
 * A load beyond the end of the datagram would end the program with 0, the first
 * socket. So the length is checked before. */
static void write_key_program(program_t* program,
                              const dgram_steering_t* steering) {
  uint32_t offset = steering->offset;
  uint32_t end = offset + steering->length;

  add(program, BPF_LD | BPF_W | BPF_LEN, 0);
  program->code[program->length++] =
      (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, end, 1, 0);
  add(program, BPF_RET | BPF_K, NO_SOCKET);
  add(program, BPF_LD | BPF_IMM, 0);
  if (steering->length % 2 == 1) {
    add(program, BPF_LD | BPF_B | BPF_ABS, offset++);
    add(program, BPF_ALU | BPF_MOD | BPF_K, steering->workers);
  }
  for (; offset < end; offset += 2) {
    add(program, BPF_ALU | BPF_LSH | BPF_K, 16);
    add(program, BPF_MISC | BPF_TAX, 0);
    add(program, BPF_LD | BPF_H | BPF_ABS, offset);
    add(program, BPF_ALU | BPF_ADD | BPF_X, 0);
    add(program, BPF_ALU | BPF_MOD | BPF_K, steering->workers);
  }
  add(program, BPF_RET | BPF_A, 0);
}

int dgram_platform_set_steering(int fd, const dgram_steering_t* steering) {
  program_t program = {.length = 0};
  struct sock_fprog argument;

  if (steering->workers == 0 ||
      steering->workers > DGRAM_STEERING_WORKERS_MAX ||
      steering->length > DGRAM_STEERING_LENGTH_MAX ||
      steering->offset > DGRAM_STEERING_OFFSET_MAX)
    return UV_EINVAL;
  if (steering->length == 0)
    write_cpu_program(&program, steering);
  else
    write_key_program(&program, steering);
  argument.len = program.length;
  argument.filter = program.code;
  return setsockopt(fd,
                    SOL_SOCKET,
                    SO_ATTACH_REUSEPORT_CBPF,
                    &argument,
                    sizeof(argument)) == 0
             ? 0
             : uv_translate_sys_error(errno);
}
