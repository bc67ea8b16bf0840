/* A program on musl that loads a Node addon, to show that musl's dynamic linker
 * finds all symbols: Node-API and libuv in stubs.c, those of the C library in
 * musl itself. No function is called. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char** argv) {
  void* addon = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;

  if (addon == NULL) {
    puts(argc == 2 ? dlerror() : "usage: musl-host ADDON");
    return 1;
  }
  if (dlsym(addon, "napi_register_module_v1") == NULL) {
    puts("no napi_register_module_v1");
    return 1;
  }
  puts("loaded");
  return 0;
}
