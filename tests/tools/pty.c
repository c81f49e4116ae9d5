/*
 * Runs a program on a terminal of its own, of so many columns, and prints what it prints there, without
 * the carriage returns of the terminal. Its stderr goes there too. Ends as the program does.
 *
 *   pty COLUMNS PROGRAM [ARGUMENT]...
 */
#include <errno.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 50

static void copy(int fd)
{
	char bytes[4096];
	ssize_t len;

	/* EIO: nobody has the other side open any more. */
	while ((len = read(fd, bytes, sizeof(bytes))) > 0 ||
		(len < 0 && errno == EINTR)) {
		for (ssize_t i = 0; i < len; i++)
			if (bytes[i] != '\r')
				putchar(bytes[i]);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct winsize size = {.ws_row = ROWS};
	int fd, status;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: pty COLUMNS PROGRAM [ARGUMENT]...\n");
		return 2;
	}
	size.ws_col = (unsigned short)strtoul(argv[1], NULL, 10);
	pid = forkpty(&fd, NULL, NULL, &size);
	if (pid < 0) {
		perror("pty: cannot make a terminal");
		return 77;
	}
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	copy(fd);
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
