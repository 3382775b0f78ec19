#pragma once
/* libFuzzer as a library: an executable of SwiftPM has a main already. */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv,
                        int (*test)(const uint8_t *bytes, size_t count));
