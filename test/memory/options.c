/* The sanitizers' options, as a library that Node is linked with, so that they
 * also apply in a process with an empty environment. DGRAM_REPORTS is the
 * directory of the reports, DGRAM_UBSAN the library that is loaded. */
#include <dlfcn.h>
#include <stddef.h>

const char* __asan_default_options(void);  /* NOLINT: libasan's name */
const char* __lsan_default_options(void);  /* NOLINT */
const char* __ubsan_default_options(void); /* NOLINT */

/* The exit code does not report leaks: Node itself leaks memory at exit. Frames
 * name the module, whether its source is known or not. */
const char* __asan_default_options(void) { /* NOLINT */
  return "abort_on_error=1:detect_leaks=1:detect_odr_violation=0"
         ":malloc_context_size=12:log_path=" DGRAM_REPORTS
         "/asan"
         ":stack_trace_format=\"    #%n %p %F %L (%m)\"";
}

const char* __lsan_default_options(void) { /* NOLINT */
  return "exitcode=0";
}

const char* __ubsan_default_options(void) { /* NOLINT */
  return "print_stacktrace=1:stack_trace_format=\"    #%n %p %F %L (%m)\"";
}

/* Beside libasan, libubsan ignores log_path, and its own function for that is
 * hidden by libasan's function of the same name. */
__attribute__((constructor)) static void set_report_path(void) {
  void* ubsan = dlopen(DGRAM_UBSAN, RTLD_LAZY | RTLD_NOLOAD);
  void (*set)(const char*) = NULL;

  if (ubsan == NULL)
    return;
  *(void**) &set = dlsym(ubsan, "__sanitizer_set_report_path");
  if (set != NULL)
    set(DGRAM_REPORTS "/ubsan");
}
