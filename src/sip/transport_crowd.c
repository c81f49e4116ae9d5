/*
 * Open connections that others made, counted by whom they come from. A far end that is let in and opens them
 * without end, as one does whose pool leaks, would take every place of its side and keep out all others until
 * its connections are idle for long enough. So one that nobody uses gives way, where its address has a crowd
 * of them.
 */
#include "sip/transport_priv.h"

#include <stdio.h>

/* So many from one source are no crowd: as many as a server's workers have. */
#define FEW 8
/* So long one is left alone, in which its far end may begin something. */
#define GRACE_MS 1000

unsigned crowd_source(const struct addr *remote)
{
	uint64_t hash = addr_is_v6(remote)
				? hash_bytes(&remote->v6.sin6_addr, 8, CROWD_SOURCES)
				: hash_bytes(&remote->v4.sin_addr,
					  sizeof(remote->v4.sin_addr), CROWD_SOURCES);

	return (unsigned)(hash % CROWD_SOURCES);
}

static unsigned crowd_size(const struct stream *stream)
{
	return stream->transport->of_source[stream->source];
}

static bool is_in_crowd(const struct stream *stream)
{
	return stream->accepted && stream->state == STREAM_OPEN &&
	       crowd_size(stream) > FEW;
}

/* Whether A gives way before B: of the larger crowd, and there the one that has been quiet for longer. */
static bool goes_before(const struct stream *a, const struct stream *b)
{
	if (crowd_size(a) != crowd_size(b))
		return crowd_size(a) > crowd_size(b);
	return a->flow.heard_ms < b->flow.heard_ms;
}

/* *RET: the one that gives way; NULL: none is unused. Returns whether there is a crowd at all. */
static bool crowd_find(const struct transport *transport, struct stream **ret)
{
	bool any = false;

	*ret = NULL;
	LIST_FOREACH (&transport->streams, node, next) {
		struct stream *stream = LIST_ENTRY(node, struct stream, node);

		if (!is_in_crowd(stream))
			continue;
		any = true;
		if (!stream->flow.users && (!*ret || goes_before(stream, *ret)))
			*ret = stream;
	}
	return any;
}

uint64_t crowd_room_ms(const struct transport *transport)
{
	struct stream *stream;
	uint64_t quiet_ms;

	if (!crowd_find(transport, &stream))
		return UINT64_MAX;
	/* that one is no longer used nobody tells */
	if (!stream)
		return GRACE_MS;
	quiet_ms = timers_now_ms(transport_timers(transport)) - stream->flow.heard_ms;
	return quiet_ms < GRACE_MS ? GRACE_MS - quiet_ms : 0;
}

void crowd_make_room(struct transport *transport)
{
	struct stream *stream;
	char why[80];

	(void)crowd_find(transport, &stream);
	if (!stream)
		return;
	snprintf(why, sizeof(why), "unused, one of %u from there, and others wait",
		crowd_size(stream));
	stream_close(stream, why);
}
