#include "sdp/keyline.h"

#include <stdio.h>
#include <string.h>

#define SECOND_US 1000000

void keyline_print(const struct keyline *line, struct buf *out)
{
	char text[ADDR_TEXT_SIZE];

	buf_printf(out, "%llu.%06u %s %s %u %s ",
		(unsigned long long)(line->wall_us / SECOND_US),
		(unsigned)(line->wall_us % SECOND_US), line->call, line->leg, line->line,
		line->out ? "out" : "in");
	buf_printf(out, "%s ", addr_text(&line->local, text));
	buf_printf(
		out, "%s ", line->remote.len > 0 ? addr_text(&line->remote, text) : "-");
	sdes_print(&line->crypto, out);
	buf_add_char(out, '\n');
}

static int read_time(struct span text, uint64_t *ret_us)
{
	struct span seconds;
	uint64_t whole, part;

	if (!span_next(&text, '.', &seconds) || text.len != 6 ||
		span_uint(seconds, UINT32_MAX, &whole) != 0 ||
		span_uint(text, SECOND_US - 1, &part) != 0)
		return ERR_FORMAT;
	*ret_us = whole * SECOND_US + part;
	return 0;
}

static bool copy(struct span word, char *out, size_t size)
{
	if (word.len == 0 || word.len >= size)
		return false;
	memcpy(out, word.p, word.len);
	out[word.len] = '\0';
	return true;
}

static bool read_addr(struct span word, struct addr *ret)
{
	char text[ADDR_TEXT_SIZE];

	return copy(word, text, sizeof(text)) && addr_parse(ret, text, 0) == 0 &&
	       addr_port(ret) != 0;
}

enum { TIME, CALL, LEG, LINE, WAY, LOCAL, REMOTE, WORDS };

int keyline_read(struct keyline *ret, struct span text)
{
	struct keyline line = {.wall_us = 0};
	struct span words[WORDS];
	struct err_text why;
	uint64_t number;
	int err;

	for (unsigned i = 0; i < WORDS; i++)
		if (!span_next(&text, ' ', &words[i]))
			return ERR_FORMAT;
	line.out = span_equal_str(words[WAY], "out");
	if (read_time(words[TIME], &line.wall_us) != 0 ||
		!copy(words[CALL], line.call, sizeof(line.call)) ||
		!copy(words[LEG], line.leg, sizeof(line.leg)) ||
		span_uint(words[LINE], UINT16_MAX, &number) != 0 ||
		(!line.out && !span_equal_str(words[WAY], "in")) ||
		!read_addr(words[LOCAL], &line.local) ||
		(!span_equal_str(words[REMOTE], "-") &&
			!read_addr(words[REMOTE], &line.remote)))
		return ERR_FORMAT;
	line.line = (unsigned)number;
	err = sdes_parse(&line.crypto, text, &why);
	if (!err)
		*ret = line;
	sdes_wipe(&line.crypto);
	return err;
}
