#include "bridge/party_divert.h"

#include "base/err.h"
#include "bridge/party_diversion.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A reason or privacy that a far end gives, as it is told on. */
#define WORD_MAX 40
/* The index of an entry of History-Info that may get another one below it. */
#define INDEX_MAX 64
/* RFC 5806 4: why, where that is not said; of a 302. */
#define UNCONDITIONAL "unconditional"

static struct span word_or(struct span word, const char *other)
{
	if (word.len > 1 && word.p[0] == '"' && word.p[word.len - 1] == '"')
		word = (struct span){word.p + 1, word.len - 2};
	return word.len <= WORD_MAX && message_token_valid(word) ? word : span_of(other);
}

/* One more of NAMES, of which LIST has room for MAX. -ENOMEM, or 0 with *RET, behind the others. */
static int grow(struct party_names *names, struct party_name **ret)
{
	struct party_name *list =
		realloc(names->list, (names->count + 1) * sizeof(*names->list));

	if (!list)
		return -ENOMEM;
	names->list = list;
	*ret = &list[names->count++];
	**ret = (struct party_name){.tel = false};
	return 0;
}

/* ---- Diversion ---- */

static int add_diversion(struct party *party, const struct party_divert *divert)
{
	struct party_names *names = &party->diversions;
	const struct span reason = word_or(divert->reason, UNCONDITIONAL);
	const struct span privacy = word_or(divert->privacy, "off");
	struct party_name by = {.phone = party->called.phone};
	char params[2 * WORD_MAX + 64];
	struct party_name *last;
	int len = snprintf(params, sizeof(params), "reason=%.*s;counter=1;privacy=%.*s",
		SPAN_ARG(reason), SPAN_ARG(privacy));
	int err = party_keep(party, (struct span){params, (size_t)len}, &by.params);

	if (err)
		return err;
	if (names->count == PARTY_DIVERSIONS_MAX)
		names->count--;
	err = grow(names, &last);
	if (err)
		return err;
	memmove(names->list + 1, names->list,
		(size_t)(last - names->list) * sizeof(*names->list));
	names->list[0] = by;
	return 0;
}

/* ---- History-Info ---- */

static bool is_of(const struct party_name *entry, const struct phone *phone)
{
	char a[PHONE_PLAIN_SIZE], b[PHONE_PLAIN_SIZE];

	if (phone_plain(&entry->phone, a, sizeof(a)) && phone_plain(phone, b, sizeof(b)))
		return !strcmp(a, b);
	return span_equal(entry->phone.number, phone->number);
}

/* An entry for PHONE, by branch NTH below the latest one; MAPPED: that was retargeted to it. */
static int add_entry(struct party *party, const struct phone *phone, unsigned nth,
	bool mapped, struct span cause)
{
	struct party_names *names = &party->history;
	struct span above = {.p = NULL};
	char params[2 * INDEX_MAX + 64];
	struct party_name *entry;
	int len, err;

	message_param(names->list[names->count - 1].params, "index", &above);
	if (!above.len || above.len > INDEX_MAX)
		return ERR_LIMIT;
	len = snprintf(params, sizeof(params), "index=%.*s.%u", SPAN_ARG(above), nth);
	if (mapped)
		len += snprintf(params + len, sizeof(params) - (size_t)len, ";mp=%.*s",
			SPAN_ARG(above));
	err = party_keep(party, (struct span){params, (size_t)len}, &above);
	if (!err)
		err = grow(names, &entry);
	if (err)
		return err;
	entry->phone = *phone;
	entry->cause = cause;
	entry->params = above;
	return 0;
}

/* RFC 7044 10.2: why the call left ENTRY, and that its user is not to be shown. */
static int mark_left(
	struct party *party, struct party_name *entry, const struct party_divert *divert)
{
	char reason[40];
	int len;

	if (!entry->privacy.len &&
		!span_equal_nocase(word_or(divert->privacy, "off"), "off"))
		entry->privacy = span_of("history");
	if (entry->reason.len)
		return 0;
	len = snprintf(reason, sizeof(reason), "SIP%%3Bcause%%3D%d", divert->status);
	return party_keep(party, (struct span){reason, (size_t)len}, &entry->reason);
}

static int add_history(struct party *party, const struct party_divert *divert)
{
	static const struct span no_cause = {.p = NULL};
	struct party_names *names = &party->history;
	const struct phone by = party->called.phone;
	int err = 0;

	/* the latest is who is called, if whoever wrote it says so (RFC 7044 9.1) */
	if (!is_of(&names->list[names->count - 1], &by) &&
		names->count < PARTY_HISTORY_MAX)
		err = add_entry(party, &by, 1, false, no_cause);
	if (err || names->count == PARTY_HISTORY_MAX)
		return err;
	err = mark_left(party, &names->list[names->count - 1], divert);
	if (!err)
		err = add_entry(party, &divert->to, divert->branch, true,
			party_diversion_cause(word_or(divert->reason, UNCONDITIONAL)));
	return err;
}

int party_divert(struct party *party, const struct party_divert *divert)
{
	const bool history = party->history.count;
	int err = 0;

	if (party->diversions.count || !history)
		err = add_diversion(party, divert);
	if (!err && history)
		err = add_history(party, divert);
	/* a history whose indexes lead nowhere stays as it is */
	if (err == ERR_LIMIT)
		err = 0;
	if (!err)
		party->called = (struct party_name){.phone = divert->to};
	return err;
}
