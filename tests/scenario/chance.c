#include "chance.h"

#include "dice.h"

#include "base/hash.h"
#include "base/secret.h"

#include <sys/types.h>

static struct dice dice;
static unsigned asked;

ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags);

ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags)
{
	uint8_t *out = bytes;

	(void)flags;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)dice_below(&dice, 256);
	asked++;
	return (ssize_t)len;
}

void chance_seed(uint64_t seed)
{
	unsigned before;
	char token[3];

	hash_bytes("", 0, 0); /* its key, one for the process, is not of this walk */
	dice_seed(&dice, seed);
	/* tokens come from a pool: what is left in it is of the walk before */
	before = asked;
	while (asked == before)
		secret_token(token, 1);
}
