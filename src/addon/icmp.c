/* Calls hook.icmp(socket id, code, info) for an ICMP error. `info` is what the
 * event 'icmp' has: address, port, family, offender, type, code, mtu. */
#include "addon/addon.h"
#include "addon/napi_util.h"

static napi_status set_undefined(napi_env env,
                                 napi_value target,
                                 const char* name) {
  napi_value value;
  napi_status status = napi_get_undefined(env, &value);

  return status == napi_ok ? dgram_napi_set(env, target, name, value) : status;
}

/* An unknown address is undefined. */
static napi_status set_address(napi_env env,
                               napi_value target,
                               const char* name,
                               const dgram_source_text_t* text) {
  return text->length == 0 ? set_undefined(env, target, name)
                           : dgram_napi_set_string(
                                 env, target, name, text->text, text->length);
}

static napi_status set_family(napi_env env,
                              napi_value target,
                              uint32_t family) {
  return family == 0 ? set_undefined(env, target, "family")
                     : dgram_napi_set_string(env,
                                             target,
                                             "family",
                                             family == 6 ? "IPv6" : "IPv4",
                                             NAPI_AUTO_LENGTH);
}

static napi_status set_mtu(napi_env env, napi_value target, uint32_t mtu) {
  return mtu == 0 ? set_undefined(env, target, "mtu")
                  : dgram_napi_set_number(env, target, "mtu", mtu);
}

static napi_status create_info(napi_env env,
                               const dgram_icmp_error_t* error,
                               napi_value* out) {
  dgram_source_text_t destination = {0};
  dgram_source_text_t offender = {0};
  napi_status status = napi_create_object(env, out);

  dgram_address_describe(&error->destination.any, &destination);
  dgram_address_describe(&error->offender.any, &offender);
  if (status == napi_ok)
    status = set_address(env, *out, "address", &destination);
  if (status == napi_ok)
    status = dgram_napi_set_number(env, *out, "port", destination.port);
  if (status == napi_ok)
    status = set_family(env, *out, destination.family);
  if (status == napi_ok)
    status = set_address(env, *out, "offender", &offender);
  if (status == napi_ok)
    status = dgram_napi_set_number(env, *out, "type", error->type);
  if (status == napi_ok)
    status = dgram_napi_set_number(env, *out, "code", error->icmp_code);
  if (status == napi_ok)
    status = set_mtu(env, *out, error->mtu);
  return status;
}

/* The socket may be closed when this returns. */
void dgram_addon_on_icmp(dgram_socket_t* socket,
                         const dgram_icmp_error_t* error) {
  dgram_addon_t* addon = socket->env->data;
  napi_env env = addon->env;
  dgram_addon_scope_t scope;
  napi_value argv[3];
  napi_value result;

  if (!dgram_addon_open_scope(addon, &scope))
    return;
  if (napi_create_uint32(env, socket->id, &argv[0]) == napi_ok &&
      napi_create_int32(env, error->code, &argv[1]) == napi_ok &&
      create_info(env, error, &argv[2]) == napi_ok)
    (void) dgram_addon_call_hook(addon, DGRAM_HOOK_ICMP, 3, argv, &result);
  dgram_addon_close_scope(addon, &scope);
  dgram_addon_release_unused(addon);
}
