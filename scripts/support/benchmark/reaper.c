/* Runs a program and waits for all that it leaves behind, so that no processor time goes uncounted:
   Mozilla's build server starts a bubblewrap for each job, which ends before its children are waited
   for. reaper PROGRAM ARGUMENTS... */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t program;

static void pass_on(int number) {
  if (program > 0) kill(program, number);
}

int main(int count, char **words) {
  if (count < 2) return 2;
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return 3;
  signal(SIGTERM, pass_on);
  program = fork();
  if (program == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(words[1], words + 1);
    perror(words[1]);
    _exit(127);
  }
  for (;;) {
    int status;
    pid_t ended = wait(&status);
    if (ended == program) return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    if (ended < 0 && errno != EINTR) return 4;
  }
}
