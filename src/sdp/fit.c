#include "sdp/fit.h"

#include "sdp/sdp_priv.h"

#include <errno.h>
#include <strings.h>

/* For each line of the offer the line of the answer that is for it; NONE: there is none. */
#define NONE (-1)

struct map {
	int to[SDP_MAX_MEDIA];
	unsigned fit;
};

static bool same_type(const struct sdp *offer, unsigned offered, const struct sdp *answer,
	unsigned answered)
{
	struct span a = sdp_media(offer, offered)->type;
	struct span b = sdp_media(answer, answered)->type;

	return a.len == b.len && strncasecmp(a.p, b.p, a.len) == 0;
}

/* The first place of the type of line ANSWERED that is free; NONE: all are taken. */
static int free_place(const struct map *map, const struct sdp *offer,
	const struct sdp *answer, unsigned answered)
{
	for (unsigned i = 0; i < sdp_count_media(offer); i++)
		if (map->to[i] == NONE && same_type(offer, i, answer, answered))
			return (int)i;
	return NONE;
}

static void make_map(struct map *map, const struct sdp *offer, const struct sdp *answer)
{
	unsigned offered = sdp_count_media(offer);
	unsigned answered = sdp_count_media(answer);

	map->fit = 0;
	for (unsigned i = 0; i < offered; i++)
		map->to[i] =
			i < answered && same_type(offer, i, answer, i) ? (int)i : NONE;
	for (unsigned i = 0; i < answered; i++) {
		int place;

		if (i < offered && map->to[i] == (int)i)
			continue;
		place = free_place(map, offer, answer, i);
		if (place == NONE) {
			map->fit |= SDP_FIT_EXTRA;
			continue;
		}
		map->to[place] = (int)i;
		map->fit |= SDP_FIT_ORDER;
	}
	for (unsigned i = 0; i < offered; i++)
		if (map->to[i] == NONE)
			map->fit |= SDP_FIT_MISSING;
}

static void write_section(const struct sdp *sdp, unsigned section, struct buf *out)
{
	for (size_t i = sdp->lines.start[section]; i < sdp->lines.start[section + 1];
		i++) {
		buf_add(out, sdp->lines.line[i].p, sdp->lines.line[i].len);
		buf_add_str(out, "\r\n");
	}
}

static void write_refused(const struct sdp_media *offered, struct buf *out)
{
	buf_add_str(out, "m=");
	buf_add_span(out, offered->type);
	buf_add_str(out, " 0 ");
	buf_add_span(out, offered->proto_text);
	buf_add_char(out, ' ');
	buf_add_span(out, offered->formats);
	buf_add_str(out, "\r\n");
}

static int rebuild(struct sdp **answer, const struct sdp *offer, const struct map *map)
{
	struct sdp *sdp = NULL;
	struct buf text;

	buf_init(&text, 0);
	write_section(*answer, 0, &text);
	for (unsigned i = 0; i < sdp_count_media(offer); i++)
		if (map->to[i] == NONE)
			write_refused(sdp_media(offer, i), &text);
		else
			write_section(*answer, (unsigned)map->to[i] + 1, &text);
	int err = text.err ? -ENOMEM : sdp_read(&sdp, text.data, text.len, NULL);

	buf_free(&text);
	if (err)
		return err;
	for (unsigned i = 0; i < sdp_count_media(offer); i++)
		if (map->to[i] != NONE)
			sdp->media[i].fault = (*answer)->media[map->to[i]].fault;
	sdp->repaired = (*answer)->repaired;
	sdp_resolve(sdp, SDP_SESSION);
	sdp_free(*answer);
	*answer = sdp;
	return 0;
}

int sdp_fit_answer(struct sdp **answer, const struct sdp *offer, unsigned *ret_fit)
{
	struct map map;
	int err = 0;

	make_map(&map, offer, *answer);
	if (map.fit)
		err = rebuild(answer, offer, &map);
	if (!err)
		*ret_fit = map.fit;
	return err;
}

int sdp_fit_offer(struct sdp **offer, const struct sdp *before)
{
	const unsigned count = sdp_count_media(*offer);
	struct map map = {.fit = 0};

	if (count >= sdp_count_media(before))
		return 0;
	for (unsigned i = 0; i < sdp_count_media(before); i++)
		map.to[i] = i < count ? (int)i : NONE;
	return rebuild(offer, before, &map);
}
