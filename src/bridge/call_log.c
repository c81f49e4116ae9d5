#include "bridge/call_log.h"

#include "base/log_words.h"

#include <string.h>

#define MODULE "call"

/* Words are added by hand rather than by printf: each call has three lines, which would cost it as much
 * as its record does. */
static void add(struct log_words *line, const char *key, const char *value)
{
	log_add(line, key);
	log_add(line, value);
}

static void add_uint(struct log_words *line, const char *key, uint64_t value)
{
	log_add(line, key);
	log_add_uint(line, value, 1);
}

/* MS as seconds with three decimals. */
static void add_seconds(struct log_words *line, const char *key, uint64_t ms)
{
	add_uint(line, key, ms / 1000);
	log_add(line, ".");
	log_add_uint(line, ms % 1000, 3);
}

/* What a far end said. NULL: nothing. */
static void add_said(struct log_words *line, const char *key, const char *value)
{
	char text[LOG_TEXT_SIZE];

	if (value && value[0])
		add(line, key, log_said(text, value, strlen(value)));
}

static void add_call_id(struct log_words *line, const char *call_id)
{
	char text[LOG_TEXT_SIZE];

	if (call_id)
		add(line, " call-id=", log_text(text, call_id, strlen(call_id)));
}

static void add_trunk(struct log_words *line, enum trunk_kind kind, const char *id)
{
	add(line, " ", trunk_word(kind));
	add(line, "=", id);
}

static void begin(struct log_words *line, const char *id, const char *event)
{
	log_words_init(line);
	add(line, "call=", id);
	add(line, " event=", event);
}

/* ---- the beginning ---- */

static void add_number(struct log_words *line, const char *key, const char *number)
{
	char text[LOG_TEXT_SIZE];

	add(line, key, log_number(text, number, strlen(number)));
}

void call_log_begin(const struct call *call)
{
	const struct hunt *hunt = call->hunt; /* NULL: it replaces a leg */
	const unsigned count = hunt ? hunt->count : 0;
	struct log_words line;

	if (log_finest_level() < LOG_LEVEL_INFO)
		return;
	begin(&line, call->id, "begin");
	add_trunk(&line, call->a->trunk->kind, call->a->trunk->id);
	add(&line, " side=", side_name(call->a->home->which));
	add_uint(&line, " flow=", call->a->flow->id);
	if (call->emergency)
		add(&line, " emergency=", emergency_name(call->emergency));
	add_number(&line, " caller=", call->from);
	add_number(&line, " called=", call->to);
	if (!hunt)
		add(&line, " replaces=", call->replaces);
	else
		add(&line, " targets=", count ? "" : "none");
	for (unsigned i = 0; i < count; i++)
		add(&line, i > 0 ? "," : "", hunt->targets[i]->trunk->id);
	add_call_id(&line, call->a->dialog.call_id);
	log_words(LOG_LEVEL_INFO, MODULE, &line);
}

/* ---- an attempt ---- */

/* A response that says more about the way to the callee than about him. */
static bool is_fault(const struct record_attempt *attempt, const char *result)
{
	return !strcmp(result, "failed") || attempt->status == 408 ||
	       attempt->status / 100 == 5;
}

/* Why it was not taken: in our words, or in those of the far end. */
static void add_reason(struct log_words *line, const struct call *call,
	const struct record_attempt *attempt)
{
	const int status = attempt->status;

	if (status == 0 || status == 401 || status == 407)
		add_said(line, " reason=", attempt->reason);
	else if (attempt->status >= 300 && attempt->status == call->history.far_status)
		add_said(line, " far-reason=", call->history.far_reason);
}

void call_log_attempt(
	const struct call *call, const struct record_attempt *attempt, const char *result)
{
	const bool to_server = call->callee->which == SIDE_INTERNAL;
	struct log_words line;
	enum log_level level;
	char remote[ADDR_TEXT_SIZE];

	if (!attempt)
		return;
	level = is_fault(attempt, result) ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
	if (level > log_finest_level())
		return;
	begin(&line, call->id, "attempt");
	add_trunk(&line, to_server ? TRUNK_SERVER : TRUNK_GATEWAY, attempt->target);
	add(&line, " side=", side_name(call->callee->which));
	add(&line, " result=", result);
	add_uint(&line, " status=", (unsigned)attempt->status);
	add_reason(&line, call, attempt);
	if (attempt->transport) { /* it was asked */
		add(&line, " transport=", attempt->transport);
		add(&line, " remote=", addr_text(&attempt->address, remote));
		add_uint(&line, " flow=", attempt->flow);
		add_call_id(&line, call->b->dialog.call_id);
	}
	add_uint(&line, " after-ms=", attempt->after_us / 1000);
	log_words(level, MODULE, &line);
}

/* ---- the end ---- */

/* How the leg was protected, and what became of its media. */
static void add_leg(struct log_words *line, const struct record *record, unsigned index)
{
	const struct record_leg *leg = &record->legs[index];
	const char *name = record_leg_name(record, index);
	const char *signalling = leg->version[0] ? leg->version : leg->transport;

	add(line, " ", name);
	add(line, "=", signalling[0] ? signalling : "none");
	add(line, "/", leg->media[0] ? leg->media : "none");
	if (leg->media_verdict[0]) {
		add(line, " from-", name);
		add(line, "=", leg->media_verdict);
	}
}

static uint64_t rang_us(const struct record *record)
{
	const uint64_t until = record->answer_us ? record->answer_us : record->end_us;

	return record->ringing_us && until > record->ringing_us
		       ? until - record->ringing_us
		       : 0;
}

static bool is_silent(const struct record *record, unsigned index)
{
	return !strcmp(record->legs[index].media_verdict, "silent");
}

/* Signalling alone: it has no media. */
static void add_signalling(
	struct log_words *line, const struct record *record, unsigned index)
{
	const struct record_leg *leg = &record->legs[index];
	const char *signalling = leg->version[0] ? leg->version : leg->transport;

	add(line, " ", record_leg_name(record, index));
	add(line, "=", signalling[0] ? signalling : "none");
}

static void add_parties(struct log_words *line, const struct record *record)
{
	char peer[PEER_WORDS_SIZE];

	for (unsigned i = 0; i < 2; i++)
		if (record->legs[i].party[0])
			log_add(line, peer_words(record->legs[i].party, peer));
}

void call_log_message(const struct record *record)
{
	struct log_words line;

	if (log_finest_level() < LOG_LEVEL_INFO)
		return;
	begin(&line, record->id, "message");
	add(&line, " method=", record->method);
	add_parties(&line, record);
	add_number(&line, " caller=", record->from);
	add_number(&line, " called=", record->to);
	add(&line, " by=", record->ended_by);
	add(&line, " cause=", record->cause);
	add_uint(&line, " status=", (unsigned)record->status);
	add_said(&line, " reason=", record->detail);
	if (record->far_status)
		add_uint(&line, " far-status=", (unsigned)record->far_status);
	add_said(&line, " far-reason=", record->far_reason);
	add_signalling(&line, record, 0);
	add_signalling(&line, record, 1);
	log_words(LOG_LEVEL_INFO, MODULE, &line);
}

void call_log_end(const struct record *record)
{
	const enum log_level level = is_silent(record, 0) || is_silent(record, 1)
					     ? LOG_LEVEL_WARNING
					     : LOG_LEVEL_INFO;
	const uint64_t talked_us =
		record->answer_us ? record->end_us - record->answer_us : 0;
	struct log_words line;

	if (level > log_finest_level())
		return;
	begin(&line, record->id, "end");
	add_parties(&line, record);
	if (record->emergency[0])
		add(&line, " emergency=", record->emergency);
	add(&line, " by=", record->ended_by);
	add(&line, " cause=", record->cause);
	add_uint(&line, " status=", (unsigned)record->status);
	add_seconds(&line, " rang-s=", rang_us(record) / 1000);
	add_seconds(&line, " talked-s=", talked_us / 1000);
	add_said(&line, " reason=", record->detail);
	if (record->far_status)
		add_uint(&line, " far-status=", (unsigned)record->far_status);
	add_said(&line, " far-reason=", record->far_reason);
	add_leg(&line, record, 0);
	add_leg(&line, record, 1);
	add_said(&line, " media-note=", record->media_note);
	log_words(level, MODULE, &line);
}

void call_log_transfer(const struct call *call, int status, const char *target)
{
	const struct history *history = &call->history;
	const struct record_transfer *at =
		&history->transfers[history->transfer_count - 1];
	char called[LOG_TEXT_SIZE], by[PEER_WORDS_SIZE];

	log_info(MODULE, "call=%s event=transfer%s called=%s target=%s status=%d",
		call->id, peer_words(at->by, by),
		log_number(called, at->to, strlen(at->to)), target ? target : "none",
		status);
}
