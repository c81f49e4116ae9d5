#include "ctl/show_style.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Narrower, or wider, is nothing that a person looks at. */
#define WIDTH_MIN 20
#define WIDTH_MAX 10000

static unsigned width_of(const char *columns)
{
	char *end;
	unsigned long width;

	if (!columns || columns[0] < '0' || columns[0] > '9')
		return 0;
	width = strtoul(columns, &end, 10);
	return *end == '\0' && width >= WIDTH_MIN && width <= WIDTH_MAX ? (unsigned)width
									: 0;
}

static bool has_colors(void)
{
	const char *none = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return !(none && none[0]) && terminal && strcmp(terminal, "dumb") != 0;
}

void show_style_find(struct show_style *ret, bool full, bool plain)
{
	const bool terminal = isatty(STDOUT_FILENO);
	struct winsize size;

	*ret = (struct show_style){
		.head = true, .color = terminal && !plain && has_colors()};
	if (full)
		return;
	ret->width = width_of(getenv("COLUMNS"));
	if (ret->width == 0 && terminal)
		ret->width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
					     size.ws_col >= WIDTH_MIN
				     ? size.ws_col
				     : 80;
}
