#include "steps.h"

#include <stdlib.h>
#include <string.h>

void steps_add(struct steps *steps, const char *text)
{
	char **grown = realloc(steps->texts, (steps->count + 1) * sizeof(*grown));

	if (!grown)
		abort();
	steps->texts = grown;
	steps->texts[steps->count++] = strdup(text);
}

void steps_copy_without(
	struct steps *to, const struct steps *from, unsigned at, unsigned count)
{
	*to = (struct steps){0};
	for (unsigned i = 0; i < from->count; i++)
		if (i < at || i >= at + count)
			steps_add(to, from->texts[i]);
}

void steps_copy(struct steps *to, const struct steps *from)
{
	steps_copy_without(to, from, 0, 0);
}

void steps_print(const struct steps *steps, struct buf *out)
{
	for (unsigned i = 0; i < steps->count; i++)
		buf_printf(out, "%s\n", steps->texts[i]);
}

void steps_free(struct steps *steps)
{
	for (unsigned i = 0; i < steps->count; i++)
		free(steps->texts[i]);
	free(steps->texts);
	*steps = (struct steps){0};
}
