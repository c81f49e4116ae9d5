#include "ctl/count.h"

#include "base/span.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int count_option(
	char *const *words, const char *option, unsigned min, unsigned max, unsigned *ret)
{
	uint64_t number;

	for (; *words; words++) {
		if (strcmp(*words, option) != 0)
			continue;
		if (!words[1] || span_uint(span_of(words[1]), max, &number) ||
			number < min) {
			fprintf(stderr,
				"tandemctl: %s %s: expected a number from %u to %u\n",
				option, words[1] ? words[1] : "", min, max);
			return -EINVAL;
		}
		*ret = (unsigned)number;
	}
	return 0;
}
