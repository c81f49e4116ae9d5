#include "admin/ladder_digits.h"

#include <string.h>

#define MAP "a=rtpmap:"
#define EVENT "telephone-event/"
#define RTP_HEAD 12
#define EVENT_BYTES 4
#define END 0x80
#define EXTENSION 0x10

static uint32_t get32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       at[3];
}

/* "101 telephone-event/8000" */
static void learn(struct ladder_digits *digits, struct span map)
{
	struct span number;
	uint64_t type;

	if (span_next(&map, ' ', &number) && span_uint(number, 127, &type) == 0 &&
		map.p && span_starts(map, EVENT))
		digits->types[type / 64] |= UINT64_C(1) << type % 64;
}

void ladder_digits_learn(struct ladder_digits *digits, struct span text)
{
	struct span line;

	/* most have none */
	if (!span_find(text, span_of(EVENT)))
		return;
	while (span_next(&text, '\n', &line))
		if (span_starts(line, MAP))
			learn(digits, (struct span){line.p + sizeof(MAP) - 1,
					      line.len - (sizeof(MAP) - 1)});
}

char ladder_digits_read(struct ladder_digits *digits, struct span packet)
{
	static const char names[] = "0123456789*#ABCD";
	const unsigned char *at = (const unsigned char *)packet.p;
	size_t head = RTP_HEAD;
	unsigned type;

	if (packet.len < RTP_HEAD + EVENT_BYTES || at[0] >> 6 != 2)
		return '\0';
	type = at[1] & 0x7f;
	if (!(digits->types[type / 64] >> type % 64 & 1))
		return '\0';
	head += 4 * (size_t)(at[0] & 0x0f);
	if (at[0] & EXTENSION && packet.len >= head + 4)
		head += 4 + 4 * ((size_t)at[head + 2] << 8 | at[head + 3]);
	/* its end is sent three times */
	if (packet.len < head + EVENT_BYTES || at[head] >= sizeof(names) - 1 ||
		!(at[head + 1] & END) ||
		(digits->any && digits->ssrc == get32(at + 8) &&
			digits->timestamp == get32(at + 4)))
		return '\0';
	digits->any = true;
	digits->ssrc = get32(at + 8);
	digits->timestamp = get32(at + 4);
	return names[at[head]];
}
