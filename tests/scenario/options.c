#include "options.h"

#include <stdlib.h>

bool flow_option(struct flow_options *options, int letter, const char *value)
{
	uint64_t number = value ? strtoull(value, NULL, 10) : 0;

	switch (letter) {
	case 's':
		options->seed = number;
		return true;
	case 'p':
		options->seed = number;
		options->runs = 1;
		options->replay = true;
		return true;
	case 'r':
		if (!options->seconds)
			options->runs = number;
		return true;
	case 't':
		options->seconds = (unsigned)number;
		options->runs = UINT64_MAX;
		return true;
	case 'e':
		options->events = (unsigned)number;
		return true;
	case 'a':
		options->all = true;
		return true;
	default:
		return false;
	}
}
