#include "bridge/dtmf_body.h"

#include "base/err.h"

#include <stdbool.h>
#include <string.h>

/* A digit and its duration take 30. */
#define BODY_MAX 256

static const char *const names[] = {
	[DTMF_BODY_RELAY] = "application/dtmf-relay",
	[DTMF_BODY_PLAIN] = "application/dtmf",
};

/* By event. */
static const char letters[] = "0123456789*#ABCD";

const char *dtmf_body_type_name(enum dtmf_body_type type)
{
	return names[type];
}

int dtmf_body_type_find(struct span name, enum dtmf_body_type *ret)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!span_equal_nocase(name, names[i]))
			continue;
		*ret = (enum dtmf_body_type)i;
		return 0;
	}
	return ERR_SUPPORT;
}

static int read_signal(struct span text, struct dtmf_digit *digit)
{
	char letter = text.len == 1 ? text.p[0] : '\0';
	const char *at;
	uint64_t event;

	if (letter >= 'a' && letter <= 'd')
		letter = (char)(letter - 'a' + 'A');
	at = letter ? strchr(letters, letter) : NULL;
	if (at)
		event = (uint64_t)(at - letters);
	else if (text.len > 2 || span_uint(text, DTMF_EVENTS - 1, &event))
		return ERR_FORMAT;
	digit->event = (uint8_t)event;
	return 0;
}

/* "Signal=5" and "Duration= 160", each once; other lines are not ours to know. */
static int read_line(struct span line, struct dtmf_digit *digit, bool *signalled)
{
	struct span name, value;
	uint64_t ms;

	if (!span_next(&line, '=', &name))
		return 0;
	name = span_trim(name);
	value = span_trim(line);
	if (span_equal_nocase(name, "Signal")) {
		if (*signalled)
			return ERR_FORMAT;
		*signalled = true;
		return read_signal(value, digit);
	}
	if (!span_equal_nocase(name, "Duration"))
		return 0;
	if (digit->duration_ms || span_uint(value, UINT16_MAX, &ms))
		return ERR_FORMAT;
	digit->duration_ms = (uint16_t)ms;
	return 0;
}

static struct span without_cr(struct span line)
{
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

static int read_relay(struct span body, struct dtmf_digit *digit)
{
	bool signalled = false;
	struct span line;
	int err = 0;

	while (err == 0 && span_next(&body, '\n', &line))
		err = read_line(without_cr(line), digit, &signalled);
	return err == 0 && !signalled ? ERR_FORMAT : err;
}

static int read_plain(struct span body, struct dtmf_digit *digit)
{
	struct span line, more;

	if (!span_next(&body, '\n', &line))
		return ERR_FORMAT;
	while (span_next(&body, '\n', &more))
		if (span_trim(without_cr(more)).len)
			return ERR_FORMAT;
	return read_signal(span_trim(without_cr(line)), digit);
}

int dtmf_body_read(enum dtmf_body_type type, struct span body, struct dtmf_digit *ret)
{
	struct dtmf_digit digit = {0};
	int err;

	if (body.len > BODY_MAX)
		return ERR_FORMAT;
	err = type == DTMF_BODY_RELAY ? read_relay(body, &digit)
				      : read_plain(body, &digit);
	if (err == 0)
		*ret = digit;
	return err;
}

static void write_signal(const struct dtmf_digit *digit, struct buf *out)
{
	if (digit->event < sizeof(letters) - 1)
		buf_printf(out, "%c\r\n", letters[digit->event]);
	else
		buf_printf(out, "%u\r\n", digit->event);
}

void dtmf_body_write(
	enum dtmf_body_type type, const struct dtmf_digit *digit, struct buf *out)
{
	if (type == DTMF_BODY_RELAY)
		buf_add_str(out, "Signal=");
	write_signal(digit, out);
	if (type == DTMF_BODY_RELAY && digit->duration_ms)
		buf_printf(out, "Duration=%u\r\n", digit->duration_ms);
}
