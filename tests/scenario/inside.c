#include "inside.h"

static bool now;

bool inside_set(bool inside)
{
	bool was = now;

	now = inside;
	return was;
}

bool inside_now(void)
{
	return now;
}
