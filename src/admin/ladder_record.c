#include "admin/ladder_record.h"

#include "base/span.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A record has at most 16 attempts, of two rows each, and ten transfers and redirections. */
#define ROWS_MAX 64

/* Who the legs belong to, as the record names them. */
struct legs {
	const json_t *a, *b;
	const char *b_word; /* "server", "trunk": attempts name an id alone */
};

static const char *word_of(const json_t *object, const char *name)
{
	const char *word = json_string_value(json_object_get(object, name));

	return word ? word : "";
}

static json_int_t number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static struct legs find_legs(const json_t *record)
{
	const json_t *internal = json_object_get(record, "internal");
	const json_t *external = json_object_get(record, "external");
	struct legs legs;

	if (!external) {
		legs.a = internal;
		legs.b = json_object_get(record, "internal_b");
	} else if (!internal) {
		legs.a = external;
		legs.b = json_object_get(record, "external_b");
	} else if (json_is_true(json_object_get(record, "inbound"))) {
		legs.a = external;
		legs.b = internal;
	} else {
		legs.a = internal;
		legs.b = external;
	}
	legs.b_word = legs.b == internal || (!external && legs.b) ? "server" : "trunk";
	return legs;
}

static struct addr address_of(const json_t *object, const char *name)
{
	struct addr addr = {.len = 0};

	if (addr_parse(&addr, word_of(object, name), 0) != 0)
		addr.len = 0;
	return addr;
}

/* Whether NAME, "server pbx1", is that of TARGET, "pbx1". */
static bool is_of(const char *name, const char *target)
{
	const char *id = strchr(name, ' ');

	return id && strcmp(id + 1, target) == 0;
}

/* What TARGET is called in words: where a transfer brought both legs to one side, the legs do not tell. */
static const char *find_name(const json_t *record, const char *target)
{
	static const char *const lists[] = {"transfers", "redirections"};
	const struct legs legs = find_legs(record);
	const json_t *change;
	size_t i;

	if (is_of(word_of(legs.b, "party"), target))
		return word_of(legs.b, "party");
	for (unsigned list = 0; list < 2; list++)
		json_array_foreach(json_object_get(record, lists[list]), i, change)
		{
			if (is_of(word_of(change, "by"), target))
				return word_of(change, "by");
		}
	return NULL;
}

/* "c" where a transfer brought TARGET. */
static const char *find_leg(const json_t *record, const json_t *attempt)
{
	const json_t *transfer;
	size_t i;

	json_array_foreach(json_object_get(record, "transfers"), i, transfer)
	{
		if (number_of(transfer, "after_us") <= number_of(attempt, "after_us") &&
			strcmp(word_of(transfer, "target"), word_of(attempt, "target")) ==
				0)
			return "c";
	}
	return "b";
}

static unsigned add_target(
	struct ladder *ladder, const json_t *record, const json_t *attempt)
{
	const struct addr addr = address_of(attempt, "address");
	const char *target = word_of(attempt, "target");
	const char *known = find_name(record, target);
	char name[96];

	if (known)
		snprintf(name, sizeof(name), "%s", known);
	else
		snprintf(name, sizeof(name), "%s %s", find_legs(record).b_word, target);
	return ladder_party(ladder, find_leg(record, attempt), name, &addr);
}

void ladder_record_parties(struct ladder *ladder, const json_t *record)
{
	const struct legs legs = find_legs(record);
	const json_t *attempt;
	struct addr addr = address_of(legs.a, "remote");
	size_t i;

	if (word_of(legs.a, "party")[0])
		ladder_party(ladder, "a", word_of(legs.a, "party"), &addr);
	json_array_foreach(json_object_get(record, "attempts"), i, attempt)
	{
		if (word_of(attempt, "target")[0])
			add_target(ladder, record, attempt);
	}
	addr = address_of(legs.b, "remote");
	if (word_of(legs.b, "party")[0] &&
		ladder_party_named(ladder, word_of(legs.b, "party")) ==
			LADDER_PARTIES_MAX)
		ladder_party(ladder, "b", word_of(legs.b, "party"), &addr);
}

/* ---- rows ---- */

/* What records have of a reason at most (RECORD_REASON_TEXT), with its protocol and cause. */
#define REASON_SIZE 200

struct drawing {
	json_t *rows;
	struct ladder *ladder;
};

struct row {
	json_int_t after_us; /* negative: not known */
	unsigned party;
	bool sent;
	const char *method; /* "": a response */
	int status;
	const char *phrase;
	const char *reason, *refer_to;
};

static void add(struct drawing *drawing, const struct row *row)
{
	json_t *object = json_pack(
		"{s:o, s:o, s:b, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, "
		"s:[], s:n}",
		"after_us", row->after_us < 0 ? json_null() : json_integer(row->after_us),
		"party",
		row->party < LADDER_PARTIES_MAX ? json_integer(row->party) : json_null(),
		"sent", (int)row->sent, "source", "", "destination", "", "how", "",
		"method", row->method, "uri", "", "status", row->status, "phrase",
		row->phrase, "cseq", "", "reason", row->reason ? row->reason : "",
		"refer_to", row->refer_to ? row->refer_to : "", "digit", "", "media",
		"repeats");

	json_array_append_new(drawing->rows, object);
}

/* What a far end said of why, as a Reason of a message is shown. RET is "" where OBJECT has none by these names. */
static void reason_of(const json_t *object, const char *cause, const char *text,
	char ret[static REASON_SIZE])
{
	const json_int_t q850 = number_of(object, cause);
	const char *words = word_of(object, text);

	ret[0] = '\0';
	if (q850 > 0)
		snprintf(ret, REASON_SIZE, "Q.850;cause=%d%s%s", (int)q850,
			words[0] ? ";text=" : "", words);
	else
		snprintf(ret, REASON_SIZE, "%s", words);
}

static void add_attempts(struct drawing *drawing, const json_t *record)
{
	const json_t *attempt;
	size_t i;

	json_array_foreach(json_object_get(record, "attempts"), i, attempt)
	{
		const bool asked = json_is_string(json_object_get(attempt, "address"));
		const int status = (int)number_of(attempt, "status");
		const char *reason = word_of(attempt, "reason");
		const char *phrase = word_of(attempt, "phrase");
		char said[REASON_SIZE];
		struct row row = {.after_us = number_of(attempt, "after_us"),
			.party = add_target(drawing->ladder, record, attempt),
			.sent = true,
			.method = asked ? "INVITE" : "",
			.phrase = asked ? "" : reason};

		add(drawing, &row);
		reason_of(attempt, "q850", "reason_text", said);
		row = (struct row){.after_us = -1,
			.party = row.party,
			.method = "",
			.status = status,
			/* "answered 503" says no more */
			.phrase = strncmp(reason, "answered", 8) == 0 ? phrase : reason,
			.reason = said};
		if (asked && (status > 0 || reason[0]))
			add(drawing, &row);
	}
}

/* Microseconds from START to TEXT, both as clock_text() writes them; negative: not known. */
static json_int_t between(const char *start, const char *text)
{
	struct tm first = {0}, then = {0};
	const char *a = strptime(start, "%Y-%m-%dT%H:%M:%S", &first);
	const char *b = strptime(text, "%Y-%m-%dT%H:%M:%S", &then);
	json_int_t seconds;

	if (!a || !b)
		return -1;
	seconds = (json_int_t)timegm(&then) - (json_int_t)timegm(&first);
	return seconds * 1000000 + (json_int_t)(strtod(b, NULL) * 1e6) -
	       (json_int_t)(strtod(a, NULL) * 1e6);
}

static void add_answer(struct drawing *drawing, const json_t *record, unsigned a)
{
	const char *start = word_of(record, "start");
	const char *ringing = word_of(record, "ringing");
	const char *answer = word_of(record, "answer");
	struct row row = {.party = a, .sent = true, .method = "", .phrase = ""};

	if (ringing[0]) {
		row.after_us = between(start, ringing);
		row.status = 180;
		add(drawing, &row);
	}
	if (answer[0]) {
		row.after_us = between(start, answer);
		row.status = 200;
		add(drawing, &row);
	}
}

/* Which column has NAME; LADDER_PARTIES_MAX: none. */
static unsigned party_of(struct drawing *drawing, const char *name)
{
	const unsigned known = ladder_party_named(drawing->ladder, name);

	return known < LADDER_PARTIES_MAX || !name[0]
		       ? known
		       : ladder_party(drawing->ladder, "b", name, NULL);
}

static void add_changes(struct drawing *drawing, const json_t *record)
{
	const json_t *change;
	size_t i;

	json_array_foreach(json_object_get(record, "redirections"), i, change)
	{
		const struct row row = {.after_us = number_of(change, "after_us"),
			.party = party_of(drawing, word_of(change, "by")),
			.method = "",
			.status = (int)number_of(change, "status"),
			.phrase = word_of(change, "action"),
			.refer_to = word_of(change, "to")};

		add(drawing, &row);
	}
	json_array_foreach(json_object_get(record, "transfers"), i, change)
	{
		const struct row row = {.after_us = number_of(change, "after_us"),
			.party = party_of(drawing, word_of(change, "by")),
			.method = "REFER",
			.phrase = "",
			.refer_to = word_of(change, "to")};

		add(drawing, &row);
	}
}

/* Which leg ended it: NULL: Tandem did, or it stands. */
static const char *who_ended(const json_t *record)
{
	const struct legs legs = find_legs(record);
	const char *by = word_of(record, "ended_by");
	const bool a_is_server = strcmp(legs.b_word, "trunk") == 0;

	if (strcmp(by, "caller") == 0 ||
		strcmp(by, a_is_server ? "server" : "gateway") == 0)
		return word_of(legs.a, "party");
	return by[0] && strcmp(by, "tandem") != 0 ? word_of(legs.b, "party") : NULL;
}

static void add_end(struct drawing *drawing, const json_t *record, unsigned a)
{
	const char *by = who_ended(record);
	const bool answered = word_of(record, "answer")[0] != '\0';
	const bool cancelled = strcmp(word_of(record, "cause"), "cancel") == 0;
	char said[REASON_SIZE];
	struct row row = {.after_us = number_of(record, "duration_us"),
		.party = by ? party_of(drawing, by) : LADDER_PARTIES_MAX,
		.method = answered ? "BYE" : "CANCEL",
		.phrase = "",
		.reason = said};

	if (!word_of(record, "end")[0])
		return;
	reason_of(record, "release_q850", "release_text", said);
	if (!said[0])
		row.reason = word_of(record, "cause");
	if (by && (answered || cancelled))
		add(drawing, &row);
	if (answered)
		return;
	row.party = a;
	row.sent = true;
	row.method = "";
	row.status = (int)number_of(record, "status");
	row.reason = "";
	add(drawing, &row);
}

/* In order of time; those of which that is not known stay behind the one before them. */
static json_t *sorted(const json_t *rows)
{
	json_int_t times[ROWS_MAX] = {0}, time = 0;
	json_t *array = json_array(), *row;
	size_t i, at;

	json_array_foreach(rows, i, row)
	{
		const json_t *after = json_object_get(row, "after_us");

		if (i == ROWS_MAX)
			break;
		if (json_is_integer(after))
			time = json_integer_value(after);
		for (at = i; at > 0 && times[at - 1] > time; at--)
			times[at] = times[at - 1];
		times[at] = time;
		json_array_insert(array, at, row);
	}
	return array;
}

json_t *ladder_record_json(const json_t *record, const char *note)
{
	struct drawing drawing = {.rows = json_array(), .ladder = ladder_new(false)};
	const struct row invite = {.method = "INVITE", .phrase = ""};
	json_t *ladder = NULL;
	unsigned a = LADDER_PARTIES_MAX;

	if (drawing.ladder) {
		ladder_record_parties(drawing.ladder, record);
		if (word_of(find_legs(record).a, "party")[0]) {
			a = 0;
			add(&drawing, &invite);
		}
		add_attempts(&drawing, record);
		add_answer(&drawing, record, a);
		add_changes(&drawing, record);
		add_end(&drawing, record, a);
		ladder = ladder_json(drawing.ladder, "record", note);
	}
	if (ladder) {
		json_object_set_new(ladder, "messages", sorted(drawing.rows));
		json_object_set(ladder, "start", json_object_get(record, "start"));
	}
	json_decref(drawing.rows);
	ladder_free(drawing.ladder);
	return ladder;
}
