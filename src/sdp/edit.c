/*
 * The edits of sdp.h. Each builds its whole new line first and checks what the line would
 * do to the description, so that it either takes effect or changes nothing.
 */
#include "base/err.h"
#include "base/secret.h"
#include "sdp/fields.h"
#include "sdp/sdp.h"
#include "sdp/sdp_priv.h"

#include <assert.h>
#include <string.h>

/* A line in the making. What does not fit is noticed at the end, by text_span(). */
struct text {
	char p[SDP_MAX_LINE];
	size_t len;
	bool full;
};

static void text_add(struct text *text, struct span s)
{
	if (text->full || s.len > sizeof(text->p) - text->len) {
		text->full = true;
		return;
	}
	if (s.len)
		memcpy(text->p + text->len, s.p, s.len);
	text->len += s.len;
}

static void text_add_str(struct text *text, const char *s)
{
	text_add(text, span_of(s));
}

static void text_add_uint(struct text *text, uint64_t number)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	text_add(text, (struct span){digits + i, sizeof(digits) - i});
}

/* ADDRESS as SDP can say it: without the scope, which means nothing to another host. */
static struct addr without_scope(const struct addr *address)
{
	struct addr addr = *address;

	if (addr_is_v6(&addr))
		addr.v6.sin6_scope_id = 0;
	return addr;
}

/* "IN IP4 192.0.2.1" */
static void text_add_address(struct text *text, const struct addr *address)
{
	char host[ADDR_TEXT_SIZE];

	text_add_str(text, addr_is_v6(address) ? "IN IP6 " : "IN IP4 ");
	text_add_str(text, addr_host_text(address, host));
}

static void text_begin(struct text *text, const char *start)
{
	text->len = 0;
	text->full = false;
	text_add_str(text, start);
}

static int text_span(const struct text *text, struct span *ret)
{
	if (text->full)
		return ERR_LIMIT;
	*ret = (struct span){text->p, text->len};
	return 0;
}

static bool match_type(const struct line *line, const void *arg)
{
	return line->type == *(const char *)arg;
}

/* The first matching line of SECTION from FROM on; the section's end when there is none. */
static size_t find(const struct lines *lines, unsigned section, size_t from,
	lines_match_h *match, const void *arg)
{
	size_t i = from;

	while (i < lines->start[section + 1] && !match(&lines->line[i], arg))
		i++;
	return i;
}

/*
 * Makes TEXT the only matching line of the section: in place of the first match, or at
 * INSERT_AT when there is none. Other matches go.
 */
static int put_line(struct lines *lines, unsigned section, size_t insert_at,
	const struct text *text, lines_match_h *match, const void *arg)
{
	size_t at = find(lines, section, lines->start[section], match, arg);
	struct span line;
	int err = text_span(text, &line);

	if (err)
		return err;
	if (at == lines->start[section + 1])
		return lines_insert(lines, section, insert_at, line);
	err = lines_replace(lines, at, line);
	if (!err)
		lines_remove(lines, section, at + 1, match, arg);
	return err;
}

/* The first line of the section whose type is not one of BEFORE: the place of a new line
 * that RFC 8866 puts right behind those. */
static size_t place_behind(
	const struct lines *lines, unsigned section, const char *before)
{
	size_t i = lines->start[section];

	while (i < lines->start[section + 1] && strchr(before, lines->line[i].type))
		i++;
	return i;
}

/* Visible ASCII without spaces. */
static bool is_word(const char *s)
{
	size_t i = 0;

	while (s[i] > ' ' && s[i] <= '~')
		i++;
	return i > 0 && s[i] == '\0';
}

int sdp_set_origin(struct sdp *sdp, const char *user, uint64_t id, uint64_t version,
	const struct addr *address)
{
	struct addr addr = without_scope(address);
	struct text text;
	struct span line;

	if (!is_word(user) || !addr.len)
		return ERR_FORMAT;
	text_begin(&text, "o=");
	text_add_str(&text, user);
	text_add_str(&text, " ");
	text_add_uint(&text, id);
	text_add_str(&text, " ");
	text_add_uint(&text, version);
	text_add_str(&text, " ");
	text_add_address(&text, &addr);
	int err = text_span(&text, &line);

	if (!err)
		err = lines_replace(&sdp->lines, SDP_LINE_ORIGIN, line);
	if (!err)
		sdp->origin_version = version;
	return err;
}

int sdp_set_name(struct sdp *sdp, const char *name)
{
	struct text text;

	/* RFC 8866 5.3: s= is never empty. */
	if (!*name || !field_is_text(span_of(name)))
		return ERR_FORMAT;
	text_begin(&text, "s=");
	text_add_str(&text, name);
	return put_line(&sdp->lines, 0, place_behind(&sdp->lines, 0, "vo"), &text,
		match_type, "s");
}

int sdp_set_time(struct sdp *sdp, const struct sdp *from)
{
	size_t at = find(&from->lines, 0, 0, match_type, "t");
	struct text text;

	assert(at < from->lines.start[1]); /* tidy() saw to it */
	text_begin(&text, "t=");
	text_add(&text, line_value(&from->lines.line[at]));
	return put_line(&sdp->lines, 0, at, &text, match_type, "t");
}

int sdp_set_connection(struct sdp *sdp, int media, const struct addr *address)
{
	struct lines *lines = &sdp->lines;
	unsigned section = sdp_section_of(sdp, media);
	struct addr addr = without_scope(address);
	struct text text;

	if (!addr.len)
		return ERR_FORMAT;
	text_begin(&text, "c=");
	text_add_address(&text, &addr);
	size_t at = place_behind(lines, section, media == SDP_SESSION ? "vosiuep" : "mi");
	int err = put_line(lines, section, at, &text, match_type, "c");

	if (err)
		return err;
	sdp_own(sdp, media)->has_connection = true;
	sdp_own(sdp, media)->connection = addr;
	sdp_own(sdp, media)->connection_fault = NULL;
	sdp_resolve(sdp, media);
	return 0;
}

int sdp_remove_connection(struct sdp *sdp, int media)
{
	unsigned section = sdp_section_of(sdp, media);
	unsigned first = media == SDP_SESSION ? 0 : (unsigned)media;
	struct sdp_section *own = sdp_own(sdp, media);
	unsigned end = media == SDP_SESSION ? sdp_count_media(sdp) : first + 1;

	/* No media line that is in use may be left without an address. */
	for (unsigned i = first; i < end; i++)
		if (sdp->media[i].full.port &&
			!sdp_own(sdp, media == SDP_SESSION ? (int)i : SDP_SESSION)
				 ->has_connection)
			return ERR_FORMAT;
	lines_remove(&sdp->lines, section, sdp->lines.start[section], match_type, "c");
	own->has_connection = false;
	own->connection.len = 0;
	sdp_resolve(sdp, media);
	return 0;
}

/* Puts the line that TEXT holds in place of m=, if it is one that sdp_read() would take. */
static int put_media(struct sdp *sdp, unsigned media, const struct text *text)
{
	struct lines *lines = &sdp->lines;
	size_t at = lines->start[media + 1];
	struct sdp_media check;
	const char *reason;
	struct span line;
	int err = text_span(text, &line);

	if (err)
		return err;
	if (field_media((struct span){line.p + 2, line.len - 2}, &check, &reason) != 0)
		return ERR_FORMAT;
	if (check.port && !sdp->session.has_connection &&
		!sdp->media[media].own.has_connection)
		return ERR_FORMAT;
	err = lines_replace(lines, at, line);
	if (err)
		return err;
	/* Once more, for the spans to point to where the line now stands. */
	err = field_media(line_value(&lines->line[at]), &sdp->media[media].full, &reason);
	assert(err == 0);
	sdp_resolve(sdp, (int)media);
	return err;
}

static int write_media(struct sdp *sdp, unsigned media, const struct sdp_media *like,
	uint16_t port, struct span proto)
{
	struct text text;

	text_begin(&text, "m=");
	text_add(&text, like->type);
	text_add_str(&text, " ");
	text_add_uint(&text, port);
	text_add_str(&text, " ");
	text_add(&text, proto);
	text_add_str(&text, " ");
	text_add(&text, like->formats);
	return put_media(sdp, media, &text);
}

int sdp_set_media(struct sdp *sdp, unsigned media, uint16_t port, const char *proto)
{
	const struct sdp_media *now = sdp_media(sdp, media);

	if (proto && !is_word(proto))
		return ERR_FORMAT;
	return write_media(
		sdp, media, now, port, proto ? span_of(proto) : now->proto_text);
}

int sdp_refuse_media(struct sdp *sdp, unsigned media, const struct sdp_media *like)
{
	if (!like)
		like = sdp_media(sdp, media);
	int err = write_media(sdp, media, like, 0, like->proto_text);

	if (err)
		return err;
	sdp_remove_lines(sdp, (int)media, "abik");
	return sdp_remove_connection(sdp, (int)media);
}

/* True for a line that describes a format that is not in the list (ARG) of the m= line. */
static bool match_left_out(const struct line *line, const void *arg)
{
	struct span formats = *(const struct span *)arg;
	struct span value, format, kept;

	if (line->type != 'a')
		return false;
	struct span name = field_attribute(line_value(line), &value);

	if (!field_is(name, "rtpmap") && !field_is(name, "fmtp") &&
		!field_is(name, "rtcp-fb"))
		return false;
	/* "a=rtcp-fb:* nack" speaks of all that are left. */
	if (!field_word(&value, &format) || field_is(format, "*"))
		return false;
	while (field_word(&formats, &kept))
		if (span_equal(kept, format))
			return false;
	return true;
}

int sdp_keep_formats(
	struct sdp *sdp, unsigned media, const struct span *formats, size_t count)
{
	const struct sdp_media *now = sdp_media(sdp, media);
	struct text text;

	text_begin(&text, "m=");
	text_add(&text, now->type);
	text_add_str(&text, " ");
	text_add_uint(&text, now->port);
	if (now->port_count != 1) {
		text_add_str(&text, "/");
		text_add_uint(&text, now->port_count);
	}
	text_add_str(&text, " ");
	text_add(&text, now->proto_text);
	for (size_t i = 0; i < count; i++) {
		if (!field_is_token(formats[i]))
			return ERR_FORMAT;
		text_add_str(&text, " ");
		text_add(&text, formats[i]);
	}
	int err = put_media(sdp, media, &text);

	if (!err)
		lines_remove(&sdp->lines, media + 1, sdp->lines.start[media + 1],
			match_left_out, &now->formats);
	return err;
}

/* True when what sdp_media() says depends on attributes of that name. */
static bool is_read(struct span name)
{
	enum sdp_direction direction;

	return span_starts(name, "rtcp") || sdp_direction_parse(name, &direction);
}

struct names {
	const char *const *name;
	size_t count;
};

static bool match_names(const struct line *line, const void *arg)
{
	const struct names *names = arg;
	struct span rest;

	if (line->type != 'a')
		return false;
	struct span name = field_attribute(line_value(line), &rest);

	for (size_t i = 0; name.len && i < names->count; i++)
		if (names->name[i][0] == *name.p && span_equal_str(name, names->name[i]))
			return true;
	return false;
}

unsigned sdp_remove_attributes(
	struct sdp *sdp, int media, const char *const *names, size_t count)
{
	const struct names arg = {names, count};
	unsigned section = sdp_section_of(sdp, media);
	unsigned removed = lines_remove(
		&sdp->lines, section, sdp->lines.start[section], match_names, &arg);

	if (removed)
		sdp_reread(sdp, media);
	return removed;
}

struct keep {
	sdp_keep_h *h;
	void *arg;
};

static bool match_unwanted(const struct line *line, const void *arg)
{
	const struct keep *keep = arg;
	struct span value;

	if (line->type != 'a')
		return false;
	struct span name = field_attribute(line_value(line), &value);

	return !keep->h(name, value, keep->arg);
}

unsigned sdp_keep_attributes(struct sdp *sdp, int media, sdp_keep_h *h, void *arg)
{
	const struct keep keep = {h, arg};
	unsigned section = sdp_section_of(sdp, media);
	unsigned removed = lines_remove(
		&sdp->lines, section, sdp->lines.start[section], match_unwanted, &keep);

	if (removed)
		sdp_reread(sdp, media);
	return removed;
}

/* Without the lines of the frame it is no description any more; c= has a function of its
 * own. */
static bool match_types(const struct line *line, const void *arg)
{
	return strchr(arg, line->type) && !strchr("vostmc", line->type);
}

unsigned sdp_remove_lines(struct sdp *sdp, int media, const char *types)
{
	unsigned section = sdp_section_of(sdp, media);
	unsigned removed = lines_remove(
		&sdp->lines, section, sdp->lines.start[section], match_types, types);

	if (removed && strchr(types, 'a'))
		sdp_reread(sdp, media);
	return removed;
}

static bool has_room_for_attribute(const struct lines *lines, unsigned section)
{
	unsigned count = 0;

	for (size_t i = lines->start[section]; i < lines->start[section + 1]; i++)
		count += lines->line[i].type == 'a';
	return count < SDP_MAX_ATTRIBUTES + SDP_SPARE_ATTRIBUTES;
}

int sdp_add_attribute(struct sdp *sdp, int media, const char *name, const char *value)
{
	struct lines *lines = &sdp->lines;
	unsigned section = sdp_section_of(sdp, media);
	struct text text;
	struct span line;

	if (!field_is_token(span_of(name)) || (value && !field_is_text(span_of(value))))
		return ERR_FORMAT;
	if (!has_room_for_attribute(lines, section))
		return ERR_LIMIT;
	text_begin(&text, "a=");
	text_add_str(&text, name);
	if (value) {
		text_add_str(&text, ":");
		text_add_str(&text, value);
	}
	int err = text_span(&text, &line);

	if (!err)
		err = lines_insert(lines, section, lines->start[section + 1], line);
	secret_wipe_bytes(text.p, text.len); /* it may be a=crypto */
	if (!err && is_read(span_of(name)))
		sdp_reread(sdp, media);
	return err;
}

static bool match_direction(const struct line *line, const void *arg)
{
	enum sdp_direction direction;
	struct span rest;

	(void)arg;
	return line->type == 'a' &&
	       sdp_direction_parse(field_attribute(line_value(line), &rest), &direction);
}

int sdp_set_direction(struct sdp *sdp, unsigned media, enum sdp_direction direction)
{
	struct lines *lines = &sdp->lines;
	unsigned section = sdp_section_of(sdp, (int)media);
	size_t end = lines->start[section + 1];
	struct text text;

	if (find(lines, section, lines->start[section], match_direction, NULL) == end &&
		!has_room_for_attribute(lines, section))
		return ERR_LIMIT;
	text_begin(&text, "a=");
	text_add_str(&text, sdp_direction_name(direction));
	int err = put_line(lines, section, end, &text, match_direction, NULL);

	if (err)
		return err;
	sdp->media[media].own.has_direction = true;
	sdp->media[media].own.direction = direction;
	sdp_resolve(sdp, (int)media);
	return 0;
}
