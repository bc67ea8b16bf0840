#include "core/send_settings.h"

#include <stdlib.h>
#include <string.h>

#include "core/env.h"
#include "platform/options.h"
#include "transport/transport.h"

/* Size of a new table. It doubles until the slot fits. */
#define SIZE_MIN 16u

static int grow(dgram_send_settings_table_t* table, uint32_t slot) {
  uint32_t size = table->size == 0 ? SIZE_MIN : table->size;
  dgram_send_settings_t* slots;

  while (size <= slot)
    size *= 2;
  slots = realloc(table->slots, size * sizeof(slots[0]));
  if (slots == NULL)
    return UV_ENOMEM;
  memset(slots + table->size, 0, (size - table->size) * sizeof(slots[0]));
  table->slots = slots;
  table->size = size;
  return 0;
}

static bool in_range(int32_t value, int32_t min) {
  return value == DGRAM_SETTING_UNSET || (value >= min && value <= 255);
}

/* Stores the address, and the interface of its zone if none is given. */
static int parse_local(dgram_send_settings_t* out,
                       const dgram_send_settings_text_t* text) {
  dgram_address_t address;
  int rc = dgram_address_parse(&address, text->family, text->local_address, 0);

  if (rc != 0)
    return rc;
  if (address.any.sa_family == AF_INET6) {
    out->local = address.in6.sin6_addr;
    if (out->interface_index == 0)
      out->interface_index = address.in6.sin6_scope_id;
    return 0;
  }
  memset(&out->local.s6_addr[10], 0xff, 2);
  memcpy(&out->local.s6_addr[12], &address.in4.sin_addr, 4);
  return 0;
}

static int parse(dgram_send_settings_t* out,
                 const dgram_send_settings_text_t* text) {
  int index;

  memset(out, 0, sizeof(*out));
  if (!in_range(text->tos, 0) || !in_range(text->ttl, 1))
    return UV_EINVAL;
  out->tos = text->tos;
  out->ttl = text->ttl;
  out->send_time = text->send_time;
  out->interface_index = text->interface_index;
  if (text->interface_name != NULL) {
    index = dgram_platform_interface(text->interface_name);
    if (index < 0)
      out->status = index;
    else
      out->interface_index = (uint32_t) index;
  }
  out->is_used = true;
  return text->local_address == NULL ? 0 : parse_local(out, text);
}

int dgram_send_settings_set(dgram_env_t* env,
                            uint32_t slot,
                            const dgram_send_settings_text_t* text) {
  dgram_send_settings_table_t* table = &env->send_settings;
  dgram_send_settings_t settings;
  int rc;

  if (!env->transport->features(env).send_settings)
    return UV_ENOTSUP;
  if (slot == 0 || slot >= DGRAM_SEND_SETTINGS_MAX)
    return UV_EINVAL;
  rc = parse(&settings, text);
  if (rc == 0 && slot >= table->size)
    rc = grow(table, slot);
  if (rc == 0)
    table->slots[slot] = settings;
  return rc;
}

void dgram_send_settings_free(dgram_send_settings_table_t* table) {
  free(table->slots);
  memset(table, 0, sizeof(*table));
}
