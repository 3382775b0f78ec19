/* A compiler that only sleeps: takes gcc's place in toolchains, so that a farm can be full without a
   busy processor. A compilation sleeps for as long as its source says ("milliseconds_200") and leaves
   an object with nothing in it; everything else, preprocessing included, is gcc's. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char real[] = "/usr/bin/gcc";

static int has(char **words, const char *wanted) {
  for (; *words; words++)
    if (strcmp(*words, wanted) == 0) return 1;
  return 0;
}

static const char *input(char **words) {
  const char *found = NULL;
  for (words++; *words; words++) {
    const char *dot = strrchr(*words, '.');
    if (strcmp(*words, "-") == 0) return "/dev/stdin";
    if (strcmp(*words, "-o") == 0 && words[1]) {
      words++;
    } else if (**words != '-' && dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".i") == 0)) {
      found = *words;
    }
  }
  return found;
}

static const char *output(char **words) {
  for (; *words; words++)
    if (strcmp(*words, "-o") == 0) return words[1];
  return NULL;
}

static long duration(const char *path) {
  static char text[1 << 20];
  FILE *file = fopen(path ? path : "/dev/stdin", "r");
  if (!file) return 0;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  const char *mark = strstr(text, "milliseconds_");
  return mark ? strtol(mark + strlen("milliseconds_"), NULL, 10) : 0;
}

static int write_object(const char *path) {
  Elf64_Ehdr head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                     .e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
                     .e_ehsize = sizeof head, .e_shentsize = sizeof(Elf64_Shdr)};
  FILE *file = fopen(path, "w");
  if (!file || fwrite(&head, sizeof head, 1, file) != 1) return 1;
  return fclose(file) != 0;
}

int main(int count, char **words) {
  const char *target = output(words);
  if (count < 2 || !target || !has(words, "-c") || has(words, "-E") || has(words, "-###")) {
    words[0] = (char *)real;
    execv(real, words);
    perror(real);
    return 127;
  }
  long wanted = duration(input(words));
  struct timespec time = {wanted / 1000, wanted % 1000 * 1000000};
  while (nanosleep(&time, &time) != 0) {}
  return write_object(target);
}
