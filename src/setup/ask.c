#include "setup/ask.h"

#include "base/secret.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

bool ask_possible(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* One line of the input without blanks around it; cut at SIZE. */
static int read_line(char *ret, size_t size)
{
	char *line = NULL;
	size_t room = 0;
	char *begin;

	fflush(stdout);
	if (getline(&line, &room, stdin) < 0) {
		free(line);
		putchar('\n');
		return ERR_CLOSED;
	}
	begin = line + strspn(line, " \t");
	begin[strcspn(begin, "\r\n")] = '\0';
	while (begin[0] && strchr(" \t", begin[strlen(begin) - 1]))
		begin[strlen(begin) - 1] = '\0';
	snprintf(ret, size, "%s", begin);
	/* It may be a password. */
	secret_free(line, room);
	return 0;
}

int ask_line(const struct ask_question *question, char *ret, size_t size)
{
	struct err_text text;

	printf("\n%s\n  %s\n", question->question, question->why);
	for (;;) {
		if (question->fallback)
			printf("  [%s] > ", question->fallback);
		else
			printf("  > ");
		if (read_line(ret, size) != 0)
			return ERR_CLOSED;
		if (!ret[0] && question->fallback)
			snprintf(ret, size, "%s", question->fallback);
		text.text[0] = '\0';
		if (question->check_h(question->arg, ret, &text) == 0)
			return 0;
		printf("  %s\n", text.text);
	}
}

bool ask_yes(const char *question, bool fallback)
{
	char answer[16];

	printf("%s [%s] ", question, fallback ? "Y/n" : "y/N");
	if (read_line(answer, sizeof(answer)) != 0)
		return false;
	return answer[0] ? answer[0] == 'y' || answer[0] == 'Y' : fallback;
}

static volatile sig_atomic_t interrupted;

static void interrupt_h(int number)
{
	interrupted = number;
}

int ask_password(const char *question, char *ret, size_t size)
{
	/* Without SA_RESTART: the read ends, and the terminal echoes again before we do. */
	const struct sigaction end = {.sa_handler = interrupt_h};
	struct sigaction before_action;
	struct termios before, quiet;
	int err;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return ERR_CLOSED;
	interrupted = 0;
	sigaction(SIGINT, &end, &before_action);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	printf("%s: ", question);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	err = read_line(ret, size);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	putchar('\n');
	sigaction(SIGINT, &before_action, NULL);
	if (interrupted)
		raise(interrupted);
	return err;
}
