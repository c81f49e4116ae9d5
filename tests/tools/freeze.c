/*
 * Stops one thread of another process, as a fault would that makes it wait for ever, and holds it until this program
 * is ended: a signal would stop them all. Says "frozen" first. Needs CAP_SYS_PTRACE.
 *
 *   freeze THREAD-ID
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int status;
	pid_t thread;

	if (argc != 2) {
		fputs("usage: freeze THREAD-ID\n", stderr);
		return 2;
	}
	thread = (pid_t)strtol(argv[1], NULL, 10);
	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0 ||
		ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 ||
		waitpid(thread, &status, __WALL) != thread) {
		perror("freeze");
		return 1;
	}
	puts("frozen");
	fflush(stdout);
	/* the kernel lets it go when we end */
	pause();
	return 0;
}
