/* What peers showed, and the inventory: one certificate of the gateway carrier-a, and one list. */
#include "trunk/inventory.h"

#include <stdio.h>
#include <string.h>

static struct config_gateway gateway;
static char carrier_id[] = "carrier-a";
static struct trunk carrier = {
	.kind = TRUNK_GATEWAY, .id = carrier_id, .gateway = &gateway};

static struct facts shown = {.subject = "CN=\\\"odd\\x0a\\\"",
	.issuer = "CN=CA",
	.fingerprint = "AB:CD",
	.to = 4000000000};
static const struct seen_peer seen_carrier = {.chain = &shown,
	.count = 1,
	.since = 1700000000,
	.changed = SEEN_KEY,
	.changed_at = 1700000000,
	.before = "12:34"};

const struct seen_peer *seen_find(struct seen *seen, const char *name)
{
	(void)seen;
	return strcmp(name, "trunk carrier-a") == 0 ? &seen_carrier : NULL;
}

const char *seen_change_text(unsigned changed, char buf[static SEEN_CHANGE_TEXT_SIZE])
{
	snprintf(buf, SEEN_CHANGE_TEXT_SIZE, "%s", changed == SEEN_KEY ? "key" : "?");
	return buf;
}

int inventory_new(struct inventory **ret, const struct trunks *trunks, struct seen *seen)
{
	static struct inventory_user users[] = {{&carrier, true}};
	static struct inventory_item certificate = {.role = INVENTORY_PEER,
		.file = "",
		.seen = &seen_carrier,
		.users = users,
		.user_count = 1};
	static struct inventory_item list = {.role = INVENTORY_CRL,
		.file = "/a\n\"b\\.crl",
		.facts = {.issuer = "CN=CA", .from = 1000, .to = 2000}};
	static struct inventory_item *items[] = {&list, &certificate};
	static struct inventory inventory = {.items = items, .count = 2};

	(void)trunks;
	(void)seen;
	certificate.facts = shown;
	*ret = &inventory;
	return 0;
}

void inventory_free(struct inventory *inventory)
{
	(void)inventory;
}

const char *inventory_role_name(const struct inventory_item *item)
{
	return item->role == INVENTORY_CRL ? "crl" : "peer";
}

void inventory_print_users(const struct inventory_item *item, struct buf *out)
{
	buf_add_str(out, item->user_count ? "trunk carrier-a" : "");
}

void inventory_print_then(const struct inventory_item *item, struct buf *out)
{
	(void)item;
	buf_add_str(out, "refused");
}

enum inventory_level inventory_level(const struct inventory_item *item, time_t now)
{
	return item->facts.to < now ? INVENTORY_OVER : INVENTORY_FINE;
}

const char *inventory_level_name(enum inventory_level level)
{
	static const char *const names[] = {"ok", "30d", "7d", "1d", "over"};

	return names[level];
}
