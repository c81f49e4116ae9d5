/*
 * By hand and forwards, as cdr_format() writes: each member is looked for behind the one before it, so a line is gone
 * through once. Looking for a name in quotes is enough, since within a string the quotes would be escaped.
 */
#include "audit/cdr_row.h"

#include "base/err.h"
#include "evidence/head.h"

#include <string.h>

#define US_PER_S UINT64_C(1000000)

/* Goes behind NEEDLE. False: it is not in *REST, which stays. */
static bool skip_to(struct span *rest, struct span needle)
{
	const char *found = span_find(*rest, needle);

	if (!found)
		return false;
	found += needle.len;
	rest->len = (size_t)(rest->p + rest->len - found);
	rest->p = found;
	return true;
}

#define NEEDLE(text) ((struct span){(text), sizeof(text) - 1})

/* *REST begins within a string: up to the quote that ends it. */
static struct span string_of(struct span rest)
{
	size_t len = 0;

	while (len < rest.len && rest.p[len] != '"')
		len += rest.p[len] == '\\' ? 2 : 1;
	return len < rest.len ? (struct span){rest.p, len} : (struct span){NULL, 0};
}

static struct span take_string(struct span *rest, struct span needle)
{
	return skip_to(rest, needle) ? string_of(*rest) : (struct span){NULL, 0};
}

static uint64_t number_of(struct span rest)
{
	uint64_t number = 0;
	size_t len = 0;

	for (; len < rest.len && len < 18 && rest.p[len] >= '0' && rest.p[len] <= '9';
		len++)
		number = number * 10 + (uint64_t)(rest.p[len] - '0');
	return number;
}

static uint64_t take_uint(struct span *rest, struct span needle)
{
	return skip_to(rest, needle) ? number_of(*rest) : 0;
}

/* Two digits at P, or 100. */
static unsigned two_digits(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return 100;
	return (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
}

/* Days since 1970 of a day of the Gregorian calendar, from 1970 on. */
static uint64_t days_of(unsigned year, unsigned month, unsigned day)
{
	const unsigned y = month <= 2 ? year - 1 : year;
	const unsigned of_year =
		(153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return (uint64_t)y * 365 + y / 4 - y / 100 + y / 400 + of_year - 719468;
}

int cdr_row_time(struct span text, uint64_t *ret_us)
{
	/* "2026-11-22T15:04:05.123456Z" */
	static const char form[] = "dd00-00-00T00:00:00.000000Z";
	unsigned part[10], year;
	uint64_t us;

	if (text.len != sizeof(form) - 1)
		return ERR_FORMAT;
	for (size_t i = 0; i < text.len; i++)
		if (form[i] != '0' && form[i] != 'd' && form[i] != text.p[i])
			return ERR_FORMAT;
	for (unsigned i = 0; i < 10; i++) {
		static const unsigned char at[] = {0, 2, 5, 8, 11, 14, 17, 20, 22, 24};

		part[i] = two_digits(text.p + at[i]);
		if (part[i] > 99)
			return ERR_FORMAT;
	}
	year = part[0] * 100 + part[1];
	if (year < 1970 || part[2] < 1 || part[2] > 12 || part[3] < 1 || part[3] > 31 ||
		part[4] > 23 || part[5] > 59 || part[6] > 60)
		return ERR_FORMAT;
	us = days_of(year, part[2], part[3]) * 86400 +
	     ((uint64_t)part[4] * 60 + part[5]) * 60 + part[6];
	us = us * US_PER_S + (uint64_t)part[7] * 10000 + part[8] * 100 + part[9];
	*ret_us = us;
	return 0;
}

/* "4.21" in hundredths; "null": 0. */
static unsigned score_of(struct span rest)
{
	if (rest.len < 4 || rest.p[0] < '0' || rest.p[0] > '9' || rest.p[1] != '.' ||
		two_digits(rest.p + 2) > 99)
		return 0;
	return (unsigned)(rest.p[0] - '0') * 100 + two_digits(rest.p + 2);
}

static enum cdr_signalling signalling_of(struct span transport, struct span version)
{
	if (transport.len == 0)
		return CDR_SIGNALLING_UNKNOWN;
	if (!span_equal_str(transport, "TLS"))
		return CDR_SIGNALLING_NONE;
	return span_equal_str(version, "TLS1.3") ? CDR_SIGNALLING_TLS13
						 : CDR_SIGNALLING_TLS12;
}

static enum cdr_media media_of(struct span media)
{
	if (media.len == 0)
		return CDR_MEDIA_NONE;
	if (span_equal_str(media, "RTP"))
		return CDR_MEDIA_RTP;
	return span_equal_str(media, "UDPTL") ? CDR_MEDIA_UDPTL : CDR_MEDIA_SRTP;
}

static void read_leg(struct cdr_row_leg *ret, struct span leg)
{
	struct span transport, version;

	ret->party = take_string(&leg, NEEDLE("\"party\":\""));
	transport = take_string(&leg, NEEDLE("\"transport\":\""));
	version = take_string(&leg, NEEDLE("\"tls_version\":\""));
	ret->signalling = signalling_of(transport, version);
	ret->media = media_of(take_string(&leg, NEEDLE("\"media\":\"")));
	ret->mos = skip_to(&leg, NEEDLE("\"mos\":")) ? score_of(leg) : 0;
	ret->packets = take_uint(&leg, NEEDLE("\"rx_packets\":"));
	ret->lost = take_uint(&leg, NEEDLE("\"rx_lost_packets\":"));
	ret->jitter_us = take_uint(&leg, NEEDLE("\"jitter_us\":"));
}

/* Where the legs begin in LINE, from REST on, and which of them was called. False: it has not both. */
static bool find_legs(struct cdr_row *row, struct span rest, struct span ret[static 2])
{
	static const char *const names[][2] = {
		{"\"internal\":{", "\"external\":{"},
		{"\"internal\":{", "\"internal_b\":{"},
		{"\"external\":{", "\"external_b\":{"},
	};

	for (unsigned i = 0; i < 3; i++) {
		ret[0] = rest;
		if (!skip_to(&ret[0], span_of(names[i][0])))
			continue;
		ret[1] = ret[0];
		if (!skip_to(&ret[1], span_of(names[i][1])))
			continue;
		ret[0].len = (size_t)(ret[1].p - ret[0].p);
		row->called = i > 0 || !row->inbound;
		row->called_word =
			i == 1 || (i == 0 && row->inbound) ? "server" : "trunk";
		return true;
	}
	return false;
}

static void add_number(struct cdr_row *row, struct span number)
{
	if (number.len == 0)
		return;
	for (unsigned i = 0; i < row->number_count; i++)
		if (span_equal(row->numbers[i], number))
			return;
	row->numbers[row->number_count++] = number;
}

static void read_numbers(struct cdr_row *row, struct span *rest)
{
	row->from = take_string(rest, NEEDLE("\"from\":\""));
	row->to = take_string(rest, NEEDLE("\"to\":\""));
	add_number(row, row->from);
	add_number(row, row->to);
	add_number(row, take_string(rest, NEEDLE("\"from_received\":\"")));
	add_number(row, take_string(rest, NEEDLE("\"to_received\":\"")));
	add_number(row, take_string(rest, NEEDLE("\"from_sent\":\"")));
	add_number(row, take_string(rest, NEEDLE("\"to_sent\":\"")));
	add_number(row, take_string(rest, NEEDLE("\"asserted\":\"")));
	add_number(row, take_string(rest, NEEDLE("\"asserted_sent\":\"")));
	add_number(row, take_string(rest, NEEDLE("\"diverted_by\":\"")));
}

/* What was NEEDLE's moment, after START_US. False: it was never. */
static bool take_moment(
	struct span *rest, struct span needle, uint64_t start_us, uint64_t *ret_after_us)
{
	uint64_t us;

	if (cdr_row_time(take_string(rest, needle), &us) != 0)
		return false;
	*ret_after_us = us > start_us ? us - start_us : 0;
	return true;
}

static int read_times(struct cdr_row *row, struct span *rest)
{
	uint64_t start_us;

	if (cdr_row_time(take_string(rest, NEEDLE("\"start\":\"")), &start_us) != 0)
		return ERR_FORMAT;
	row->rang =
		take_moment(rest, NEEDLE("\"ringing\":\""), start_us, &row->ringing_us);
	row->answered =
		take_moment(rest, NEEDLE("\"answer\":\""), start_us, &row->answer_us);
	if (cdr_row_time(take_string(rest, NEEDLE("\"end\":\"")), &row->end_us) != 0)
		return ERR_FORMAT;
	row->duration_us = take_uint(rest, NEEDLE("\"duration_us\":"));
	row->talk_us = take_uint(rest, NEEDLE("\"talk_us\":"));
	return 0;
}

/* Of whoever ended it, or else of the last attempt: those before it were passed over. */
static unsigned find_q850(struct span before, struct span attempts)
{
	const unsigned released =
		(unsigned)take_uint(&before, NEEDLE("\"release_q850\":"));
	struct span last = attempts;

	while (skip_to(&attempts, NEEDLE("\"target\":\"")))
		last = attempts;
	return released ? released : (unsigned)take_uint(&last, NEEDLE("\"q850\":"));
}

/* REST: behind who ended it. */
static void read_attempts(struct cdr_row *row, struct span rest)
{
	struct span before = rest, behind;

	if (!skip_to(&rest, NEEDLE("\"attempts\":[")))
		return;
	before.len = (size_t)(rest.p - before.p);
	behind = rest;
	if (skip_to(&behind, NEEDLE(",\"transfers\":[")))
		rest.len = (size_t)(behind.p - rest.p);
	row->attempts = rest;
	row->q850 = find_q850(before, rest);
}

static void add_id(struct cdr_row *row, struct span id)
{
	for (unsigned i = 0; i < row->id_count; i++)
		if (span_equal(row->ids[i], id))
			return;
	if (row->id_count < CDR_ROW_IDS)
		row->ids[row->id_count++] = id;
}

/* Each member of each object of that name is a string; what it said of why is no id. REST: behind who ended it. */
static void read_ids(struct cdr_row *row, struct span rest)
{
	struct span name, value;

	while (skip_to(&rest, NEEDLE("\"microsoft\":{"))) {
		while (skip_to(&rest, NEEDLE("\""))) {
			name = string_of(rest);
			value = take_string(&rest, NEEDLE("\":\""));
			if (!value.p)
				return;
			if (value.len > 0 && !span_equal_str(name, "diagnostics"))
				add_id(row, value);
			rest.len -= value.len + 1;
			rest.p += value.len + 1;
			if (rest.len == 0 || rest.p[0] != ',')
				break;
		}
	}
}

static int read_call(struct cdr_row *row, struct span rest)
{
	struct span legs[2], method;

	row->call = true;
	row->id = take_string(&rest, NEEDLE("\"id\":\""));
	method = take_string(&rest, NEEDLE("\"method\":\""));
	row->message = method.len > 0 && !span_equal_str(method, "INVITE");
	row->inbound =
		skip_to(&rest, NEEDLE("\"inbound\":")) && span_starts(rest, "true");
	read_numbers(row, &rest);
	if (!row->id.p || !row->to.p || read_times(row, &rest) != 0)
		return ERR_FORMAT;
	row->status = (unsigned)take_uint(&rest, NEEDLE("\"status\":"));
	row->cause = take_string(&rest, NEEDLE("\"cause\":\""));
	row->ended_by = take_string(&rest, NEEDLE("\"ended_by\":\""));
	read_attempts(row, rest);
	read_ids(row, rest);
	if (!find_legs(row, rest, legs))
		return ERR_FORMAT;
	for (unsigned i = 0; i < 2; i++)
		read_leg(&row->legs[i], legs[i]);
	return 0;
}

int cdr_row_read(struct cdr_row *ret, struct span line)
{
	struct span rest = line, head;
	struct cdr_row row = {.kind = span_of("call")};
	int err;

	if (line.len < 2 || line.p[0] != '{' || line.p[line.len - 1] != '}')
		return ERR_FORMAT;
	row.numbered = head_read(line, &row.seq) == 0;
	/* Behind the head, where what peers sent cannot stand. */
	head = (struct span){rest.p, rest.len < 160 ? rest.len : 160};
	if (row.numbered && skip_to(&head, NEEDLE(",\"kind\":\""))) {
		row.kind = string_of(head);
		rest = (struct span){head.p, (size_t)(line.p + line.len - head.p)};
	}
	if (!row.kind.p)
		return ERR_FORMAT;
	if (span_equal_str(row.kind, "call")) {
		err = read_call(&row, rest);
		if (err)
			return err;
	} else {
		struct span time = rest;

		row.id = take_string(&rest, NEEDLE("\"id\":\""));
		if (cdr_row_time(
			    take_string(&time, NEEDLE("\"time\":\"")), &row.end_us) != 0)
			return ERR_FORMAT;
	}
	*ret = row;
	return 0;
}

bool cdr_row_attempt(struct span *rest, struct cdr_row_attempt *ret)
{
	ret->target = take_string(rest, NEEDLE("\"target\":\""));
	if (!ret->target.p)
		return false;
	ret->status = (unsigned)take_uint(rest, NEEDLE("\"status\":"));
	ret->after_us = take_uint(rest, NEEDLE("\"after_us\":"));
	return true;
}

/* A code point as UTF-8. */
static void add_point(struct buf *out, unsigned point)
{
	if (point == 0 || (point >= 0xd800 && point < 0xe000))
		point = 0xfffd;
	if (point < 0x80) {
		buf_add_char(out, (char)point);
	} else if (point < 0x800) {
		buf_add_char(out, (char)(0xc0 | point >> 6));
		buf_add_char(out, (char)(0x80 | (point & 0x3f)));
	} else {
		buf_add_char(out, (char)(0xe0 | point >> 12));
		buf_add_char(out, (char)(0x80 | (point >> 6 & 0x3f)));
		buf_add_char(out, (char)(0x80 | (point & 0x3f)));
	}
}

static unsigned hex_of(struct span digits)
{
	unsigned value = 0;

	for (size_t i = 0; i < digits.len; i++) {
		const char c = digits.p[i];

		value <<= 4;
		if (c >= '0' && c <= '9')
			value |= (unsigned)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value |= (unsigned)((c | 0x20) - 'a' + 10);
		else
			return 0;
	}
	return value;
}

/* The escape at TEXT, which begins with a backslash. Returns how long it is. */
static size_t add_escape(struct buf *out, struct span text)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const char *letter;

	if (text.len < 2)
		return text.len;
	if (text.p[1] == 'u' && text.len >= 6) {
		add_point(out, hex_of((struct span){text.p + 2, 4}));
		return 6;
	}
	letter = memchr(letters, text.p[1], sizeof(letters) - 1);
	buf_add_char(out, letter ? meant[letter - letters] : text.p[1]);
	return 2;
}

void cdr_row_text(struct buf *out, struct span text)
{
	size_t plain;

	while (text.len > 0) {
		const char *escape = memchr(text.p, '\\', text.len);

		plain = escape ? (size_t)(escape - text.p) : text.len;
		buf_add(out, text.p, plain);
		text.p += plain;
		text.len -= plain;
		if (!escape)
			break;
		plain = add_escape(out, text);
		text.p += plain;
		text.len -= plain;
	}
}
