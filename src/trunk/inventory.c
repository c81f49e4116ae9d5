#include "trunk/inventory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400
/* So many names are printed, then only how many more there are. */
#define USERS_PRINTED 3

/* What is under way while an inventory is made. */
struct walk {
	struct inventory *inventory;
	const struct trunks *trunks;
	struct seen *seen;
	int err;
	const struct seen_peer **shown; /* by each trunk of the kind; NULL: nothing yet */
	const struct trunk *trunk; /* for trust_reader: the first that has this trust */
};

/* ---- items and users ---- */

static uint64_t item_hash(
	enum inventory_role role, const struct facts *facts, const char *file)
{
	uint64_t hash = hash_bytes(file, strlen(file), (uint64_t)role);

	hash = hash_bytes(facts->fingerprint, strlen(facts->fingerprint), hash);
	return hash_bytes(facts->issuer, strlen(facts->issuer), hash);
}

static bool item_is(const struct inventory_item *item, enum inventory_role role,
	const struct facts *facts, const char *file)
{
	return item->role == role && !strcmp(item->file, file) &&
	       !strcmp(item->facts.fingerprint, facts->fingerprint) &&
	       !strcmp(item->facts.issuer, facts->issuer);
}

static struct inventory_item *add_item(struct walk *walk, enum inventory_role role,
	const struct facts *facts, const char *file)
{
	struct inventory *inventory = walk->inventory;
	struct inventory_item *item = calloc(1, sizeof(*item));
	void *grown = realloc(
		inventory->items, (inventory->count + 1) * sizeof(*inventory->items));

	if (grown)
		inventory->items = grown;
	if (!item || !grown) {
		free(item);
		walk->err = -ENOMEM;
		return NULL;
	}
	item->role = role;
	item->file = file;
	item->facts = *facts;
	inventory->items[inventory->count++] = item;
	hash_add(&inventory->index, &item->node, item_hash(role, facts, file));
	return item;
}

/* What several share is one item. NULL without memory; *RET_NEW says whether it is new. */
static struct inventory_item *get_item(struct walk *walk, enum inventory_role role,
	const struct facts *facts, const char *file, bool *ret_new)
{
	struct hash_node *node =
		hash_find(&walk->inventory->index, item_hash(role, facts, file));

	*ret_new = false;
	for (; node; node = hash_find_next(node)) {
		struct inventory_item *item =
			HASH_ENTRY(node, struct inventory_item, node);

		if (item_is(item, role, facts, file))
			return item;
	}
	*ret_new = true;
	return add_item(walk, role, facts, file);
}

static void add_user(struct walk *walk, struct inventory_item *item,
	const struct trunk *trunk, bool breaks)
{
	void *grown;

	if (item->user_count > 0 && item->users[item->user_count - 1].trunk == trunk)
		return;
	grown = realloc(item->users, (item->user_count + 1) * sizeof(*item->users));
	if (!grown) {
		walk->err = -ENOMEM;
		return;
	}
	item->users = grown;
	item->users[item->user_count++] = (struct inventory_user){trunk, breaks};
}

static bool has_user(const struct inventory_item *item, const struct trunk *trunk)
{
	for (unsigned i = 0; i < item->user_count; i++)
		if (item->users[i].trunk == trunk)
			return true;
	return false;
}

/* ---- ours ---- */

/* The side's is shown to everybody who comes, whatever their gateway has of its own: who they
 * are is not known before. */
static void add_side_users(
	struct walk *walk, struct inventory_item *item, const struct trunk_tls *tls)
{
	const struct trunk *trunk;

	if (tls->trunk) {
		if (!has_user(item, tls->trunk))
			add_user(walk, item, tls->trunk, true);
		return;
	}
	for (unsigned i = 0; (trunk = trunks_at(walk->trunks, tls->kind, i)); i++)
		if (trunk_is_tls(trunk))
			add_user(walk, item, trunk, true);
}

/* The chain of CRED: what TLS presents now or, with NEXT, what waits. */
static void add_ours(struct walk *walk, const struct trunk_tls *tls,
	const struct cred *cred, const char *file, bool next)
{
	struct facts_chain chain;

	if (!cred || cred_facts(cred, &chain))
		return;
	for (unsigned i = 0; i < chain.count && !walk->err; i++) {
		const struct facts *facts = &chain.facts[i];
		enum inventory_role role = i > 0  ? INVENTORY_OWN_CHAIN
					   : next ? INVENTORY_NEXT
						  : INVENTORY_OWN;
		time_t from = tls->next ? tls->files->next_from : 0;
		struct inventory_item *item;
		bool new;

		if (i > 0 && facts->self_signed)
			continue;
		item = get_item(walk, role, facts, file, &new);
		if (!item)
			return;
		if (next ? i > 0 : from > facts->to)
			from = 0; /* nothing takes its place, or too late */
		/* one who has no successor for it needs it to the end */
		if (new || !from)
			item->from = from;
		add_side_users(walk, item, tls);
	}
}

static void add_ours_h(void *arg, const struct trunk_tls *tls)
{
	const struct config_tls *files = tls->files;

	add_ours(arg, tls, tls->cred,
		tls->switched ? files->next_certificate : files->certificate, false);
	add_ours(arg, tls, tls->next, files->next_certificate, true);
}

/* ---- what peers are held against ---- */

static const char *either(const char *own, const char *common)
{
	return own[0] ? own : common;
}

static const struct config_tls *own_files(const struct trunk *trunk)
{
	return &trunk_settings(trunk)->certs;
}

static const struct config_tls *side_files(const struct trunk *trunk)
{
	return trunk_side_files(trunk->kind, trunk->config);
}

static const char *trust_file(const struct trunk *trunk)
{
	return either(own_files(trunk)->trust, side_files(trunk)->trust);
}

static const char *crl_file(const struct trunk *trunk)
{
	return either(own_files(trunk)->crl, side_files(trunk)->crl);
}

/* Lists and anchors of both are the same, and from the same files. */
static bool same_trust(const struct trunk *a, const struct trunk *b)
{
	return trunk_is_tls(a) && trunk_is_tls(b) && a->peer && b->peer &&
	       a->peer->trust == b->peer->trust &&
	       !strcmp(trust_file(a), trust_file(b)) && !strcmp(crl_file(a), crl_file(b));
}

/* Whether what a trunk showed last leads to ANCHOR. */
static bool leads_to(const struct seen_peer *seen, const struct facts *anchor)
{
	for (unsigned i = 0; seen && i < seen->count; i++)
		if (!strcmp(seen->chain[i].issuer, anchor->subject) ||
			!strcmp(seen->chain[i].fingerprint, anchor->fingerprint))
			return true;
	return false;
}

static bool needs_list(const struct trunk *trunk)
{
	return trunk_settings(trunk)->peer.revocation != CONFIG_REVOCATION_SOFT;
}

static void add_anchor_h(void *arg, const struct facts *anchor)
{
	struct walk *walk = arg;
	const struct trunk *trunk;
	bool new;
	struct inventory_item *item =
		get_item(walk, INVENTORY_ANCHOR, anchor, trust_file(walk->trunk), &new);

	for (unsigned i = 0;
		item && (trunk = trunks_at(walk->trunks, walk->trunk->kind, i)); i++)
		if (same_trust(walk->trunk, trunk))
			add_user(walk, item, trunk, leads_to(walk->shown[i], anchor));
}

static void add_crl_h(void *arg, const struct facts_crl *crl)
{
	struct walk *walk = arg;
	struct facts facts = {.from = crl->issued, .to = crl->due};
	const struct trunk *trunk;
	struct inventory_item *item;
	bool new;

	snprintf(facts.issuer, sizeof(facts.issuer), "%s", crl->issuer);
	item = get_item(walk, INVENTORY_CRL, &facts, crl_file(walk->trunk), &new);
	if (!item)
		return;
	/* of several lists of one issuer the freshest counts */
	if (item->facts.to < facts.to)
		item->facts = facts;
	if (has_user(item, walk->trunk))
		return;
	for (unsigned i = 0; (trunk = trunks_at(walk->trunks, walk->trunk->kind, i)); i++)
		if (same_trust(walk->trunk, trunk))
			add_user(walk, item, trunk, needs_list(trunk));
}

static bool is_first_of_its_trust(
	const struct walk *walk, const struct trunk *trunk, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (same_trust(trunks_at(walk->trunks, trunk->kind, i), trunk))
			return false;
	return true;
}

/* ---- what peers show ---- */

static void add_peer(
	struct walk *walk, const struct trunk *trunk, const struct seen_peer *seen)
{
	struct inventory_item *item;
	bool new;

	for (unsigned i = 0; seen && i < seen->count && !walk->err; i++) {
		if (i > 0 && seen->chain[i].self_signed)
			continue;
		item = get_item(walk, i > 0 ? INVENTORY_PEER_CHAIN : INVENTORY_PEER,
			&seen->chain[i], "", &new);
		if (!item)
			return;
		if (new)
			item->seen = seen;
		add_user(walk, item, trunk, true);
	}
}

/* What each trunk of KIND showed last: asked for once, and not anew for every anchor. */
static int find_shown(struct walk *walk, enum trunk_kind kind)
{
	const struct trunk *trunk;
	unsigned count = 0;
	char name[80];

	while (trunks_at(walk->trunks, kind, count))
		count++;
	walk->shown = calloc(count + 1, sizeof(*walk->shown));
	if (!walk->shown)
		return -ENOMEM;
	for (unsigned i = 0; (trunk = trunks_at(walk->trunks, kind, i)); i++)
		walk->shown[i] = seen_find(walk->seen, trunk_name(trunk, name));
	return 0;
}

static void add_far_ends(struct walk *walk, enum trunk_kind kind)
{
	const struct trust_reader reader = {
		.anchor_h = add_anchor_h, .crl_h = add_crl_h, .arg = walk};
	const struct trunk *trunk;

	if (find_shown(walk, kind)) {
		walk->err = -ENOMEM;
		return;
	}
	for (unsigned i = 0; (trunk = trunks_at(walk->trunks, kind, i)); i++) {
		if (!trunk_is_tls(trunk) || !trunk->peer)
			continue;
		add_peer(walk, trunk, walk->shown[i]);
		walk->trunk = trunk;
		if (is_first_of_its_trust(walk, trunk, i))
			trust_read(trunk->peer->trust, &reader);
	}
	free(walk->shown);
}

/* ---- the whole ---- */

static int compare(const void *left, const void *right)
{
	const struct inventory_item *a = *(struct inventory_item *const *)left;
	const struct inventory_item *b = *(struct inventory_item *const *)right;

	if (a->facts.to != b->facts.to)
		return a->facts.to < b->facts.to ? -1 : 1;
	if (a->role != b->role)
		return a->role < b->role ? -1 : 1;
	return strcmp(a->facts.subject, b->facts.subject);
}

int inventory_new(struct inventory **ret, const struct trunks *trunks, struct seen *seen)
{
	struct inventory *inventory = calloc(1, sizeof(*inventory));
	struct walk walk = {.inventory = inventory, .trunks = trunks, .seen = seen};

	if (!inventory)
		return -ENOMEM;
	if (hash_init(&inventory->index)) {
		free(inventory);
		return -ENOMEM;
	}
	trunks_each_tls(trunks, add_ours_h, &walk);
	add_far_ends(&walk, TRUNK_SERVER);
	add_far_ends(&walk, TRUNK_GATEWAY);
	if (walk.err) {
		inventory_free(inventory);
		return walk.err;
	}
	if (inventory->count > 0)
		qsort(inventory->items, inventory->count, sizeof(*inventory->items),
			compare);
	*ret = inventory;
	return 0;
}

void inventory_free(struct inventory *inventory)
{
	if (!inventory)
		return;
	for (size_t i = 0; i < inventory->count; i++) {
		free(inventory->items[i]->users);
		free(inventory->items[i]);
	}
	free(inventory->items);
	hash_free(&inventory->index);
	free(inventory);
}

/* ---- words ---- */

const char *inventory_role_name(const struct inventory_item *item)
{
	static const char *const names[] = {
		[INVENTORY_OWN] = "own",
		[INVENTORY_NEXT] = "next",
		[INVENTORY_OWN_CHAIN] = "intermediate",
		[INVENTORY_PEER] = "peer",
		[INVENTORY_PEER_CHAIN] = "intermediate",
		[INVENTORY_ANCHOR] = "anchor",
		[INVENTORY_CRL] = "crl",
	};

	return item->role == INVENTORY_ANCHOR && item->facts.self_signed
		       ? "root"
		       : names[item->role];
}

/* Those who lose by it, or ALL; returns how many. */
static unsigned print_users(const struct inventory_item *item, bool all, struct buf *out)
{
	unsigned count = 0;
	char name[80];

	for (unsigned i = 0; i < item->user_count; i++) {
		if (!all && !item->users[i].breaks)
			continue;
		if (count++ < USERS_PRINTED)
			buf_printf(out, "%s%s", count > 1 ? ", " : "",
				trunk_name(item->users[i].trunk, name));
	}
	if (count > USERS_PRINTED)
		buf_printf(out, " and %u more", count - USERS_PRINTED);
	return count;
}

void inventory_print_users(const struct inventory_item *item, struct buf *out)
{
	print_users(item, true, out);
}

static void print_day(struct buf *out, const char *words, time_t when)
{
	char text[CLOCK_TEXT_SIZE];

	buf_printf(out, "%s%.16sZ", words, clock_text((uint64_t)when * 1000000, text));
}

static void print_then_ours(const struct inventory_item *item, struct buf *out)
{
	if (item->from && item->role != INVENTORY_NEXT) {
		print_day(out, "nothing: its successor takes over at ", item->from);
		return;
	}
	buf_add_str(out, "no TLS with ");
	if (print_users(item, false, out) == 0)
		buf_add_str(out, "anybody (no TLS is configured there)");
	if (item->role == INVENTORY_NEXT)
		print_day(out, ", from ", item->from);
}

void inventory_print_then(const struct inventory_item *item, struct buf *out)
{
	struct buf users;

	buf_init(&users, 0);
	switch (item->role) {
	case INVENTORY_OWN:
	case INVENTORY_NEXT:
	case INVENTORY_OWN_CHAIN:
		print_then_ours(item, out);
		break;
	case INVENTORY_PEER:
	case INVENTORY_PEER_CHAIN:
		buf_add_str(out, "refused until renewed: ");
		print_users(item, false, out);
		break;
	case INVENTORY_ANCHOR:
		if (print_users(item, false, &users) > 0)
			buf_printf(out, "refused: %s", buf_str(&users));
		else
			buf_add_str(out, "refused: whose certificate leads to it; none "
					 "that was seen");
		break;
	case INVENTORY_CRL:
		if (print_users(item, false, &users) > 0)
			buf_printf(out, "refused, as revocation cannot be judged: %s",
				buf_str(&users));
		else
			buf_add_str(out, "let in though they may be revoked: ");
		if (users.len == 0)
			print_users(item, true, out);
		break;
	}
	buf_free(&users);
}

static const time_t level_seconds[] = {
	[INVENTORY_30_DAYS] = 30 * DAY,
	[INVENTORY_7_DAYS] = 7 * DAY,
	[INVENTORY_1_DAY] = 1 * DAY,
};

enum inventory_level inventory_level(const struct inventory_item *item, time_t now)
{
	const time_t left = item->facts.to - now;
	enum inventory_level level = INVENTORY_FINE;

	if (item->from && item->role != INVENTORY_NEXT)
		return INVENTORY_FINE;
	if (left <= 0)
		return INVENTORY_OVER;
	for (unsigned i = INVENTORY_30_DAYS; i <= INVENTORY_1_DAY; i++) {
		if (item->role == INVENTORY_CRL &&
			level_seconds[i] > (item->facts.to - item->facts.from) / 3)
			continue;
		if (left <= level_seconds[i])
			level = (enum inventory_level)i;
	}
	return level;
}

const char *inventory_level_name(enum inventory_level level)
{
	static const char *const names[] = {"ok", "30d", "7d", "1d", "over"};

	return names[level];
}
