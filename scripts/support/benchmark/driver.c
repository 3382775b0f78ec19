// Starts commands and measures them: the wall time from posix_spawn to the end of wait4, and the
// CPU time that the kernel charged to the process and to its own children.
//
//   driver alternate ROUNDS SECONDS SPEC     each round runs every command once, starting one
//                                            further each time; stops early after SECONDS
//   driver burst SPEC                        starts all commands at once, then waits for all
//
// SPEC has a line per item: "name N" begins a command, then "cwd D", "env K=V", "arg A" and
// "output P" (removed before, must be there after). Prints "name round wall user system failed"
// (nanoseconds) for each run, and for a burst "total WALL".
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { maximum_words = 4096, maximum_commands = 1024 };

struct command {
  char *name, *directory, *output;
  char **arguments, **environment;
  int argument_count, environment_count;
  posix_spawn_file_actions_t actions;
  pid_t pid;
  int64_t started;
};

struct sample {
  int64_t wall, user, system;
  int failed;
};

static struct command commands[maximum_commands];
static int command_count;

static void fail(const char *what, const char *detail) {
  fprintf(stderr, "driver: %s: %s\n", what, detail);
  exit(1);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int64_t nanoseconds(struct timeval time) {
  return time.tv_sec * INT64_C(1000000000) + time.tv_usec * INT64_C(1000);
}

static char **words(void) {
  char **result = calloc(maximum_words, sizeof *result);
  if (!result) fail("memory", strerror(errno));
  return result;
}

static void append(char **list, int *count, char *word) {
  if (*count >= maximum_words - 1) fail("too many words", word);
  list[(*count)++] = word;
}

static void read_item(char *key, char *value) {
  if (!strcmp(key, "name")) {
    if (command_count == maximum_commands) fail("too many commands", value);
    commands[command_count++] =
        (struct command){.name = value, .arguments = words(), .environment = words()};
    return;
  }
  if (!command_count) fail("item before the first name", key);
  struct command *command = &commands[command_count - 1];
  if (!strcmp(key, "cwd")) command->directory = value;
  else if (!strcmp(key, "output")) command->output = value;
  else if (!strcmp(key, "arg")) append(command->arguments, &command->argument_count, value);
  else if (!strcmp(key, "env")) append(command->environment, &command->environment_count, value);
  else fail("unknown item", key);
}

static void read_specification(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) fail(path, strerror(errno));
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  while ((length = getline(&line, &capacity, file)) > 0) {
    if (line[length - 1] == '\n') line[length - 1] = 0;
    char *space = strchr(line, ' ');
    if (!space) fail("a line without a value", line);
    *space = 0;
    read_item(line, strdup(space + 1));
  }
  free(line);
  fclose(file);
}

// What the commands print goes nowhere, except for their errors.
static void prepare_actions(struct command *command) {
  posix_spawn_file_actions_init(&command->actions);
  posix_spawn_file_actions_addopen(&command->actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&command->actions, 1, "/dev/null", O_WRONLY, 0);
  if (command->directory)
    posix_spawn_file_actions_addchdir_np(&command->actions, command->directory);
}

static char *in_directory(const struct command *command, char *buffer, size_t size) {
  if (command->output[0] == '/' || !command->directory) return command->output;
  snprintf(buffer, size, "%s/%s", command->directory, command->output);
  return buffer;
}

static void start(struct command *command) {
  char buffer[4096];
  if (command->output) unlink(in_directory(command, buffer, sizeof buffer));
  command->started = now();
  int error = posix_spawn(&command->pid, command->arguments[0], &command->actions, NULL,
                          command->arguments, command->environment);
  if (error) fail(command->arguments[0], strerror(error));
}

static struct sample finish(struct command *command, int status, const struct rusage *usage) {
  struct sample sample = {.wall = now() - command->started,
                          .user = nanoseconds(usage->ru_utime),
                          .system = nanoseconds(usage->ru_stime)};
  sample.failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
  char buffer[4096];
  struct stat output;
  if (command->output && (stat(in_directory(command, buffer, sizeof buffer), &output) != 0 ||
                          output.st_size == 0))
    sample.failed = 1;
  return sample;
}

static void print(const struct command *command, int round, struct sample sample) {
  printf("%s %d %lld %lld %lld %d\n", command->name, round, (long long)sample.wall,
         (long long)sample.user, (long long)sample.system, sample.failed);
}

static void alternate(int rounds, int64_t limit) {
  int64_t end = now() + limit;
  for (int round = 0; round < rounds && now() < end; round++) {
    for (int index = 0; index < command_count; index++) {
      struct command *command = &commands[(round + index) % command_count];
      int status;
      struct rusage usage;
      start(command);
      if (wait4(command->pid, &status, 0, &usage) != command->pid)
        fail("wait4", strerror(errno));
      print(command, round, finish(command, status, &usage));
    }
  }
}

static struct command *command_of(pid_t pid) {
  for (int index = 0; index < command_count; index++)
    if (commands[index].pid == pid) return &commands[index];
  return NULL;
}

static void burst(void) {
  int64_t begin = now();
  for (int index = 0; index < command_count; index++) start(&commands[index]);
  for (int left = command_count; left > 0;) {
    int status;
    struct rusage usage;
    pid_t pid = wait4(-1, &status, 0, &usage);
    if (pid < 0) fail("wait4", strerror(errno));
    struct command *command = command_of(pid);
    if (!command) continue;
    print(command, 0, finish(command, status, &usage));
    left--;
  }
  printf("total %lld\n", (long long)(now() - begin));
}

int main(int count, char **arguments) {
  if (count == 5 && !strcmp(arguments[1], "alternate")) read_specification(arguments[4]);
  else if (count == 3 && !strcmp(arguments[1], "burst")) read_specification(arguments[2]);
  else fail("usage", "driver alternate ROUNDS SECONDS SPEC | driver burst SPEC");
  for (int index = 0; index < command_count; index++) prepare_actions(&commands[index]);
  if (count == 5) alternate(atoi(arguments[2]), atoll(arguments[3]) * INT64_C(1000000000));
  else burst();
  return 0;
}
