/* A compiler that only sleeps: takes gcc's place in toolchains, so that a farm can be full without a
   busy processor. A compilation sleeps for as long as its source says ("milliseconds_200") and leaves
   an object with nothing in it, or with noise that can't be packed ("megabytes_64") or can to its half
   ("packable" besides), and the list of files where it is asked for. Preprocessing a source that says how long, which includes nothing, copies
   it: gcc would need more of this machine's processors than the farm. Everything else is gcc's, which is
   told that it is this program. */
#include <elf.h>
#include <stdint.h>
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
    if ((strcmp(*words, "-o") == 0 || strcmp(*words, "-MF") == 0 || strcmp(*words, "-MT") == 0) &&
        words[1]) {
      words++;
    } else if (**words != '-' && dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".i") == 0)) {
      found = *words;
    }
  }
  return found;
}

static const char *behind(char **words, const char *option) {
  for (; *words; words++)
    if (strcmp(*words, option) == 0) return words[1];
  return NULL;
}

static int write_dependencies(const char *path, const char *target, const char *source) {
  FILE *file = fopen(path, "w");
  if (!file || fprintf(file, "%s: %s\n", target, source ? source : "") < 0) return 1;
  return fclose(file) != 0;
}

static const char *text_of(const char *path) {
  static char text[1 << 20];
  FILE *file = fopen(path ? path : "/dev/stdin", "r");
  if (!file) return text;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  return text;
}

static long number_behind(const char *text, const char *word) {
  const char *mark = strstr(text, word);
  return mark ? strtol(mark + strlen(word), NULL, 10) : 0;
}

/* Each source has its own noise. */
static int write_noise(FILE *file, long megabytes, const char *text) {
  static uint64_t words[(1 << 20) / sizeof(uint64_t)];
  uint64_t state = 1469598103934665603u, mask = strstr(text, "packable") ? 0x0f0f0f0f0f0f0f0fu : ~(uint64_t)0;
  for (; *text; text++) state = (state ^ (unsigned char)*text) * 1099511628211u;
  for (; megabytes > 0; megabytes--) {
    for (size_t index = 0; index < sizeof words / sizeof *words; index++) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      words[index] = state & mask;
    }
    if (fwrite(words, sizeof words, 1, file) != 1) return 1;
  }
  return 0;
}

static int preprocess(char **words, const char *source, const char *target, const char *list) {
  const char *named = behind(words, "-MT");
  FILE *file = target ? fopen(target, "w") : stdout;
  if (!file || fprintf(file, "# 1 \"%s\"\n%s", source, text_of(source)) < 0 || fclose(file) != 0)
    return 1;
  return list ? write_dependencies(list, named ? named : source, source) : 0;
}

/* Complete, for clients that look: a head, the table of sections, and their names. */
static int write_object(const char *path, const char *text) {
  static const char names[] = "\0.shstrtab";
  struct {
    Elf64_Ehdr head;
    Elf64_Shdr sections[2];
    char names[sizeof names];
  } object = {
      .head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
               .e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
               .e_ehsize = sizeof(Elf64_Ehdr), .e_shoff = sizeof(Elf64_Ehdr),
               .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 2, .e_shstrndx = 1},
      .sections = {{0}, {.sh_name = 1, .sh_type = SHT_STRTAB,
                         .sh_offset = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Shdr),
                         .sh_size = sizeof names, .sh_addralign = 1}}};
  memcpy(object.names, names, sizeof names);
  FILE *file = fopen(path, "w");
  if (!file || fwrite(&object, sizeof object, 1, file) != 1) return 1;
  if (write_noise(file, number_behind(text, "megabytes_"), text) != 0) return 1;
  return fclose(file) != 0;
}

int main(int count, char **words) {
  const char *target = behind(words, "-o"), *list = behind(words, "-MF"), *source = input(words);
  if (count >= 2 && has(words, "-E") && !has(words, "-###") && source &&
      strstr(text_of(source), "milliseconds_"))
    return preprocess(words, source, target, list);
  if (count < 2 || !target || !has(words, "-c") || has(words, "-E") || has(words, "-###")) {
    /* Or it would look for its programs beside this one. */
    setenv("GCC_EXEC_PREFIX", "/usr/lib/gcc/", 1);
    execv(real, words);
    perror(real);
    return 127;
  }
  const char *text = text_of(source);
  long wanted = number_behind(text, "milliseconds_");
  struct timespec time = {wanted / 1000, wanted % 1000 * 1000000};
  while (nanosleep(&time, &time) != 0) {}
  if (list && write_dependencies(list, target, source) != 0) return 1;
  return write_object(target, text);
}
