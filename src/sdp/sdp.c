#include "sdp/sdp.h"

#include "sdp/fields.h"
#include "sdp/sdp_priv.h"
#include "sdp/tidy.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* Several c= lines are layers of a multicast session: the first is the base. */
static void read_connection(struct span value, struct sdp_section *ret)
{
	if (ret->has_connection)
		return;
	ret->has_connection = true;
	(void)field_connection(value, &ret->connection, &ret->connection_fault);
}

/* Reads the c= and a= lines of SECTION. */
static void read_section(
	const struct lines *lines, unsigned section, struct sdp_section *ret)
{
	*ret = (struct sdp_section){.direction = SDP_SENDRECV};
	for (size_t i = lines->start[section]; i < lines->start[section + 1]; i++) {
		const struct line *line = &lines->line[i];

		if (line->type == 'a')
			read_attribute(line_value(line), ret);
		else if (line->type == 'c')
			read_connection(line_value(line), ret);
	}
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

static const char *fault_of(
	const struct sdp_line *line, const struct sdp_section *connection)
{
	if (line->fault || line->full.port == 0)
		return line->fault;
	return connection->has_connection ? connection->connection_fault
					  : "it has no c=, and the session has none";
}

static void resolve_media(struct sdp *sdp, unsigned index)
{
	const struct sdp_section *own = &sdp->media[index].own;
	const struct sdp_section *from = own->has_connection ? own : &sdp->session;
	struct sdp_media *media = &sdp->media[index].full;

	media->rtp = from->connection;
	media->fault = fault_of(&sdp->media[index], from);
	media->on_hold_address = media->rtp.len && addr_is_any(&media->rtp);
	if (media->rtp.len)
		addr_set_port(&media->rtp, media->port);
	media->direction = own->has_direction ? own->direction : sdp->session.direction;
	media->rtcp_mux = own->rtcp_mux;
	resolve_rtcp(media, own);
}

static void read_media(struct sdp *sdp, unsigned index)
{
	const struct lines *lines = &sdp->lines;
	struct sdp_line *media = &sdp->media[index];
	const char *reason;
	int err = field_media(
		line_value(&lines->line[lines->start[index + 1]]), &media->full, &reason);

	assert(err == 0); /* tidy() wrote it */
	(void)err;
	media->fault = NULL;
	read_section(lines, index + 1, &media->own);
	resolve_media(sdp, index);
}

static void read_all(struct sdp *sdp)
{
	const char *reason;

	sdp->origin_version = 0;
	(void)field_origin(line_value(&sdp->lines.line[SDP_LINE_ORIGIN]),
		&sdp->origin_version, &reason);
	read_section(&sdp->lines, 0, &sdp->session);
	for (unsigned i = 0; i < sdp_count_media(sdp); i++)
		read_media(sdp, i);
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
	read_section(&sdp->lines, sdp_section_of(sdp, media), sdp_own(sdp, media));
	sdp_resolve(sdp, media);
}

/* Takes LINES, also on failure. NULL when out of memory. */
static struct sdp *from_lines(struct lines *lines)
{
	size_t size = (lines->sections - 1) * sizeof(struct sdp_line);
	struct sdp *sdp = malloc(sizeof(*sdp) + size);

	if (!sdp) {
		lines_free(lines);
		return NULL;
	}
	sdp->lines = *lines;
	sdp->repaired = false;
	read_all(sdp);
	return sdp;
}

static void note_faults(struct sdp *sdp, const struct tidy_faults *faults)
{
	for (unsigned i = 0; i < sdp_count_media(sdp); i++) {
		uint32_t bit = 1u << i;

		if (faults->port & bit)
			sdp->media[i].fault =
				"the port of m= is not a number from 0 to 65535";
		else if (faults->formats & bit && sdp->media[i].full.port)
			sdp->media[i].fault = "m= has no valid format";
		else if (faults->crowded & bit)
			sdp->media[i].fault = "it has too many attributes";
	}
	sdp_resolve(sdp, SDP_SESSION);
}

static int from_text(struct sdp **ret, struct span text)
{
	struct lines lines;
	int err = lines_load(&lines, text);

	if (err)
		return err;
	*ret = from_lines(&lines);
	return *ret ? 0 : -ENOMEM;
}

int sdp_read(struct sdp **ret, const char *text, size_t len, struct err_text *error)
{
	struct tidy_faults faults;
	struct sdp *sdp = NULL;
	struct buf clean;
	bool repaired;

	buf_init(&clean, 0);
	buf_reserve(&clean, len + 32);
	int err = tidy((struct span){text, len}, &clean, &faults, &repaired, error);

	if (!err)
		err = from_text(&sdp, buf_span(&clean));
	buf_free(&clean);
	if (err)
		return err;
	sdp->repaired = repaired;
	note_faults(sdp, &faults);
	*ret = sdp;
	return 0;
}

struct sdp *sdp_copy(const struct sdp *sdp)
{
	struct lines lines;

	if (lines_copy(&lines, &sdp->lines) != 0)
		return NULL;
	struct sdp *copy = from_lines(&lines);

	if (!copy)
		return NULL;
	copy->repaired = sdp->repaired;
	for (unsigned i = 0; i < sdp_count_media(sdp); i++)
		copy->media[i].fault = sdp->media[i].fault;
	sdp_resolve(copy, SDP_SESSION);
	return copy;
}

static bool has_fault(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp_count_media(sdp); i++)
		if (sdp->media[i].fault)
			return true;
	return false;
}

struct sdp_text *sdp_text_take(struct sdp *sdp)
{
	struct sdp_text *text = has_fault(sdp) ? NULL : lines_take_text(&sdp->lines);

	if (text)
		sdp_free(sdp);
	return text;
}

int sdp_text_read(struct sdp **ret, const struct sdp_text *text)
{
	return from_text(ret, sdp_text_span(text));
}

bool sdp_was_repaired(const struct sdp *sdp)
{
	return sdp->repaired;
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

bool sdp_is_served(const struct sdp *sdp, unsigned index)
{
	return index < sdp_count_media(sdp) && sdp_media(sdp, index)->port;
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
