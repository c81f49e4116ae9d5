/*
 * UDPTL: what is taken is one whole datagram, whose parts, measured again here in another way,
 * fill it to its last byte; cut short or with a byte more it is none.
 */
#include "fuzz.h"
#include "media/udptl.h"

#include <string.h>

#define DATAGRAM_MAX 2048

/* The bytes of an open type at DATA and its length. */
static size_t sized(const uint8_t *data)
{
	return data[0] < 0x80 ? 1u + data[0]
			      : 2u + (size_t)((data[0] & 0x3f) << 8 | data[1]);
}

static size_t measure(const uint8_t *data, const struct udptl *udptl)
{
	size_t at = 2 + sized(data + 2);

	MUST(at == 2 + udptl->primary_len +
			   (udptl->primary_len < 128 && data[2] < 0x80 ? 1 : 2));
	MUST((data[at] == 0x80) == udptl->fec);
	at += udptl->fec ? 3 : 1;
	at += data[at] < 0x80 ? 1 : 2;
	for (unsigned i = 0; i < udptl->recovery; i++)
		at += sized(data + at);
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct udptl udptl, ignored;
	uint8_t more[DATAGRAM_MAX + 1] = {0};
	uint8_t *less;

	if (size > DATAGRAM_MAX || !udptl_parse(data, size, &udptl))
		return 0;
	MUST(size >= 6 && udptl.primary_len > 0 && udptl.recovery <= UDPTL_RECOVERY_MAX);
	MUST(udptl.seq == (data[0] << 8 | data[1]));
	MUST(measure(data, &udptl) == size);
	memcpy(more, data, size);
	MUST(!udptl_parse(more, size + 1, &ignored));
	/* in a block of its own, so that a read behind its end shows */
	for (size_t len = 0; len < size; len++) {
		less = malloc(len);
		MUST(less || len == 0);
		memcpy(less, data, len);
		MUST(!udptl_parse(less, len, &ignored));
		free(less);
	}
	return 0;
}
