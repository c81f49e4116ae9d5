#include "admin/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WAY_TEXT_MAX 128

int tally_init(struct tally *tally)
{
	memset(tally, 0, sizeof(*tally));
	list_init(&tally->order);
	return hash_init(&tally->parties);
}

static void free_party(struct tally_party *party)
{
	for (int kind = 0; kind < TALLY_KINDS; kind++) {
		struct tally_sum *sum = &party->sums[kind];

		for (unsigned i = 0; i < sum->way_count; i++) {
			free(sum->ways[i].text);
			free(sum->ways[i].names);
		}
		free(sum->ways);
	}
	free(party->name);
	free(party);
}

void tally_free(struct tally *tally)
{
	LIST_FOREACH (&tally->order, node, next)
		free_party(LIST_ENTRY(node, struct tally_party, order));
	hash_free(&tally->parties);
}

static struct tally_party *find(const struct tally *tally, struct span name)
{
	struct hash_node *node =
		hash_find(&tally->parties, hash_bytes(name.p, name.len, 0));

	for (; node; node = hash_find_next(node)) {
		struct tally_party *party = HASH_ENTRY(node, struct tally_party, node);

		if (span_equal_str(name, party->name))
			return party;
	}
	return NULL;
}

struct tally_party *tally_find(const struct tally *tally, const char *name)
{
	return find(tally, span_of(name));
}

static struct tally_party *find_or_make(struct tally *tally, struct span name)
{
	struct tally_party *party = find(tally, name);

	if (party || tally->parties.count >= TALLY_PARTIES)
		return party;
	party = calloc(1, sizeof(*party));
	if (!party)
		return NULL;
	party->name = span_dup(name);
	if (!party->name) {
		free(party);
		return NULL;
	}
	list_append(&tally->order, &party->order);
	hash_add(&tally->parties, &party->node, hash_bytes(name.p, name.len, 0));
	return party;
}

/* The way of SUM with TEXT and NAMES; NULL: it has too many already. */
static struct tally_way *find_way(
	struct tally_sum *sum, struct span text, struct span names, bool secure)
{
	struct tally_way *way, *ways;

	for (unsigned i = 0; i < sum->way_count; i++) {
		way = &sum->ways[i];
		if (span_equal_str(text, way->text) && span_equal_str(names, way->names))
			return way;
	}
	if (sum->way_count == TALLY_WAYS)
		return NULL;
	ways = reallocarray(sum->ways, sum->way_count + 1, sizeof(*ways));
	if (!ways)
		return NULL;
	sum->ways = ways;
	way = &ways[sum->way_count];
	*way = (struct tally_way){
		.text = span_dup(text), .names = span_dup(names), .secure = secure};
	if (!way->text || !way->names) {
		free(way->text);
		free(way->names);
		return NULL;
	}
	sum->way_count++;
	return way;
}

/* What one leg is for one kind. */
struct fact {
	struct span text, names;
	bool secure;
	bool below; /* less than was demanded */
};

static void count(
	struct tally_sum *sum, const struct fact *fact, const struct cdr *cdr, bool ended)
{
	struct tally_way *way;

	if (fact->below) {
		sum->below++;
		span_copy(cdr->id, sum->below_id, sizeof(sum->below_id));
	}
	if (ended && !cdr->answered && !cdr->message)
		return;
	way = find_way(sum, fact->text, fact->names, fact->secure);
	if (way && ended)
		way->ended++;
	else if (way)
		way->now++;
	sum->legs += ended;
	sum->secure += ended && fact->secure;
}

/* Version names compare as the versions do: "TLS1.2" < "TLS1.3", and "SSL3.0" before. */
static bool is_less(struct span version, struct span least)
{
	size_t len = version.len < least.len ? version.len : least.len;

	return len == 0 || memcmp(version.p, least.p, len) < 0;
}

static void count_signalling(struct tally_sum *sum, const struct cdr_leg *leg,
	const struct cdr *cdr, bool ended)
{
	char text[WAY_TEXT_MAX];
	size_t len = 0;
	struct fact fact = {.names = leg->peer_names,
		.secure = span_equal_str(leg->transport, "TLS")};
	const struct span words[] = {leg->tls_version, leg->tls_cipher};

	/* Nothing was said to anybody: the connection never came to be. A record of old names
	 * TLS all the same, without the version that each open connection has. */
	if (leg->transport.len == 0 || (fact.secure && leg->tls_version.len == 0))
		return;
	fact.text = leg->transport;
	if (fact.secure) {
		for (size_t i = 0; i < 2 && len + words[i].len + 1 < sizeof(text); i++) {
			if (len > 0)
				text[len++] = ' ';
			memcpy(text + len, words[i].len ? words[i].p : "", words[i].len);
			len += words[i].len;
		}
		if (len > 0)
			fact.text = (struct span){text, len};
	}
	fact.below =
		leg->signalling_required.len > 0 &&
		(!fact.secure || is_less(leg->tls_version, leg->signalling_required));
	count(sum, &fact, cdr, ended);
}

static bool is_secure_media(const struct cdr_leg *leg)
{
	return !span_equal_str(leg->media, "UDPTL") && !span_equal_str(leg->media, "RTP");
}

bool tally_leg_is_secure(const struct cdr_leg *leg)
{
	return span_equal_str(leg->transport, "TLS") && leg->tls_version.len > 0 &&
	       (leg->media.len == 0 || is_secure_media(leg));
}

static void count_media(struct tally_sum *sum, const struct cdr_leg *leg,
	const struct cdr *cdr, bool ended)
{
	struct fact fact = {.text = leg->media, .names = span_of("")};
	bool udptl;

	if (leg->media.len == 0)
		return;
	udptl = span_equal_str(leg->media, "UDPTL");
	fact.secure = is_secure_media(leg);
	fact.below = leg->media_required.len > 0 && !fact.secure &&
		     !(udptl && span_equal_str(leg->media_required, "SRTP or UDPTL"));
	count(sum, &fact, cdr, ended);
}

static void add_leg(
	struct tally *tally, const struct cdr_leg *leg, const struct cdr *cdr, bool ended)
{
	struct tally_party *party;

	/* A call that no trunk was found for. */
	if (leg->party.len == 0)
		return;
	party = find_or_make(tally, leg->party);
	if (!party) {
		tally->uncounted++;
		return;
	}
	if (cdr->message) {
		count_signalling(&party->sums[TALLY_MESSAGES], leg, cdr, ended);
		return;
	}
	party->failed += ended && !cdr->answered;
	count_signalling(&party->sums[TALLY_SIGNALLING], leg, cdr, ended);
	count_media(&party->sums[TALLY_MEDIA], leg, cdr, ended);
}

void tally_add(struct tally *tally, const struct cdr *cdr, bool ended)
{
	for (unsigned i = 0; i < 2; i++)
		add_leg(tally, &cdr->legs[i], cdr, ended);
}

void tally_each(const struct tally *tally,
	void (*h)(void *arg, struct tally_party *party), void *arg)
{
	LIST_FOREACH (&tally->order, node, next)
		h(arg, LIST_ENTRY(node, struct tally_party, order));
}
