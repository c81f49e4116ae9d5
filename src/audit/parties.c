#include "audit/parties.h"

#include "audit/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most calls have two. */
#define FIRST_SIZE 2

void parties_free(struct parties *parties)
{
	free(parties->list);
	memset(parties, 0, sizeof(*parties));
}

struct party_seen *parties_find(const struct parties *parties, uint32_t number)
{
	for (size_t i = parties->count; i-- > 0;)
		if (parties->list[i].number == number)
			return &parties->list[i];
	return NULL;
}

struct party_seen *parties_at(const struct parties *parties, unsigned end)
{
	const unsigned last = parties->last[end % TAP_ENDS];

	return last ? &parties->list[last - 1] : NULL;
}

/* The list grows where its length is a power of two. */
static struct party_seen *add(struct parties *parties)
{
	const size_t count = parties->count;
	struct party_seen *list = parties->list;

	if (count == PARTIES_MAX)
		return NULL;
	if (count == 0 || (count >= FIRST_SIZE && (count & (count - 1)) == 0))
		list = reallocarray(list, count ? 2 * count : FIRST_SIZE, sizeof(*list));
	if (!list)
		return NULL;
	parties->list = list;
	memset(&list[count], 0, sizeof(list[count]));
	parties->count++;
	return &list[count];
}

void parties_tell(struct parties *parties, uint32_t number, unsigned end, const char *leg,
	const char *trunk)
{
	struct party_seen *party = parties_find(parties, number);

	if (!party) {
		party = add(parties);
		if (!party)
			return;
		party->number = number;
		snprintf(party->leg, sizeof(party->leg), "%s", leg);
		snprintf(party->trunk, sizeof(party->trunk), "%s", trunk);
	}
	party->end = end % TAP_ENDS;
	parties->last[party->end] = (unsigned)(party - parties->list) + 1;
}

uint32_t parties_interface(
	struct parties *parties, struct party_seen *party, struct capture *capture)
{
	if (!party && !parties->has_nobody) {
		parties->nobody = capture_interface(capture, "?", "");
		parties->has_nobody = true;
	}
	if (!party)
		return parties->nobody;
	if (!party->has_interface) {
		party->interface = capture_interface(capture, party->leg, party->trunk);
		party->has_interface = true;
	}
	return party->interface;
}

void parties_forget_interfaces(struct parties *parties)
{
	for (size_t i = 0; i < parties->count; i++)
		parties->list[i].has_interface = false;
	parties->has_nobody = false;
}

static bool is_told(const struct parties *parties, const char *trunk)
{
	for (size_t i = 0; i < parties->count; i++)
		if (parties->list[i].told && strcmp(parties->list[i].trunk, trunk) == 0)
			return true;
	return false;
}

const struct party_seen *parties_untold(struct parties *parties)
{
	for (size_t i = 0; i < parties->count; i++) {
		struct party_seen *party = &parties->list[i];
		const bool known = party->told || is_told(parties, party->trunk);

		party->told = true;
		if (!known)
			return party;
	}
	return NULL;
}

/* Appends TEXT behind AT, cut to fit, with its NUL. Returns where the next one goes. */
static size_t add_text(char buf[static PARTY_COMMENT_SIZE], size_t at, const char *text)
{
	const size_t room = PARTY_COMMENT_SIZE - 1 - at;
	size_t len = strlen(text);

	if (len > room)
		len = room;
	memcpy(buf + at, text, len);
	buf[at + len] = '\0';
	return at + len;
}

/* A printf would be the dearest part of all that is done for a message. */
const char *parties_comment(const struct party_seen *party, const char *how,
	char buf[static PARTY_COMMENT_SIZE])
{
	size_t at;

	if (!party)
		return how;
	at = add_text(buf, 0, "leg ");
	at = add_text(buf, at, party->leg);
	at = add_text(buf, at, ", ");
	at = add_text(buf, at, party->trunk);
	at = add_text(buf, at, ", ");
	(void)add_text(buf, at, how);
	return buf;
}
