/* An addon with the errors that `npm run test:memory` has to detect. The script
 * fails unless each of them is reported. */
#include <limits.h>
#include <stdlib.h>

#define NAPI_VERSION 8
#include <node_api.h>

/* Volatile here and below, so that the compiler does not detect the error. */
static volatile size_t size = 64;

static napi_value canary_leak(napi_env env, napi_callback_info info) {
  (void) env;
  (void) info;
  void* volatile kept = malloc(size);
  kept = NULL;
  (void) kept;
  return NULL;
}

static napi_value canary_overflow(napi_env env, napi_callback_info info) {
  (void) env;
  (void) info;
  volatile char* bytes = malloc(size);
  bytes[size] = 1; /* NOLINT: on purpose */
  free((void*) bytes);
  return NULL;
}

static napi_value canary_use_after_free(napi_env env, napi_callback_info info) {
  (void) env;
  (void) info;
  volatile char* bytes = malloc(size);
  free((void*) bytes);
  bytes[0] = 1; /* NOLINT: on purpose */
  return NULL;
}

static napi_value canary_undefined(napi_env env, napi_callback_info info) {
  (void) env;
  (void) info;
  static volatile int largest = INT_MAX;
  largest = largest + 1; /* NOLINT: on purpose */
  return NULL;
}

static napi_value canary_nothing(napi_env env, napi_callback_info info) {
  (void) env;
  (void) info;
  void* volatile kept = malloc(size);
  free((void*) kept);
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"leak", NULL, canary_leak, NULL, NULL, NULL, napi_default, NULL},
      {"overflow", NULL, canary_overflow, NULL, NULL, NULL, napi_default, NULL},
      {"useAfterFree",
       NULL,
       canary_use_after_free,
       NULL,
       NULL,
       NULL,
       napi_default,
       NULL},
      {"undefined",
       NULL,
       canary_undefined,
       NULL,
       NULL,
       NULL,
       napi_default,
       NULL},
      {"nothing", NULL, canary_nothing, NULL, NULL, NULL, napi_default, NULL},
  };
  if (napi_define_properties(env,
                             exports,
                             sizeof(properties) / sizeof(properties[0]),
                             properties) != napi_ok)
    return NULL;
  return exports;
}
