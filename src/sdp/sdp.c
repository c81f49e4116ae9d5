#include "sdp/sdp.h"

#include "sdp/fields.h"
#include "sdp/sdp_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct err_text *error, size_t index, const char *reason)
{
	return err_set(error, ERR_FORMAT, "line %zu of the SDP: %s", index + 1, reason);
}

unsigned sdp_section_of(const struct sdp *sdp, int media)
{
	assert(media >= SDP_SESSION && media + 1 < (int)sdp->lines.sections);
	return (unsigned)(media + 1);
}

/* Where two lines contradict each other the first one counts; edits leave only one. */
static void read_attribute(struct span value, struct sdp_section *ret)
{
	struct span rest;
	struct span name = field_attribute(value, &rest);
	enum sdp_direction direction;

	if (!ret->has_direction && sdp_direction_parse(name, &direction)) {
		ret->has_direction = true;
		ret->direction = direction;
	} else if (!ret->has_rtcp && field_is(name, "rtcp")) {
		ret->has_rtcp = true;
		ret->rtcp = rest;
	} else if (field_is(name, "rtcp-mux")) {
		ret->rtcp_mux = true;
	}
}

static int read_connection(
	const struct line *line, struct sdp_section *ret, const char **ret_reason)
{
	struct addr addr;
	int err = field_connection(line_value(line), &addr, ret_reason);

	/* Several c= lines are layers of a multicast session: the first is the base. */
	if (!err && !ret->has_connection) {
		ret->has_connection = true;
		ret->connection = addr;
	}
	return err;
}

/* Reads the c= and a= lines of SECTION. */
static int read_section(const struct lines *lines, unsigned section,
	struct sdp_section *ret, struct err_text *error)
{
	*ret = (struct sdp_section){.direction = SDP_SENDRECV};
	for (size_t i = lines->start[section]; i < lines->start[section + 1]; i++) {
		const struct line *line = &lines->line[i];
		const char *reason;

		if (line->type == 'a')
			read_attribute(line_value(line), ret);
		else if (line->type == 'c' && read_connection(line, ret, &reason) != 0)
			return refuse(error, i, reason);
		else if (section > 0 && strchr("vost", line->type))
			return refuse(
				error, i, "v=, o=, s= and t= belong before the first m=");
	}
	return 0;
}

/* The lines that make a description one: v=0 and o= first, each once, and a t=. */
static int check_session(const struct lines *lines, struct err_text *error)
{
	size_t end = lines->start[1];
	bool has_name = false;
	bool has_time = false;

	if (end == 0 || !field_is(line_value(&lines->line[0]), "0") ||
		lines->line[0].type != 'v')
		return refuse(error, 0, "an SDP begins with v=0");
	if (end <= SDP_LINE_ORIGIN || lines->line[SDP_LINE_ORIGIN].type != 'o')
		return refuse(error, SDP_LINE_ORIGIN, "o= must follow v=0");
	for (size_t i = SDP_LINE_ORIGIN + 1; i < end; i++) {
		char type = lines->line[i].type;

		if (type == 'v' || type == 'o' || (type == 's' && has_name))
			return refuse(error, i, "v=, o= and s= may stand only once");
		has_name = has_name || type == 's';
		has_time = has_time || type == 't';
	}
	/* A missing s= misleads nobody, and some gateways leave it out. */
	return has_time ? 0 : refuse(error, end, "no t= before the first m=");
}

static int read_session(struct sdp *sdp, struct err_text *error)
{
	const struct lines *lines = &sdp->lines;
	const char *reason;
	int err = check_session(lines, error);

	if (err)
		return err;
	if (field_origin(line_value(&lines->line[SDP_LINE_ORIGIN]), &sdp->origin_version,
		    &reason) != 0)
		return refuse(error, SDP_LINE_ORIGIN, reason);
	return read_section(lines, 0, &sdp->session, error);
}

/* The address for RTCP of MEDIA, whose rtp is set. */
static void resolve_rtcp(struct sdp_media *media, const struct sdp_section *own)
{
	media->rtcp = (struct addr){.len = 0};
	if (media->port == 0)
		return;
	/* A malformed a=rtcp is as good as none: RTCP then goes where it goes by default. */
	if (own->has_rtcp && field_rtcp(own->rtcp, &media->rtp, &media->rtcp) == 0)
		return;
	if (media->rtp.len && media->port < UINT16_MAX) {
		media->rtcp = media->rtp;
		addr_set_port(&media->rtcp, (uint16_t)(media->port + 1));
	}
}

static void resolve_media(struct sdp *sdp, unsigned index)
{
	const struct sdp_section *own = &sdp->media[index].own;
	struct sdp_media *media = &sdp->media[index].full;

	media->rtp = own->has_connection ? own->connection : sdp->session.connection;
	media->on_hold_address = media->rtp.len && addr_is_any(&media->rtp);
	if (media->rtp.len)
		addr_set_port(&media->rtp, media->port);
	media->direction = own->has_direction ? own->direction : sdp->session.direction;
	media->rtcp_mux = own->rtcp_mux;
	resolve_rtcp(media, own);
}

static int read_media(struct sdp *sdp, unsigned index, struct err_text *error)
{
	const struct lines *lines = &sdp->lines;
	size_t first = lines->start[index + 1];
	const char *reason;

	if (field_media(line_value(&lines->line[first]), &sdp->media[index].full,
		    &reason) != 0)
		return refuse(error, first, reason);
	int err = read_section(lines, index + 1, &sdp->media[index].own, error);

	if (err)
		return err;
	if (sdp->media[index].full.port && !sdp->media[index].own.has_connection &&
		!sdp->session.has_connection)
		return refuse(
			error, first, "this m= has no c=, and the session has none");
	resolve_media(sdp, index);
	return 0;
}

static int read_all(struct sdp *sdp, struct err_text *error)
{
	int err = read_session(sdp, error);

	for (unsigned i = 0; i < sdp_count_media(sdp) && !err; i++)
		err = read_media(sdp, i, error);
	return err;
}

struct sdp_section *sdp_own(struct sdp *sdp, int media)
{
	return media == SDP_SESSION ? &sdp->session : &sdp->media[media].own;
}

void sdp_resolve(struct sdp *sdp, int media)
{
	if (media != SDP_SESSION) {
		resolve_media(sdp, (unsigned)media);
		return;
	}
	for (unsigned i = 0; i < sdp_count_media(sdp); i++)
		resolve_media(sdp, i);
}

void sdp_reread(struct sdp *sdp, int media)
{
	int err = read_section(
		&sdp->lines, sdp_section_of(sdp, media), sdp_own(sdp, media), NULL);

	assert(err == 0);
	(void)err;
	sdp_resolve(sdp, media);
}

/* Takes LINES, also on failure. 0, ERR_FORMAT, -ENOMEM. */
static int from_lines(struct sdp **ret, struct lines *lines, struct err_text *error)
{
	size_t size = (lines->sections - 1) * sizeof(struct sdp_line);
	struct sdp *sdp = malloc(sizeof(*sdp) + size);

	if (!sdp) {
		lines_free(lines);
		return -ENOMEM;
	}
	sdp->lines = *lines;
	int err = read_all(sdp, error);

	if (err) {
		sdp_free(sdp);
		return err;
	}
	*ret = sdp;
	return 0;
}

int sdp_read(struct sdp **ret, const char *text, size_t len, struct err_text *error)
{
	struct lines lines;
	int err = lines_load(&lines, text, len, error);

	return err ? err : from_lines(ret, &lines, error);
}

struct sdp *sdp_copy(const struct sdp *sdp)
{
	struct sdp *copy = NULL;
	struct lines lines;

	if (lines_copy(&lines, &sdp->lines) != 0)
		return NULL;
	int err = from_lines(&copy, &lines, NULL);

	/* it is the text that SDP was read from, with its edits */
	assert(err != ERR_FORMAT);
	(void)err;
	return copy;
}

void sdp_free(struct sdp *sdp)
{
	if (!sdp)
		return;
	lines_free(&sdp->lines);
	free(sdp);
}

void sdp_write(const struct sdp *sdp, struct buf *out)
{
	lines_print(&sdp->lines, out);
}

unsigned sdp_count_media(const struct sdp *sdp)
{
	return sdp->lines.sections - 1;
}

const struct sdp_media *sdp_media(const struct sdp *sdp, unsigned index)
{
	assert(index < sdp_count_media(sdp));
	return &sdp->media[index].full;
}

uint64_t sdp_origin_version(const struct sdp *sdp)
{
	return sdp->origin_version;
}

bool sdp_equal_but_origin(const struct sdp *a, const struct sdp *b)
{
	if (a->lines.count != b->lines.count)
		return false;
	for (size_t i = 0; i < a->lines.count; i++) {
		const struct line *x = &a->lines.line[i];
		const struct line *y = &b->lines.line[i];

		if (i != SDP_LINE_ORIGIN &&
			(x->len != y->len || memcmp(x->p, y->p, x->len) != 0))
			return false;
	}
	return true;
}

static bool is_attribute(const struct line *line, const char *name)
{
	struct span rest;

	return line->type == 'a' &&
	       span_equal_str(field_attribute(line_value(line), &rest), name);
}

bool sdp_attribute(const struct sdp *sdp, int media, const char *name, unsigned nth,
	struct span *ret_value)
{
	unsigned section = sdp_section_of(sdp, media);
	const struct lines *lines = &sdp->lines;

	for (size_t i = lines->start[section]; i < lines->start[section + 1]; i++) {
		if (!is_attribute(&lines->line[i], name) || nth-- > 0)
			continue;
		(void)field_attribute(line_value(&lines->line[i]), ret_value);
		return true;
	}
	return false;
}
