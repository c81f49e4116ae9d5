#include "sdp/tidy.h"

#include "sdp/fields.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* RFC 8866 section 5, "in exactly the order given here". */
static const char session_order[] = "vosiuepcbtrzka";
static const char media_order[] = "micbka";

/* Lines of a section that are no attributes, at most; the rest says nothing to us. */
#define MAX_OTHERS 64
/* Room for most descriptions; more is made as lines come. */
#define FIRST_LINES 32

struct raw {
	struct span value; /* what follows "x=", without blanks around it */
	size_t number;     /* of the line in the text, from 1 */
	unsigned section;  /* 0: the session; 1 + N: media line N */
	uint8_t rank;      /* its place in the order of the section */
	char type;
};

/* The lines that stay, by section and in their order there. */
struct draft {
	struct raw *raw;
	size_t count, size;
	unsigned sections;
	unsigned attributes, attributes_total; /* of the present section; of all */
	unsigned others;                       /* of the present section */
	uint32_t seen;                         /* a bit each of "vost" */
	size_t nonsense; /* the number of the first line that is not "x=..."; 0: none */
	struct tidy_faults *faults;
};

static int refuse(struct err_text *error, size_t number, const char *reason)
{
	return err_set(error, ERR_FORMAT, "line %zu of the SDP: %s", number, reason);
}

/* ---- reading ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_end(char c)
{
	return c == '\r' || c == '\n';
}

/* Some senders count the NUL of their string, or pad. */
static struct span without_tail(struct span text)
{
	while (text.len && (is_blank(text.p[text.len - 1]) ||
				   is_end(text.p[text.len - 1]) || !text.p[text.len - 1]))
		text.len--;
	return text;
}

/* Takes a line off the front of REST: CRLF, LF or CR ends it. */
static struct span take_line(struct span *rest)
{
	const char *lf = memchr(rest->p, '\n', rest->len);
	size_t len = lf ? (size_t)(lf - rest->p) : rest->len;
	const char *cr = memchr(rest->p, '\r', len);

	if (cr)
		len = (size_t)(cr - rest->p);
	struct span line = span_trim((struct span){rest->p, len});

	if (len < rest->len)
		len += rest->p[len] == '\r' && len + 1 < rest->len &&
				       rest->p[len + 1] == '\n'
			       ? 2
			       : 1;
	rest->p += len;
	rest->len -= len;
	return line;
}

/* No control characters but TAB; bytes from 128 on are UTF-8, or as good. */
static bool is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 127)
			return false;
	return true;
}

/* "AS:64" */
static bool is_bandwidth(struct span value)
{
	struct span type;
	uint64_t number;

	return span_next(&value, ':', &type) && field_is_token(type) &&
	       span_uint(value, UINT64_MAX, &number) == 0;
}

/* "0 0" */
static bool is_time(struct span value)
{
	struct span start, stop, extra;
	uint64_t number;

	return field_word(&value, &start) && field_word(&value, &stop) &&
	       !field_word(&value, &extra) &&
	       span_uint(start, UINT64_MAX, &number) == 0 &&
	       span_uint(stop, UINT64_MAX, &number) == 0;
}

static bool is_origin(struct span value)
{
	struct span word[6], extra;
	size_t count = 0;

	while (count < 6 && field_word(&value, &word[count]))
		count++;
	return count == 6 && !field_word(&value, &extra) && field_is(word[3], "IN") &&
	       (field_is(word[4], "IP4") || field_is(word[4], "IP6"));
}

static bool is_named_attribute(struct span value)
{
	struct span rest;

	return field_is_token(field_attribute(value, &rest));
}

/* Whether the line may stand as it is; what may not and is needed is written anew. */
static bool is_well_formed(const struct raw *raw)
{
	if (!raw->value.len || !is_printable(raw->value))
		return false;
	switch (raw->type) {
	case 'v':
		return field_is(raw->value, "0");
	case 'b':
		return is_bandwidth(raw->value);
	case 't':
		return is_time(raw->value);
	case 'a':
		return is_named_attribute(raw->value);
	default:
		return true;
	}
}

/* Its place in the section; false: it has none there. */
static bool find_rank(const char *order, struct raw *raw)
{
	const char *at = strchr(order, raw->type);

	if (!at)
		return false;
	raw->rank = (uint8_t)(at - order);
	return true;
}

/* Of these a session has one: the first. */
static bool is_second(struct draft *draft, const struct raw *raw)
{
	static const char once[] = "vost";
	const char *at = strchr(once, raw->type);
	uint32_t bit = at ? 1u << (at - once) : 0;
	bool second = draft->seen & bit;

	draft->seen |= bit;
	return second;
}

static int make_room(struct draft *draft)
{
	size_t size = draft->size ? draft->size * 2 : FIRST_LINES;
	struct raw *raw;

	if (draft->count < draft->size)
		return 0;
	raw = realloc(draft->raw, size * sizeof(*raw));
	if (!raw)
		return -ENOMEM;
	draft->raw = raw;
	draft->size = size;
	return 0;
}

/* Puts RAW behind what belongs before it; lines mostly come in order. 0 or -ENOMEM. */
static int put(struct draft *draft, const struct raw *raw)
{
	size_t at = draft->count;

	if (make_room(draft))
		return -ENOMEM;
	draft->count++;
	while (at > 0 && draft->raw[at - 1].section == raw->section &&
		draft->raw[at - 1].rank > raw->rank) {
		draft->raw[at] = draft->raw[at - 1];
		at--;
	}
	draft->raw[at] = *raw;
	return 0;
}

static bool fits_bound(struct draft *draft, const struct raw *raw)
{
	if (raw->type != 'a')
		return ++draft->others <= MAX_OTHERS;
	if (draft->attributes < SDP_MAX_ATTRIBUTES &&
		draft->attributes_total < SDP_MAX_ATTRIBUTES_TOTAL) {
		draft->attributes++;
		draft->attributes_total++;
		return true;
	}
	if (draft->sections > 1)
		draft->faults->crowded |= 1u << (draft->sections - 2);
	return false;
}

static int begin_media(struct draft *draft, struct err_text *error)
{
	if (draft->sections > SDP_MAX_MEDIA)
		return err_set(error, ERR_LIMIT, "the SDP has more than %d media lines",
			SDP_MAX_MEDIA);
	draft->sections++;
	draft->attributes = 0;
	draft->others = 0;
	return 0;
}

/* LINE begins with "x=". */
static int take(
	struct draft *draft, struct span line, size_t number, struct err_text *error)
{
	struct raw raw = {.type = line.p[0],
		.number = number,
		.value = span_trim((struct span){line.p + 2, line.len - 2})};

	if (raw.value.len > SDP_MAX_LINE - 2) {
		if (raw.type != 'm' && raw.type != 'c')
			return 0;
		return err_set(error, ERR_LIMIT,
			"line %zu of the SDP has %zu bytes, %d are allowed", number,
			raw.value.len + 2, SDP_MAX_LINE);
	}
	if (raw.type == 'm') {
		int err = begin_media(draft, error);

		if (err)
			return err;
	}
	raw.section = draft->sections - 1;
	/* c= and m= are judged where their line is: they are never passed over. */
	if (find_rank(raw.section ? media_order : session_order, &raw) &&
		(raw.type == 'm' || raw.type == 'c' || is_well_formed(&raw)) &&
		!is_second(draft, &raw) && fits_bound(draft, &raw))
		return put(draft, &raw);
	return 0;
}

static int take_all(struct draft *draft, struct span text, struct err_text *error)
{
	size_t number = 0;
	int err = 0;

	while (text.len && !err) {
		struct span line = take_line(&text);

		number++;
		if (line.len >= 2 && line.p[1] == '=')
			err = take(draft, line, number, error);
		else if (line.len && !draft->nonsense)
			draft->nonsense = number;
	}
	return err;
}

/* ---- writing ---- */

static void write_line(struct buf *out, char type, struct span value)
{
	buf_add_char(out, type);
	buf_add_char(out, '=');
	buf_add_span(out, value);
	buf_add_str(out, "\r\n");
}

/* The words of VALUE, which may be none, with one space between them. */
static void write_words(struct buf *out, char type, struct span value)
{
	struct span word;
	bool first = true;

	buf_add_char(out, type);
	buf_add_char(out, '=');
	while (field_word(&value, &word)) {
		if (!first)
			buf_add_char(out, ' ');
		buf_add_span(out, word);
		first = false;
	}
	buf_add_str(out, "\r\n");
}

/* Some write five words, seven, or a name; only the version is of use to anybody. */
static void write_origin(struct buf *out, struct span value)
{
	struct span word;
	uint64_t version = 0;

	if (is_origin(value)) {
		write_words(out, 'o', value);
		return;
	}
	for (unsigned i = 0; i < 3 && field_word(&value, &word); i++)
		if (i < 2 || span_uint(word, UINT64_MAX, &version))
			version = 0;
	buf_add_str(out, "o=- 0 ");
	buf_add_uint(out, version);
	buf_add_str(out, " IN IP4 0.0.0.0\r\n");
}

/* "a=sendonly " and "a=crypto :1" are the attributes that they look like. */
static void write_attribute(struct buf *out, struct span value)
{
	struct span rest;
	struct span name = field_attribute(value, &rest);

	buf_add_str(out, "a=");
	buf_add_span(out, name);
	if (memchr(value.p, ':', value.len)) {
		buf_add_char(out, ':');
		buf_add_span(out, rest);
	}
	buf_add_str(out, "\r\n");
}

/* True when FORMAT stands before AT in FORMATS, in which it is found at AT. */
static bool is_repeated(struct span formats, struct span at)
{
	struct span format;

	while (field_word(&formats, &format) && format.p < at.p)
		if (span_equal(format, at))
			return true;
	return false;
}

/* Writes the formats of a line with PROTO that may stand there; returns how many. */
static size_t write_formats(struct buf *out, struct span formats, struct span proto)
{
	bool rtp = sdp_proto_is_rtp(field_proto(proto));
	struct span rest = formats;
	struct span format;
	size_t count = 0;

	while (field_word(&rest, &format)) {
		if (!(rtp ? field_is_payload_type(format) : field_is_token(format)) ||
			is_repeated(formats, format))
			continue;
		buf_add_char(out, ' ');
		buf_add_span(out, format);
		count++;
	}
	if (!count)
		buf_add_str(out, rtp ? " 0" : " *");
	return count;
}

static int write_media(struct buf *out, const struct raw *raw, struct tidy_faults *faults,
	struct err_text *error)
{
	uint32_t bit = 1u << (raw->section - 1);
	struct span rest = raw->value;
	struct span type, port, proto;
	const char *reason = NULL;
	size_t start = out->len;

	if (!field_word(&rest, &type) || !field_is_token(type))
		return refuse(error, raw->number, "the media type of m= is no token");
	if (!field_word(&rest, &port))
		return refuse(error, raw->number, "m= has no port");
	if (!field_word(&rest, &proto) || !field_is_proto(proto))
		return refuse(error, raw->number, "m= has no valid protocol");
	buf_add_str(out, "m=");
	buf_add_span(out, type);
	buf_add_char(out, ' ');
	if (field_port(port, &(struct sdp_media){0}, &reason) != 0) {
		faults->port |= bit;
		port = span_of("0");
	}
	buf_add_span(out, port);
	buf_add_char(out, ' ');
	buf_add_span(out, proto);
	if (!write_formats(out, rest, proto))
		faults->formats |= bit;
	/* the format that was made up may be too much */
	if (!out->err && out->len - start > SDP_MAX_LINE)
		return err_set(
			error, ERR_LIMIT, "line %zu of the SDP is too long", raw->number);
	buf_add_str(out, "\r\n");
	return 0;
}

static int write_raw(struct buf *out, const struct raw *raw, struct tidy_faults *faults,
	struct err_text *error)
{
	switch (raw->type) {
	case 'm':
		return write_media(out, raw, faults, error);
	case 'o':
		write_origin(out, raw->value);
		return 0;
	case 'c':
	case 't':
		write_words(out, raw->type, raw->value);
		return 0;
	case 'a':
		write_attribute(out, raw->value);
		return 0;
	default:
		write_line(out, raw->type, raw->value);
		return 0;
	}
}

/* What RFC 8866 demands of a session, where the text has none. */
static void write_missing(struct buf *out, char type)
{
	if (type == 'o')
		write_origin(out, (struct span){"", 0});
	else if (type == 's')
		buf_add_str(out, "s=-\r\n");
	else if (type == 't')
		buf_add_str(out, "t=0 0\r\n");
}

static int write_all(struct buf *out, const struct draft *draft, struct err_text *error)
{
	size_t at = 0;
	int err = 0;

	for (const char *type = session_order; *type && !err; type++) {
		if (at == draft->count || draft->raw[at].section > 0 ||
			draft->raw[at].type != *type)
			write_missing(out, *type);
		while (at < draft->count && draft->raw[at].section == 0 &&
			draft->raw[at].type == *type && !err)
			err = write_raw(out, &draft->raw[at++], draft->faults, error);
	}
	while (at < draft->count && !err)
		err = write_raw(out, &draft->raw[at++], draft->faults, error);
	return err;
}

/* ---- */

static int check_text(struct span text, struct err_text *error)
{
	if (text.len > SDP_MAX_BYTES)
		return err_set(error, ERR_LIMIT, "the SDP has %zu bytes, %d are allowed",
			text.len, SDP_MAX_BYTES);
	if (!text.len)
		return err_set(error, ERR_FORMAT, "the SDP is empty");
	if (memchr(text.p, '\0', text.len))
		return err_set(error, ERR_FORMAT, "the SDP has a NUL byte");
	return 0;
}

static int read_and_write(
	struct draft *draft, struct span text, struct buf *out, struct err_text *error)
{
	int err = take_all(draft, text, error);

	if (err)
		return err;
	if (!draft->count || draft->raw[0].type != 'v')
		return err_set(error, ERR_FORMAT, "the SDP has no v=0");
	/* Beside media lines it is passed over; alone it is what the sender meant to say. */
	if (draft->nonsense && draft->sections == 1)
		return refuse(error, draft->nonsense, "it is not of the form x=...");
	err = write_all(out, draft, error);
	if (!err && out->err)
		err = -ENOMEM;
	if (!err && out->len > SDP_MAX_BYTES)
		err = err_set(error, ERR_LIMIT, "the SDP has more than %d bytes",
			SDP_MAX_BYTES);
	return err;
}

int tidy(struct span text, struct buf *out, struct tidy_faults *ret_faults,
	bool *ret_repaired, struct err_text *error)
{
	struct span whole = text;

	text = without_tail(text);
	int err = check_text(text, error);

	if (err)
		return err;
	*ret_faults = (struct tidy_faults){0};
	struct draft draft = {.sections = 1, .faults = ret_faults};

	err = read_and_write(&draft, text, out, error);
	free(draft.raw);
	if (!err)
		*ret_repaired = !span_equal((struct span){out->data, out->len}, whole);
	return err;
}
