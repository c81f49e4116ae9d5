#include "sip/strangers.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_ENTRY STRANGERS_MAX
/* How long it is believed whose an address is, and what a source was heard to say. */
#define JUDGED_MS 60000
#define HEARD_MS 1000

/* What is known of a kind, and what to do: in braces trunk, file, host of the source, wanted and used
 * transport. */
static const struct {
	const char *rule;
	enum log_level level;
	const char *remedy;
} kinds[STRANGER_KINDS] = {
	[STRANGER_SOURCE] = {"source", LOG_LEVEL_INFO,
		"no trunk has this address: if it is a gateway of yours, set host = "
		"{host} "
		"in its file in gateways.d"},
	[STRANGER_DISABLED] = {"disabled", LOG_LEVEL_WARNING,
		"{trunk} is switched off: enabled = yes in {file} lets it in"},
	[STRANGER_TRANSPORT] = {"transport", LOG_LEVEL_WARNING,
		"if this is {trunk}: transport = {used} in {file}, or let it speak "
		"{wanted}"},
	[STRANGER_PLAIN] = {"plain", LOG_LEVEL_WARNING,
		"if this is {trunk}: let it speak TLS to the port of [external] tls, as "
		"its "
		"settings say; tls = no and transport = {used} in {file} would give its "
		"protection up"},
	[STRANGER_SERVER] = {"server", LOG_LEVEL_WARNING,
		"if this is {trunk}: let it speak TLS, to the port of [internal] listen"},
	[STRANGER_TLS] = {"tls", LOG_LEVEL_WARNING,
		"if this is {trunk}: tls = yes in {file}, or let it speak {wanted}"},
	[STRANGER_NOT_TLS] = {"not_tls", LOG_LEVEL_WARNING,
		"this port takes TLS alone: let the far end speak TLS, or send a plain "
		"gateway to the port of [external] udp or tcp"},
};

/* Lines about a kind. */
struct saying {
	struct strangers *strangers;
	struct timer timer; /* runs while there may be no line */
	uint64_t count;     /* since the last one */
	unsigned entry;     /* the last of them that has a place; or NO_ENTRY */
};

struct strangers {
	struct strangers_params params;
	struct saying sayings[STRANGER_KINDS];
	unsigned count;
	unsigned last; /* the entry that came last: floods come from one source */
	uint64_t second;
	unsigned new_ones; /* in that second */
	uint64_t keys[STRANGERS_MAX];
	struct stranger entries[STRANGERS_MAX];
};

int strangers_new(struct strangers **ret, const struct strangers_params *params)
{
	struct strangers *strangers = calloc(1, sizeof(*strangers));

	if (!strangers)
		return -ENOMEM;
	strangers->params = *params;
	for (unsigned i = 0; i < STRANGER_KINDS; i++)
		strangers->sayings[i] =
			(struct saying){.strangers = strangers, .entry = NO_ENTRY};
	*ret = strangers;
	return 0;
}

void strangers_free(struct strangers *strangers)
{
	if (!strangers)
		return;
	for (unsigned i = 0; i < STRANGER_KINDS; i++)
		timer_stop(&strangers->sayings[i].timer);
	free(strangers);
}

static uint64_t now_ms(const struct strangers *strangers)
{
	return timers_now_ms(loop_timers(strangers->params.loop));
}

/* ---- what to do ---- */

const char *stranger_rule(enum stranger_kind kind)
{
	return kinds[kind].rule;
}

static void add_value(const struct stranger *stranger, struct span name, struct buf *out)
{
	char host[ADDR_TEXT_SIZE];
	const struct {
		const char *name, *value;
	} values[] = {
		{"trunk", stranger->owner.trunk},
		{"file", stranger->owner.file},
		{"host", addr_host_text(&stranger->remote, host)},
		{"wanted", transport_kind_name(stranger->owner.transport)},
		{"used", transport_kind_param(stranger->transport)},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (span_equal_str(name, values[i].name))
			buf_add_str(out, values[i].value);
	}
}

void stranger_remedy(const struct stranger *stranger, struct buf *out)
{
	const char *text = kinds[stranger->kind].remedy;

	while (*text) {
		const size_t plain = strcspn(text, "{");
		size_t name;

		buf_add(out, text, plain);
		text += plain;
		if (!*text)
			break;
		name = strcspn(++text, "}");
		add_value(stranger, (struct span){text, name}, out);
		text += name + 1;
	}
}

/* ---- the line ---- */

static void write_line(const struct strangers *strangers, const struct stranger *stranger,
	uint64_t count)
{
	char where[ADDR_TEXT_SIZE];
	struct buf remedy;

	buf_init(&remedy, 0);
	stranger_remedy(stranger, &remedy);
	log_write(kinds[stranger->kind].level, "transport",
		"event=stranger by=us rule=%s side=%s transport=%s remote=%s "
		"spoke=\"%s\" "
		"count=%llu do=\"%s\"",
		kinds[stranger->kind].rule, strangers->params.side,
		transport_kind_name(stranger->transport),
		addr_text(&stranger->remote, where), stranger->spoke,
		(unsigned long long)count, remedy.err ? "" : buf_str(&remedy));
	buf_free(&remedy);
}

static void say_again(void *arg);

static void say(struct saying *saying)
{
	struct strangers *strangers = saying->strangers;
	const enum stranger_kind kind = (enum stranger_kind)(saying - strangers->sayings);
	const struct stranger *stranger =
		saying->entry < NO_ENTRY ? &strangers->entries[saying->entry] : NULL;

	timer_start(loop_timers(strangers->params.loop), &saying->timer,
		STRANGERS_SAID_MS, say_again, saying);
	if (stranger && stranger->kind == kind)
		write_line(strangers, stranger, saying->count);
	else /* another one took its place, or it had none */
		log_write(kinds[kind].level, "transport",
			"event=stranger by=us rule=%s side=%s count=%llu",
			kinds[kind].rule, strangers->params.side,
			(unsigned long long)saying->count);
	saying->count = 0;
	saying->entry = NO_ENTRY;
}

static void say_again(void *arg)
{
	struct saying *saying = arg;

	if (saying->count)
		say(saying);
}

static void count_one(
	struct strangers *strangers, enum stranger_kind kind, unsigned entry)
{
	struct saying *saying = &strangers->sayings[kind];

	saying->count++;
	if (entry != NO_ENTRY)
		saying->entry = entry;
	if (!timer_running(&saying->timer))
		say(saying);
}

/* ---- sources ---- */

static uint64_t source_key(enum transport_kind transport, const struct addr *remote)
{
	return addr_is_v6(remote)
		       ? hash_bytes(&remote->v6.sin6_addr, sizeof(remote->v6.sin6_addr),
				 (uint64_t)transport)
		       : hash_bytes(&remote->v4.sin_addr, sizeof(remote->v4.sin_addr),
				 (uint64_t)transport);
}

static bool is_source(const struct stranger *stranger, enum transport_kind transport,
	const struct addr *remote)
{
	return stranger->transport == transport &&
	       addr_equal_host(&stranger->remote, remote);
}

/* Its place; NO_ENTRY where it has none. *RET_KEY is set where it is looked for. */
static unsigned find_entry(const struct strangers *strangers,
	enum transport_kind transport, const struct addr *remote, uint64_t *ret_key)
{
	if (strangers->count &&
		is_source(&strangers->entries[strangers->last], transport, remote))
		return strangers->last;
	*ret_key = source_key(transport, remote);
	for (unsigned i = 0; i < strangers->count; i++) {
		if (strangers->keys[i] == *ret_key &&
			is_source(&strangers->entries[i], transport, remote))
			return i;
	}
	return NO_ENTRY;
}

/* Whether the place of A is to be given away rather than that of B: those who are nobody go first, for
 * they can come in any number. */
static bool goes_first(const struct stranger *a, const struct stranger *b)
{
	const bool a_is_nobody = a->owner.trunk[0] == '\0';
	const bool b_is_nobody = b->owner.trunk[0] == '\0';

	if (a_is_nobody != b_is_nobody)
		return a_is_nobody;
	return a->last_ms < b->last_ms;
}

static unsigned free_entry(struct strangers *strangers)
{
	unsigned first = 0;

	if (strangers->count < STRANGERS_MAX)
		return strangers->count++;
	for (unsigned i = 1; i < STRANGERS_MAX; i++) {
		if (goes_first(&strangers->entries[i], &strangers->entries[first]))
			first = i;
	}
	return first;
}

static bool may_be_new(struct strangers *strangers)
{
	const uint64_t second = now_ms(strangers) / 1000;

	if (second != strangers->second) {
		strangers->second = second;
		strangers->new_ones = 0;
	}
	if (strangers->new_ones == STRANGERS_NEW_A_SECOND)
		return false;
	strangers->new_ones++;
	return true;
}

static enum stranger_kind kind_of(const struct stranger *stranger)
{
	const struct stranger_owner *owner = &stranger->owner;

	if (owner->trunk[0] == '\0')
		return STRANGER_SOURCE;
	if (!owner->enabled)
		return STRANGER_DISABLED;
	if (owner->is_server)
		return STRANGER_SERVER;
	if (stranger->transport == TRANSPORT_TLS)
		return STRANGER_TLS;
	return owner->transport == TRANSPORT_TLS ? STRANGER_PLAIN : STRANGER_TRANSPORT;
}

static void find_owner(const struct strangers *strangers, const struct addr *remote,
	struct stranger_owner *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (strangers->params.owner_h)
		strangers->params.owner_h(strangers->params.arg, remote, ret);
}

static void judge(const struct strangers *strangers, struct stranger *stranger)
{
	stranger->judged_ms = now_ms(strangers);
	stranger->outdated = false;
	find_owner(strangers, &stranger->remote, &stranger->owner);
	stranger->kind = kind_of(stranger);
}

static unsigned new_entry(struct strangers *strangers, enum transport_kind transport,
	const struct addr *remote, uint64_t key)
{
	unsigned i;

	if (!may_be_new(strangers))
		return NO_ENTRY;
	i = free_entry(strangers);
	strangers->keys[i] = key;
	strangers->entries[i] = (struct stranger){
		.remote = *remote, .transport = transport, .first_ms = now_ms(strangers)};
	judge(strangers, &strangers->entries[i]);
	return i;
}

/* The entry of one more from REMOTE; NO_ENTRY: too many new ones. */
static unsigned take_entry(struct strangers *strangers, enum transport_kind transport,
	const struct addr *remote)
{
	uint64_t key = 0;
	unsigned i = find_entry(strangers, transport, remote, &key);

	if (i == NO_ENTRY)
		i = new_entry(strangers, transport, remote, key);
	else if (strangers->entries[i].outdated ||
		 now_ms(strangers) - strangers->entries[i].judged_ms >= JUDGED_MS)
		judge(strangers, &strangers->entries[i]);
	if (i != NO_ENTRY)
		strangers->last = i;
	return i;
}

void strangers_note(struct strangers *strangers, enum transport_kind transport,
	const struct addr *remote, struct span heard)
{
	const unsigned i = take_entry(strangers, transport, remote);
	const uint64_t now = now_ms(strangers);
	struct stranger *stranger;

	if (i == NO_ENTRY) {
		count_one(strangers, STRANGER_SOURCE, NO_ENTRY);
		return;
	}
	stranger = &strangers->entries[i];
	if (stranger->count++ == 0 || now - stranger->last_ms >= HEARD_MS) {
		stranger->remote = *remote;
		if (heard.len)
			spoken_text(stranger->spoke, heard.p, heard.len);
		else
			snprintf(
				stranger->spoke, sizeof(stranger->spoke), "a connection");
	}
	stranger->last_ms = now;
	count_one(strangers, stranger->kind, i);
}

bool strangers_note_tls(
	struct strangers *strangers, const struct addr *remote, const char *spoke)
{
	struct stranger_owner owner;
	struct stranger *stranger;
	unsigned i;

	if (spoke[0] == '\0') {
		find_owner(strangers, remote, &owner);
		if (owner.trunk[0] == '\0' || owner.transport == TRANSPORT_TLS)
			return false;
	}
	i = take_entry(strangers, TRANSPORT_TLS, remote);
	if (i == NO_ENTRY)
		return false;
	stranger = &strangers->entries[i];
	if (spoke[0] != '\0')
		stranger->kind = STRANGER_NOT_TLS;
	stranger->remote = *remote;
	snprintf(stranger->spoke, sizeof(stranger->spoke), "%s",
		spoke[0] != '\0' ? spoke : "TLS");
	stranger->count++;
	stranger->last_ms = now_ms(strangers);
	count_one(strangers, stranger->kind, i);
	return true;
}

void strangers_judge_again(struct strangers *strangers)
{
	for (unsigned i = 0; i < strangers->count; i++)
		strangers->entries[i].outdated = true;
}

/* ---- asking ---- */

/* The latest of those that are not TOLD yet; one of them is there. */
static unsigned latest_of(const struct strangers *strangers, const bool *told)
{
	unsigned latest = NO_ENTRY;

	for (unsigned i = 0; i < strangers->count; i++) {
		if (!told[i] && (latest == NO_ENTRY ||
					strangers->entries[i].last_ms >
						strangers->entries[latest].last_ms))
			latest = i;
	}
	return latest;
}

void strangers_each(const struct strangers *strangers, strangers_h *h, void *arg)
{
	struct clock *clock = loop_clock(strangers->params.loop);
	const uint64_t wall_us = clock->wall_us(clock);
	const uint64_t mono_ms = now_ms(strangers);
	bool told[STRANGERS_MAX] = {false};

	for (unsigned n = 0; n < strangers->count; n++) {
		const unsigned i = latest_of(strangers, told);
		const struct stranger *stranger = &strangers->entries[i];

		told[i] = true;
		h(arg, stranger, wall_us - (mono_ms - stranger->first_ms) * 1000,
			wall_us - (mono_ms - stranger->last_ms) * 1000);
	}
}
