#include "bridge/party_diversion.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
/* An index has a number for each entry at most: "1.1.1", and a count is of two digits. */
#define INDEX_SIZE (2 * PARTY_HISTORY_MAX + 1)
/* Of an escaped Reason, as much as is looked at. */
#define REASON_SIZE 128
/* The host of a forwarding of which no more is known than that there was one. */
#define UNKNOWN_HOST "unknown.invalid"
/* RFC 5806 4: two digits. */
#define COUNTER_MAX 99

/* RFC 7544: the causes of RFC 4458, which are fewer. The first row of a cause is its reason. */
static const struct {
	const char *reason, *cause;
} reasons[] = {
	{"unknown", "404"},
	{"unconditional", "302"},
	{"user-busy", "486"},
	{"no-answer", "408"},
	{"deflection", "480"},
	{"deflection", "487"},
	{"unavailable", "503"},
	{"time-of-day", "404"},
	{"do-not-disturb", "404"},
	{"follow-me", "404"},
	{"out-of-service", "404"},
	{"away", "404"},
};

static const char *reason_of(struct span cause)
{
	for (size_t i = 0; i < LENGTH(reasons); i++)
		if (span_equal_str(cause, reasons[i].cause))
			return reasons[i].reason;
	return reasons[0].reason;
}

/* The row of REASON, quoted or not; the first one, where it is none that is known. */
static size_t find_reason(struct span reason)
{
	if (reason.len > 1 && reason.p[0] == '"')
		reason = (struct span){reason.p + 1, reason.len - 2};
	for (size_t i = 0; i < LENGTH(reasons); i++)
		if (span_equal_nocase(reason, reasons[i].reason))
			return i;
	return 0;
}

struct span party_diversion_cause(struct span reason)
{
	return span_of(reasons[find_reason(reason)].cause);
}

static struct span param(const struct party_name *name, const char *which)
{
	struct span value = {0};

	message_param(name->params, which, &value);
	return value;
}

/* How many forwardings a Diversion stands for. */
static unsigned counter_of(const struct party_name *diversion)
{
	uint64_t counter;

	if (span_uint(param(diversion, "counter"), COUNTER_MAX, &counter) || !counter)
		return 1;
	return (unsigned)counter;
}

/* LIST is taken. */
static void keep_list(struct party_names *names, struct party_name *list, unsigned count)
{
	free(names->list);
	names->list = list;
	names->count = count;
}

/* ---- Diversion to History-Info ---- */

struct history {
	struct party *party;
	struct party_name list[PARTY_HISTORY_MAX];
	unsigned count;
	char index[INDEX_SIZE]; /* of the last one */
};

/* NAME was the target next, for CAUSE (empty: it was the first). */
static int add_entry(
	struct history *history, const struct party_name *name, struct span cause)
{
	struct party_name *entry = &history->list[history->count];
	char params[2 * INDEX_SIZE + 16];
	char before[INDEX_SIZE];
	int len;

	memcpy(before, history->index, sizeof(before));
	if (!history->count) {
		strcpy(history->index, "1");
		len = snprintf(params, sizeof(params), "index=1");
	} else {
		snprintf(history->index, sizeof(history->index), "%.*s.1", INDEX_SIZE - 3,
			before);
		len = snprintf(
			params, sizeof(params), "index=%s;mp=%s", history->index, before);
	}
	*entry = (struct party_name){.display = name->display,
		.phone = name->phone,
		.unknown = name->unknown,
		.cause = history->count ? cause : span_of("")};
	history->count++;
	return party_keep(
		history->party, (struct span){params, (size_t)len}, &entry->params);
}

/* RFC 7544 7.1: a counter above 1 stands for forwardings of which no more is known. */
static int add_unknown(struct history *history, unsigned count, struct span first_cause)
{
	static const struct party_name unknown = {.phone = {.number = {"unknown", 7}},
		.unknown = {UNKNOWN_HOST, sizeof(UNKNOWN_HOST) - 1}};
	int err = 0;

	for (unsigned i = 0; i < count && !err; i++)
		err = add_entry(history, &unknown, i ? span_of("404") : first_cause);
	return err;
}

static struct span escaped_privacy(const struct party_name *diversion)
{
	const struct span privacy = param(diversion, "privacy");

	if (!privacy.len || privacy_has(privacy, "off"))
		return (struct span){0};
	return span_of("history");
}

int party_diversion_to_history(struct party *party)
{
	const struct party_names *diversions = &party->diversions;
	struct history history = {.party = party};
	struct party_name *list;
	/* what there is room for beside all that is known */
	unsigned room = PARTY_HISTORY_MAX - diversions->count - 1;
	struct span cause = {0};
	int err = 0;

	for (unsigned i = diversions->count; i-- > 0 && !err;) {
		const struct party_name *diversion = &diversions->list[i];
		unsigned more = counter_of(diversion) - 1;

		more = more > room ? room : more;
		room -= more;
		err = add_unknown(&history, more, cause);
		if (!err)
			err = add_entry(
				&history, diversion, more ? span_of("404") : cause);
		history.list[history.count - 1].privacy = escaped_privacy(diversion);
		cause = party_diversion_cause(param(diversion, "reason"));
	}
	if (!err && diversions->count)
		err = add_entry(&history, &party->called, cause);
	if (err)
		return err;
	list = malloc(sizeof(history.list));
	if (!list)
		return -ENOMEM;
	memcpy(list, history.list, sizeof(history.list));
	keep_list(&party->history, list, history.count);
	return 0;
}

/* ---- History-Info to Diversion ---- */

/* That of the SIP reason that ENTRY has escaped (RFC 7044 10.2): why it was left. NULL: none. */
static const char *own_reason(const struct party_name *entry)
{
	char text[REASON_SIZE];
	struct span list, element, protocol, cause;

	message_unescape(entry->reason, text, sizeof(text), &list);
	while (message_element_next(&list, &element)) {
		if (message_param_next(&element, &protocol) &&
			span_equal_nocase(protocol, "SIP") &&
			message_param(element, "cause", &cause))
			return reason_of(cause);
	}
	return NULL;
}

/* Whether ENTRY was made of LEFT, the one before it or not: its mp says so, or else its place. */
static bool is_made_of(
	const struct party_name *entry, const struct party_name *left, bool next)
{
	const struct span mapped = param(entry, "mp");

	return mapped.len ? span_equal(mapped, param(left, "index")) : next;
}

/* Why the call went on from entry AT; static. NULL: it was not forwarded there. */
static const char *reason_at(const struct party_names *history, unsigned at)
{
	const struct party_name *left = &history->list[at];
	const char *reason = NULL;

	for (unsigned i = at + 1; i < history->count; i++) {
		const struct party_name *entry = &history->list[i];

		if (entry->cause.len && is_made_of(entry, left, i == at + 1))
			reason = reason_of(entry->cause);
	}
	return reason || at + 1 == history->count ? reason : own_reason(left);
}

static unsigned depth_of(const struct party_name *entry)
{
	const struct span index = param(entry, "index");
	unsigned depth = index.len > 0;

	for (size_t i = 0; i < index.len; i++)
		depth += index.p[i] == '.';
	return depth;
}

/* How many entries are missing between the two, by their indexes: below "1" comes "1.1". */
static unsigned missing(const struct party_name *before, const struct party_name *entry)
{
	const struct span above = param(before, "index");
	const struct span index = param(entry, "index");
	const unsigned depth = depth_of(entry);

	if (!above.len || index.len <= above.len || index.p[above.len] != '.' ||
		memcmp(index.p, above.p, above.len) != 0)
		return 0;
	return depth - depth_of(before) - 1;
}

static bool is_private(const struct party *party, const struct party_name *entry)
{
	if (privacy_has(entry->privacy, "none"))
		return false;
	return party->privacy & PRIVACY_HISTORY || privacy_has(entry->privacy, "history");
}

/* One that is told. */
struct forwarding {
	const struct party_name *by;
	const char *reason; /* static */
	unsigned counter;   /* of it and those before it of which no more is known */
};

/* What PARTY's history tells, the oldest first. */
static unsigned find_forwardings(
	const struct party *party, struct forwarding ret[static PARTY_HISTORY_MAX])
{
	const struct party_names *history = &party->history;
	unsigned count = 0;
	unsigned counter = 0;

	for (unsigned i = 0; i < history->count; i++) {
		const struct party_name *entry = &history->list[i];
		const char *reason = reason_at(history, i);

		counter += i ? missing(entry - 1, entry) : 0;
		counter += reason != NULL;
		if (!reason || span_equal_nocase(entry->unknown, UNKNOWN_HOST))
			continue;
		ret[count++] = (struct forwarding){entry, reason, counter};
		counter = 0;
	}
	return count;
}

static int make_diversion(
	struct party *party, const struct forwarding *forwarding, struct party_name *ret)
{
	const struct party_name *by = forwarding->by;
	char params[96];
	int len = snprintf(params, sizeof(params), "reason=%s;counter=%u;privacy=%s",
		forwarding->reason,
		forwarding->counter > COUNTER_MAX ? COUNTER_MAX : forwarding->counter,
		is_private(party, by) ? "full" : "off");

	*ret = (struct party_name){.display = by->display,
		.phone = by->phone,
		.tel = by->tel,
		.unknown = by->unknown};
	return party_keep(party, (struct span){params, (size_t)len}, &ret->params);
}

int party_diversion_from_history(struct party *party)
{
	struct forwarding forwardings[PARTY_HISTORY_MAX];
	const unsigned count = find_forwardings(party, forwardings);
	const unsigned first =
		count > PARTY_DIVERSIONS_MAX ? count - PARTY_DIVERSIONS_MAX : 0;
	struct party_name *list = calloc(PARTY_DIVERSIONS_MAX, sizeof(*list));
	int err = 0;

	if (!list)
		return -ENOMEM;
	for (unsigned i = 0; i < first; i++)
		forwardings[first].counter += forwardings[i].counter;
	for (unsigned i = first; i < count && !err; i++)
		err = make_diversion(party, &forwardings[i], &list[count - 1 - i]);
	if (err) {
		free(list);
		return err;
	}
	keep_list(&party->diversions, list, count - first);
	return 0;
}

/* ---- the latest ---- */

bool party_diversion_latest(const struct party *party, const struct party_name **ret_by,
	const char **ret_reason)
{
	struct forwarding forwardings[PARTY_HISTORY_MAX];
	struct span reason;
	unsigned count;

	if (party->diversions.count) {
		*ret_by = &party->diversions.list[0];
		reason = param(*ret_by, "reason");
		*ret_reason = reason.len ? reasons[find_reason(reason)].reason : "";
		return true;
	}
	count = find_forwardings(party, forwardings);
	if (!count)
		return false;
	*ret_by = forwardings[count - 1].by;
	*ret_reason = forwardings[count - 1].reason;
	return true;
}
