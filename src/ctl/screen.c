#include "ctl/screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ECMA-48: all that is on the screen goes, and the cursor home; or what is behind the cursor. */
#define CLEAR "\033[H\033[2J"

static bool is_screen(void)
{
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

void screen_begin(unsigned nth)
{
	/* Whole pictures at once, so that nothing flickers. */
	if (nth == 0)
		setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (is_screen())
		fputs(CLEAR, stdout);
	else if (nth > 0)
		putchar('\n');
}

int screen_end(void)
{
	return fflush(stdout) == 0 ? 0 : -errno;
}

void screen_wait(unsigned ms)
{
	const struct timespec time = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&time, NULL);
}
