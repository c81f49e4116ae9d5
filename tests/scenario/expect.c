#include "expect.h"

#include "endpoint.h"
#include "ends.h"
#include "healths.h"
#include "pinged.h"
#include "registered.h"
#include "subscribed.h"

#include "base/loop.h"

#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- messages ---- */

static bool glob(const char *pattern, struct span text)
{
	char *copy = span_dup(text);
	bool fits = copy && !fnmatch(pattern, copy, 0);

	free(copy);
	return fits;
}

static bool body_has(const struct message *message, const char *pattern)
{
	struct span body = message_body(message);
	struct span line;

	while (span_next(&body, '\n', &line)) {
		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		if (glob(pattern, line))
			return true;
	}
	return false;
}

static bool header_fits(
	const struct message *message, const char *clause, const char *colon)
{
	char *name = span_dup((struct span){clause, (size_t)(colon - clause)});
	const char *pattern = colon + 1 + strspn(colon + 1, " ");
	struct span value;
	bool fits = false;

	for (unsigned nth = 0; !fits && message_header(message, name, nth, &value); nth++)
		fits = glob(pattern, value);
	free(name);
	return fits;
}

static bool has_text(const struct letter *letter, const char *text)
{
	return memmem(letter->text, letter->len, text, strlen(text)) != NULL;
}

static bool is_word(const char *clause, const char *word, const char **ret_rest)
{
	size_t len = strlen(word);

	if (strncmp(clause, word, len) || (clause[len] && clause[len] != ' '))
		return false;
	*ret_rest = clause + len + (clause[len] == ' ');
	return true;
}

/* One clause below "expect PARTY ...". */
static bool clause_fits(const struct letter *letter, const char *clause)
{
	const struct message *message = letter->message;
	const char *colon = strchr(clause, ':');
	const char *rest;
	struct span value;

	if (is_word(clause, "no body", &rest))
		return *rest ? !body_has(message, rest) : !message_body(message).len;
	if (is_word(clause, "body", &rest))
		return body_has(message, rest);
	if (is_word(clause, "no", &rest))
		return !message_header(message, rest, 0, &value);
	if (is_word(clause, "has", &rest))
		return has_text(letter, rest);
	if (is_word(clause, "lacks", &rest))
		return !has_text(letter, rest);
	if (is_word(clause, "uri", &rest))
		return message_is_request(message) &&
		       glob(rest, message_request_uri(message)->whole);
	if (is_word(clause, "reason", &rest))
		return glob(rest, message_reason(message));
	return colon && header_fits(message, clause, colon);
}

static int check_clauses(struct stage *stage, struct endpoint *endpoint,
	const struct letter *letter, const struct step *step, struct err_text *error)
{
	for (unsigned i = 0; i < step->clause_count; i++) {
		struct buf expanded;
		bool fits;

		buf_init(&expanded, 0);
		endpoint_expand(stage, endpoint, step->clauses[i], &expanded);
		fits = clause_fits(letter, buf_str(&expanded));
		buf_free(&expanded);
		if (!fits)
			return err_set(error, ERR_FORMAT, "not so: \"%s\" in\n%.*s",
				step->clauses[i], (int)letter->len, letter->text);
	}
	return 0;
}

/* WORDS: "INVITE", "INVITE again", "200", "200 BYE". */
static bool kind_fits(
	const struct endpoint *endpoint, const struct letter *letter, char *const *words)
{
	const struct message *message = letter->message;
	const char *second = words[1] ? words[1] : "";
	bool again = !strcmp(second, "again");

	if (again && (!endpoint->read || strcmp(endpoint->read, letter->text)))
		return false;
	if (!isdigit((unsigned char)words[0][0]))
		return message_is_request(message) &&
		       span_equal_str(message_method_name(message), words[0]);
	if (message_status(message) != atoi(words[0]))
		return false;
	return again || !*second ||
	       !strcmp(message_method_str(message_method(message)), second);
}

static int expect_one(struct stage *stage, const struct step *step, char *const *words,
	struct err_text *error)
{
	struct endpoint *endpoint = endpoint_find(stage, words[0]);
	struct letter *letter;
	int err;

	if (!endpoint)
		return err_set(error, ERR_FORMAT, "who is %s?", words[0]);
	if (list_empty(&endpoint->party->inbox))
		return err_set(error, ERR_FORMAT, "%s got nothing", words[0]);
	letter = LIST_ENTRY(endpoint->party->inbox.next, struct letter, node);
	if (!letter->message || !kind_fits(endpoint, letter, words + 1))
		return err_set(error, ERR_FORMAT, "%s got something else:\n%.*s",
			words[0], (int)letter->len, letter->text);
	if (!endpoint_owns(endpoint, letter->message))
		return err_set(error, ERR_FORMAT,
			"this is not of the dialog of %s (tag %s), and an endpoint is "
			"one dialog for ever: another one is %s.2\n%.*s",
			words[0], endpoint->tag, words[0], (int)letter->len,
			letter->text);
	err = check_clauses(stage, endpoint, letter, step, error);
	if (!err)
		endpoint_read(endpoint, letter);
	stage_letter_free(letter);
	return err;
}

/* "gw INVITE", and "gw 6 INVITE again": so many times. */
static int expect_message(struct stage *stage, const struct step *step,
	char *const *words, struct err_text *error)
{
	char *one[SCRIPT_WORDS + 1] = {words[0]};
	unsigned times = (unsigned)strtoul(words[1], NULL, 10);
	int err = 0;

	if (!times || times >= 100 || !words[2])
		return expect_one(stage, step, words, error);
	for (unsigned i = 2; words[i]; i++)
		one[i - 1] = words[i];
	while (times-- && !err)
		err = expect_one(stage, step, one, error);
	return err;
}

static int expect_silence(
	struct stage *stage, struct party *party, struct err_text *error)
{
	const struct letter *letter;

	if (!party)
		party = stage_unread(stage);
	if (!party || list_empty(&party->inbox))
		return 0;
	letter = LIST_ENTRY(party->inbox.next, struct letter, node);
	return err_set(error, ERR_FORMAT, "%s got this, which nobody expects:\n%.*s",
		party->name, (int)letter->len, letter->text);
}

int expect_nothing(struct stage *stage, struct err_text *error)
{
	return expect_silence(stage, NULL, error);
}

/* ---- records, relay, counts ---- */

/* Each WORDS is a word of TEXT; "no-WORD" is not. */
static int check_words(const char *text, char *const *words, struct err_text *error)
{
	struct buf padded;
	int err = 0;

	buf_init(&padded, 0);
	buf_printf(&padded, " %s ", text);
	for (; *words && !err; words++) {
		bool unwanted = !strncmp(*words, "no-", 3);
		char pattern[256];

		snprintf(pattern, sizeof(pattern), "* %s *", *words + (unwanted ? 3 : 0));
		if (!fnmatch(pattern, buf_str(&padded), 0) == unwanted)
			err = err_set(error, ERR_FORMAT, "not so: \"%s\" in \"%s\"",
				*words, text);
	}
	buf_free(&padded);
	return err;
}

static int expect_record(struct stage *stage, char *const *words, struct err_text *error)
{
	struct record_text *entry;
	int err;

	if (list_empty(&stage->records))
		return err_set(error, ERR_FORMAT, "no record was handed out");
	entry = LIST_ENTRY(stage->records.next, struct record_text, node);
	err = check_words(entry->text, words, error);
	list_remove(&entry->node);
	free(entry->text);
	free(entry);
	return err;
}

/* TEXT, which is WHAT, has the WORDS, in their order, and no others. */
static int check_all(
	const char *what, const char *text, char *const *words, struct err_text *error)
{
	struct buf wanted;
	bool same;

	buf_init(&wanted, 0);
	for (; *words; words++)
		buf_printf(&wanted, "%s ", *words);
	same = span_equal(buf_span(&wanted), span_of(text));
	buf_free(&wanted);
	return same ? 0 : err_set(error, ERR_FORMAT, "%s: \"%s\"", what, text);
}

/* "internal 0 WORDS", "session WORDS", "digits WORDS", which are then forgotten, "none". */
static int expect_relay(struct stage *stage, char *const *words, struct err_text *error)
{
	struct buf out;
	int err;

	if (!strcmp(words[0], "none"))
		return told_sessions(stage->relay)
			       ? err_set(error, ERR_FORMAT, "a relay session is open")
			       : 0;
	buf_init(&out, 0);
	if (!strcmp(words[0], "session")) {
		told_session(stage->relay, &out);
		err = check_words(buf_str(&out), words + 1, error);
	} else if (!strcmp(words[0], "digits")) {
		told_digits(stage->relay, &out);
		err = check_all("digits to play", buf_str(&out) ? buf_str(&out) : "",
			words + 1, error);
	} else {
		told_stream(stage->relay,
			ends_find(stage->bridge, stage->relay, words[0]),
			(unsigned)atoi(words[1]), &out);
		err = check_words(buf_str(&out), words + 2, error);
	}
	buf_free(&out);
	return err;
}

/* "WORDS": the messages that were captured since this was asked last, "pbx>INVITE pbx<100"; or that who watches all calls was
 * told, "a:pbx>INVITE". */
static int expect_captured(
	struct stage *stage, bool watched, char *const *words, struct err_text *error)
{
	struct buf out;
	int err;

	buf_init(&out, 0);
	if (watched)
		captures_take_watched(&stage->captures, &out);
	else
		captures_take(&stage->captures, &out);
	err = check_all(watched ? "watched" : "captured",
		buf_str(&out) ? buf_str(&out) : "", words, error);
	buf_free(&out);
	return err;
}

static unsigned count_pings(struct party *party, const struct stage *stage)
{
	(void)stage;
	return pinged_count(party);
}

static unsigned count_keepalives(struct party *party, const struct stage *stage)
{
	(void)stage;
	return pinged_count_keepalives(party);
}

static unsigned count_connections(struct party *party, const struct stage *stage)
{
	return wire_connections(stage->transports[party->side], &party->addr);
}

/* "pings P COUNT" and the like: what was counted. */
static const struct counted {
	const char *name;
	unsigned (*count)(struct party *party, const struct stage *stage);
} counted[] = {
	{"pings", count_pings},
	{"keepalives", count_keepalives},
	{"connections", count_connections},
	{NULL, NULL},
};

static const struct counted *find_counted(const char *name)
{
	const struct counted *at = counted;

	while (at->name && strcmp(at->name, name) != 0)
		at++;
	return at->name ? at : NULL;
}

static int expect_counted(struct stage *stage, char *const *words,
	const struct counted *what, struct err_text *error)
{
	struct party *party = words[1] ? stage_party(stage, words[1]) : NULL;
	unsigned count;

	if (!party || !words[2])
		return err_set(error, ERR_FORMAT, "expect %s P COUNT", words[0]);
	count = what->count(party, stage);
	return count == strtoul(words[2], NULL, 10)
		       ? 0
		       : err_set(error, ERR_FORMAT, "%u", count);
}

static int expect_counts(struct stage *stage, char *const *words, struct err_text *error)
{
	struct bridge_totals totals;
	char text[200];

	bridge_totals(stage->bridge, &totals);
	snprintf(text, sizeof(text),
		"calls=%u answered=%u dialogs=%u transactions=%u started=%" PRIu64
		" ended=%" PRIu64 " failed=%" PRIu64,
		totals.calls, totals.answered, totals.dialogs, totals.transactions,
		totals.started, totals.ended, totals.failed);
	return check_words(text, words, error);
}

/* A call as an operator sees it, by the list and again by its id. */
struct listing {
	struct bridge *bridge;
	struct buf text;
	bool alone; /* it was asked for by its id */
};

static void list_call(void *arg, const struct record *record, const char *state)
{
	struct listing *listing = arg;
	const char *from = strrchr(record->legs[0].party, ' ');
	const char *to = strrchr(record->legs[1].party, ' ');

	buf_printf(&listing->text, "%s%s-%s%s%s", listing->alone ? "=" : " ",
		from ? from + 1 : "none", to ? to + 1 : "none",
		listing->alone ? "-" : "=", state);
	if (listing->alone)
		return;
	listing->alone = true;
	if (!bridge_show_call(listing->bridge, record->id, list_call, listing))
		buf_add_str(&listing->text, "=unknown");
	listing->alone = false;
}

/* "pbx-gw=talking=pbx-gw-talking": each call, internal side first; "none". */
static int expect_calls(struct stage *stage, char *const *words, struct err_text *error)
{
	struct listing listing = {.bridge = stage->bridge};
	int err;

	buf_init(&listing.text, 0);
	bridge_each_call(stage->bridge, list_call, &listing);
	err = check_words(
		listing.text.len ? buf_str(&listing.text) : "none", words, error);
	buf_free(&listing.text);
	return err;
}

/* "pbx-gw=presence=600": each subscription; "none". */
static int expect_subscriptions(
	struct stage *stage, char *const *words, struct err_text *error)
{
	struct buf text;
	int err;

	buf_init(&text, 0);
	subscribed_list(stage, &text);
	err = check_words(buf_str(&text), words, error);
	buf_free(&text);
	return err;
}

/* What was reached how often: "max-calls-in:2,max-rate:1", or "none". Returns BUF. */
static const char *list_limited(const struct limit_use *use, char buf[static 160])
{
	int at = snprintf(buf, 160, "none");

	for (enum limit_kind kind = LIMIT_NONE + 1, first = 1; kind < LIMIT_KINDS; kind++)
		if (use->reached[kind]) {
			at = first ? 0 : at;
			at += snprintf(buf + at, (size_t)(160 - at), "%s%s:%" PRIu64,
				first ? "" : ",", limit_name(kind), use->reached[kind]);
			first = 0;
		}
	return buf;
}

/* "gw WORDS": what a list shows of a server or gateway. */
static int expect_trunk(struct stage *stage, char *const *words, struct err_text *error)
{
	const struct party *party = words[0] ? stage_party(stage, words[0]) : NULL;
	const struct figures_count *total;
	const struct trunk *trunk = NULL;
	char limited[160];
	char text[800];

	if (party)
		trunk = trunks_find(stage->trunks,
			party->side == SIDE_INTERNAL ? TRUNK_SERVER : TRUNK_GATEWAY,
			party->name);
	if (!trunk)
		return err_set(error, ERR_FORMAT, "expect what of which trunk?");
	total = &trunk->figures.total;
	snprintf(text, sizeof(text),
		"calls=%u out=%u early=%u limited=%s failed=%" PRIu64
		" dated=%s over=%s error=\"%s\" attempts=%" PRIu64 " answered=%" PRIu64
		" effective=%" PRIu64 " delays=%" PRIu64 " delay-ms=%" PRIu64
		" talks=%" PRIu64 " talk-ms=%" PRIu64,
		trunk->calls, trunk->use.out, trunk->use.early,
		list_limited(&trunk->use, limited), trunk->calls_failed,
		trunk->last_error_at ? "yes" : "no",
		trunk->last_error_until ? "yes" : "no", trunk->last_error,
		total->attempts, total->answered, total->effective,
		figures_delay_count(total), total->delay_us / 1000, total->talks,
		total->talk_us / 1000);
	return check_words(text, words + 1, error);
}

/* "gw [N] WORDS": its registration, or the Nth of them. */
static int expect_registration(
	struct stage *stage, char *const *words, struct err_text *error)
{
	const struct trunk *trunk =
		words[0] ? trunks_find(stage->trunks, TRUNK_GATEWAY, words[0]) : NULL;
	const bool numbered = words[0] && words[1] && !strchr(words[1], '=');
	char text[REGISTERED_SIZE];

	if (!trunk)
		return err_set(error, ERR_FORMAT, "expect what of which registration?");
	registered_text(stage, trunk, numbered ? (unsigned)atoi(words[1]) - 1 : 0, text);
	return check_words(text, words + 1 + numbered, error);
}

/* "log PATTERN", and with NONE "no log PATTERN". */
static int expect_log(
	struct stage *stage, const struct step *step, bool none, struct err_text *error)
{
	const char *pattern = strstr(step->text, "log ") + 4;
	struct span rest = buf_span(&stage->logs);
	struct span line;
	struct buf wide;
	bool found = false;

	buf_init(&wide, 0);
	buf_printf(&wide, "*%s*", pattern);
	while (!found && span_next(&rest, '\n', &line))
		found = glob(buf_str(&wide), line);
	buf_free(&wide);
	return found != none ? 0
			     : err_set(error, ERR_FORMAT, "%s log line has \"%s\"",
				       none ? "a" : "no", pattern);
}

/* Lines of calls, at info and above. */
static bool is_of_story(struct span line)
{
	return glob("info call *", line) || glob("warning call *", line) ||
	       glob("error call *", line);
}

/* "story": what the log told of calls since the last one, each clause the pattern of a whole line. */
static int expect_story(
	struct stage *stage, const struct step *step, struct err_text *error)
{
	struct span rest = buf_span(&stage->logs);
	struct span line;
	unsigned count = 0;

	rest.p += stage->story_end;
	rest.len -= stage->story_end;
	stage->story_end = stage->logs.len;
	while (span_next(&rest, '\n', &line)) {
		if (!is_of_story(line))
			continue;
		if (count == step->clause_count)
			return err_set(
				error, ERR_FORMAT, "one more line: %.*s", SPAN_ARG(line));
		if (!glob(step->clauses[count], line))
			return err_set(error, ERR_FORMAT, "not \"%s\" but: %.*s",
				step->clauses[count], SPAN_ARG(line));
		count++;
	}
	if (count < step->clause_count)
		return err_set(
			error, ERR_FORMAT, "no line has \"%s\"", step->clauses[count]);
	return 0;
}

int expect_step(struct stage *stage, const struct step *step, char *const *words,
	struct err_text *error)
{
	if (!words[0])
		return err_set(error, ERR_FORMAT, "expect what?");
	if (!strcmp(words[0], "nothing"))
		return expect_nothing(stage, error);
	if (!strcmp(words[0], "captured"))
		return expect_captured(stage, false, words + 1, error);
	if (!strcmp(words[0], "watched"))
		return expect_captured(stage, true, words + 1, error);
	if (!strcmp(words[0], "cdr"))
		return expect_record(stage, words + 1, error);
	if (!strcmp(words[0], "log"))
		return expect_log(stage, step, false, error);
	if (!strcmp(words[0], "no") && words[1] && !strcmp(words[1], "log"))
		return expect_log(stage, step, true, error);
	if (!strcmp(words[0], "story"))
		return expect_story(stage, step, error);
	if (!strcmp(words[0], "trunk"))
		return expect_trunk(stage, words + 1, error);
	if (!strcmp(words[0], "registration"))
		return expect_registration(stage, words + 1, error);
	if (!strcmp(words[0], "subscriptions"))
		return expect_subscriptions(stage, words + 1, error);
	if (!strcmp(words[0], "calls"))
		return expect_calls(stage, words + 1, error);
	if (!strcmp(words[0], "health"))
		return healths_expect(stage, words + 1, error);
	if (find_counted(words[0]))
		return expect_counted(stage, words, find_counted(words[0]), error);
	if (!strcmp(words[0], "counts"))
		return expect_counts(stage, words + 1, error);
	if (!words[1])
		return err_set(error, ERR_FORMAT, "expect what of %s?", words[0]);
	if (!strcmp(words[0], "relay"))
		return expect_relay(stage, words + 1, error);
	if (!strcmp(words[1], "nothing"))
		return expect_silence(stage, stage_party(stage, words[0]), error);
	return expect_message(stage, step, words, error);
}
