#include "media/ssrcs.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ssrcs_init(struct ssrcs *ssrcs)
{
	*ssrcs = (struct ssrcs){.room = SSRCS_FEW};
	ssrcs->list = ssrcs->few;
}

void ssrcs_clear(struct ssrcs *ssrcs)
{
	if (ssrcs->list != ssrcs->few)
		free(ssrcs->list);
	ssrcs_init(ssrcs);
}

/* The first that is not below SSRC. */
static unsigned lower_bound(const struct ssrcs *ssrcs, uint32_t ssrc)
{
	unsigned from = 0, to = ssrcs->count;

	while (from < to) {
		unsigned middle = (from + to) / 2;

		if (ssrcs->list[middle].ssrc < ssrc)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

struct ssrc *ssrcs_find(struct ssrcs *ssrcs, uint32_t ssrc)
{
	unsigned at = ssrcs->last;

	if (at >= ssrcs->count || ssrcs->list[at].ssrc != ssrc)
		at = lower_bound(ssrcs, ssrc);
	if (at == ssrcs->count || ssrcs->list[at].ssrc != ssrc)
		return NULL;
	ssrcs->last = at;
	return &ssrcs->list[at];
}

int ssrcs_reserve(struct ssrcs *ssrcs)
{
	bool few = ssrcs->list == ssrcs->few;
	unsigned room = 2 * ssrcs->room;
	struct ssrc *list;

	if (ssrcs->count < ssrcs->room)
		return 0;
	if (ssrcs->room == SSRCS_MAX)
		return ERR_LIMIT;
	list = reallocarray(few ? NULL : ssrcs->list, room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	if (few)
		memcpy(list, ssrcs->few, sizeof(ssrcs->few));
	ssrcs->list = list;
	ssrcs->room = room;
	return 0;
}

struct ssrc *ssrcs_add(struct ssrcs *ssrcs, uint32_t ssrc)
{
	struct ssrc *known = ssrcs_find(ssrcs, ssrc);
	unsigned at;

	if (known)
		return known;
	at = lower_bound(ssrcs, ssrc);
	memmove(ssrcs->list + at + 1, ssrcs->list + at,
		(ssrcs->count - at) * sizeof(*ssrcs->list));
	ssrcs->list[at] = (struct ssrc){.ssrc = ssrc};
	ssrcs->count++;
	ssrcs->last = at;
	return &ssrcs->list[at];
}

static void drop_live(struct ssrcs *ssrcs, unsigned at)
{
	ssrcs->live_count--;
	ssrcs->live[at] = ssrcs->live[ssrcs->live_count];
}

void ssrcs_remove(struct ssrcs *ssrcs, struct ssrc *ssrc)
{
	unsigned at = (unsigned)(ssrc - ssrcs->list);

	for (unsigned i = 0; i < ssrcs->live_count; i++)
		if (ssrcs->live[i] == ssrc->ssrc) {
			drop_live(ssrcs, i);
			break;
		}
	ssrcs->count--;
	memmove(ssrc, ssrc + 1, (ssrcs->count - at) * sizeof(*ssrc));
}

struct ssrc *ssrcs_use(struct ssrcs *ssrcs, struct ssrc *ssrc)
{
	struct ssrc *oldest = NULL;
	unsigned oldest_at = 0, last = (unsigned)(ssrc - ssrcs->list);

	ssrc->used = ++ssrcs->clock;
	if (ssrc->live)
		return NULL;
	ssrc->live = true;
	ssrcs->live[ssrcs->live_count++] = ssrc->ssrc;
	if (ssrcs->live_count <= SSRCS_LIVE)
		return NULL;
	for (unsigned i = 0; i < ssrcs->live_count; i++) {
		struct ssrc *each = ssrcs_find(ssrcs, ssrcs->live[i]);

		if (!oldest || ssrcs->clock - each->used > ssrcs->clock - oldest->used) {
			oldest = each;
			oldest_at = i;
		}
	}
	drop_live(ssrcs, oldest_at);
	oldest->live = oldest->window = oldest->rtcp_window = false;
	ssrcs->last = last;
	return oldest;
}
