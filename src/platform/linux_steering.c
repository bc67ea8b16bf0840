/* Steering on Linux: a program of classic BPF that selects the socket of a port
 * for each datagram (SO_ATTACH_REUSEPORT_CBPF, Linux 4.5).
 *
 * The types and codes are defined here, as in bpf(4) of the BSDs: musl has no
 * headers of the kernel. */
#include <errno.h>
#include <sys/socket.h>

#include "platform/options.h"

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif

/* The class of an instruction, and what it does within its class. */
#define BPF_LD 0x00   /* load into A */
#define BPF_ALU 0x04  /* compute A */
#define BPF_JMP 0x05  /* compare A */
#define BPF_RET 0x06  /* end */
#define BPF_MISC 0x07 /* move */
#define BPF_IMM 0x00  /* load: the operand itself */
#define BPF_ABS 0x20  /* load: the datagram at an offset */
#define BPF_LEN 0x80  /* load: the length of the datagram */
#define BPF_W 0x00    /* load: 4 bytes */
#define BPF_H 0x08    /* load: 2 bytes */
#define BPF_B 0x10    /* load: 1 byte */
#define BPF_ADD 0x00
#define BPF_LSH 0x60
#define BPF_MOD 0x90
#define BPF_JGE 0x30
#define BPF_K 0x00 /* with the operand */
#define BPF_X 0x08 /* with the register X */
#define BPF_A 0x10 /* end: with A */
#define BPF_TAX 0x00

/* Offset of the number of the CPU, which is not part of the datagram. */
#define CPU_OFFSET ((uint32_t) (-0x1000 + 36))

/* A result that is not the index of a socket: the kernel then hashes the
 * addresses and ports, as without a program. */
#define NO_SOCKET UINT32_MAX

/* Instructions before and after those that read the key, and for each two bytes
 * of it. */
#define FIXED_INSTRUCTIONS 6
#define PAIR_INSTRUCTIONS 5
#define INSTRUCTIONS_MAX                                                       \
  (FIXED_INSTRUCTIONS + PAIR_INSTRUCTIONS * (DGRAM_STEERING_LENGTH_MAX / 2 + 1))

/* An instruction, struct sock_filter of the kernel. */
typedef struct {
  uint16_t code;
  uint8_t if_true; /* instructions to skip */
  uint8_t if_false;
  uint32_t operand;
} instruction_t;

/* The argument of the option, struct sock_fprog of the kernel. */
typedef struct {
  unsigned short length;
  instruction_t* code;
} filter_t;

typedef struct {
  instruction_t code[INSTRUCTIONS_MAX];
  unsigned short length;
} program_t;

static void add(program_t* program, int code, uint32_t operand) {
  program->code[program->length++] =
      (instruction_t){.code = (uint16_t) code, .operand = operand};
}

/* The CPU that processes the datagram, modulo the number of workers. */
static void write_cpu_program(program_t* program,
                              const dgram_steering_t* steering) {
  add(program, BPF_LD | BPF_W | BPF_ABS, CPU_OFFSET);
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
  program->code[program->length++] = (instruction_t){
      .code = BPF_JMP | BPF_JGE | BPF_K, .if_true = 1, .operand = end};
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
  filter_t argument;

  if (steering->workers == 0 ||
      steering->workers > DGRAM_STEERING_WORKERS_MAX ||
      steering->length > DGRAM_STEERING_LENGTH_MAX ||
      steering->offset > DGRAM_STEERING_OFFSET_MAX)
    return UV_EINVAL;
  if (steering->length == 0)
    write_cpu_program(&program, steering);
  else
    write_key_program(&program, steering);
  argument.length = program.length;
  argument.code = program.code;
  return setsockopt(fd,
                    SOL_SOCKET,
                    SO_ATTACH_REUSEPORT_CBPF,
                    &argument,
                    sizeof(argument)) == 0
             ? 0
             : uv_translate_sys_error(errno);
}
