#include "trunk/expiry.h"

#include "base/hash.h"
#include "base/log.h"
#include "trunk/inventory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EXPIRY_CHECK_MS (3600 * 1000)
#define EXPIRY_SOON_MS 1000

struct expiry {
	struct loop *loop;
	const struct trunks *trunks;
	struct seen *seen;
	struct timer timer;
	struct hash told; /* struct told */
	uint64_t pass;
};

/* Of what something was said. */
struct told {
	struct hash_node node; /* by expiry_key() */
	enum inventory_level level;
	time_t to;
	uint64_t pass; /* when it was met last */
};

static time_t wall_now(const struct expiry *expiry)
{
	struct clock *clock = loop_clock(expiry->loop);

	return (time_t)(clock->wall_us(clock) / 1000000);
}

/* A list with another date is another list. */
static uint64_t key_of(const struct inventory_item *item)
{
	const struct facts *facts = &item->facts;
	uint64_t key = hash_bytes(item->file, strlen(item->file), 0);

	key = hash_bytes(facts->fingerprint, strlen(facts->fingerprint), key);
	key = hash_bytes(facts->issuer, strlen(facts->issuer), key);
	return hash_bytes(&facts->to, sizeof(facts->to), key);
}

/* NULL without memory. */
static struct told *get_told(struct expiry *expiry, const struct inventory_item *item)
{
	const uint64_t key = key_of(item);
	struct hash_node *node = hash_find(&expiry->told, key);
	struct told *told;

	if (node)
		return HASH_ENTRY(node, struct told, node);
	told = calloc(1, sizeof(*told));
	if (!told)
		return NULL;
	told->to = item->facts.to;
	hash_add(&expiry->told, &told->node, key);
	return told;
}

static const char *advice(const struct inventory_item *item)
{
	switch (item->role) {
	case INVENTORY_OWN:
	case INVENTORY_NEXT:
	case INVENTORY_OWN_CHAIN:
		return "put its successor into the file: it is taken into use at once";
	case INVENTORY_PEER:
	case INVENTORY_PEER_CHAIN:
		return "its owner must renew it";
	case INVENTORY_ANCHOR:
		return "put the authority's next one into the file, beside it";
	case INVENTORY_CRL:
		return "fetch the issuer's present list into the file";
	}
	return "";
}

static void tell(
	const struct inventory_item *item, enum inventory_level level, time_t now)
{
	static const char *const events[2][2] = {
		{"certificate-expires", "certificate-expired"}, {"crl-due", "crl-stale"}};
	const struct facts *facts = &item->facts;
	const bool list = item->role == INVENTORY_CRL;
	const long long left = (long long)(facts->to - now);
	char when[CLOCK_TEXT_SIZE];
	struct buf users, then;

	buf_init(&users, 0);
	buf_init(&then, 0);
	inventory_print_users(item, &users);
	inventory_print_then(item, &then);
	log_write(level >= INVENTORY_1_DAY ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "tls",
		"event=%s role=%s %s=\"%s\" names=\"%s\" file=\"%s\" threshold=%s "
		"left-days=%lld "
		"not-after=%s certificate=\"%s\" used-by=\"%s\" then=\"%s\" note=\"%s\"",
		events[list][level == INVENTORY_OVER], inventory_role_name(item),
		list ? "issuer" : "subject", list ? facts->issuer : facts->subject,
		facts->names, item->file, inventory_level_name(level),
		left > 0 ? left / 86400 : 0,
		clock_text((uint64_t)facts->to * 1000000, when), facts->fingerprint,
		buf_str(&users) ? users.data : "", buf_str(&then) ? then.data : "",
		advice(item));
	buf_free(&users);
	buf_free(&then);
}

/* What is over and no longer in use is not said again, should it come back. */
static void forget_h(void *arg, struct hash_node *node)
{
	struct expiry *expiry = arg;
	struct told *told = HASH_ENTRY(node, struct told, node);

	if (told->pass == expiry->pass || told->to > wall_now(expiry))
		return;
	hash_remove(&expiry->told, node);
	free(told);
}

static void check_item(struct expiry *expiry, const struct inventory_item *item)
{
	const time_t now = wall_now(expiry);
	enum inventory_level level = inventory_level(item, now);
	struct told *told = level ? get_told(expiry, item) : NULL;

	if (!told)
		return;
	told->pass = expiry->pass;
	if (level > told->level)
		tell(item, level, now);
	if (level > told->level)
		told->level = level;
}

static void check_h(void *arg)
{
	expiry_check(arg);
}

void expiry_check(struct expiry *expiry)
{
	struct inventory *inventory;

	timer_start(loop_timers(expiry->loop), &expiry->timer, EXPIRY_CHECK_MS, check_h,
		expiry);
	if (inventory_new(&inventory, expiry->trunks, expiry->seen))
		return;
	expiry->pass++;
	for (size_t i = 0; i < inventory->count; i++)
		check_item(expiry, inventory->items[i]);
	inventory_free(inventory);
	hash_each(&expiry->told, forget_h, expiry);
}

void expiry_check_soon(struct expiry *expiry)
{
	struct timers *timers = loop_timers(expiry->loop);

	if (timer_running(&expiry->timer) &&
		expiry->timer.expiry_ms <= timers_now_ms(timers) + EXPIRY_SOON_MS)
		return;
	timer_start(timers, &expiry->timer, EXPIRY_SOON_MS, check_h, expiry);
}

int expiry_new(struct expiry **ret, struct loop *loop, const struct trunks *trunks,
	struct seen *seen)
{
	struct expiry *expiry = calloc(1, sizeof(*expiry));

	if (!expiry || hash_init(&expiry->told)) {
		free(expiry);
		return -ENOMEM;
	}
	expiry->loop = loop;
	expiry->trunks = trunks;
	expiry->seen = seen;
	*ret = expiry;
	return 0;
}

static void drop_h(void *arg, struct hash_node *node)
{
	struct expiry *expiry = arg;
	struct told *told = HASH_ENTRY(node, struct told, node);

	hash_remove(&expiry->told, node);
	free(told);
}

void expiry_free(struct expiry *expiry)
{
	if (!expiry)
		return;
	timer_stop(&expiry->timer);
	hash_each(&expiry->told, drop_h, expiry);
	hash_free(&expiry->told);
	free(expiry);
}
