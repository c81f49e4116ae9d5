#include "bridge/history.h"

#include "bridge/far_text.h"
#include "bridge/noted.h"
#include "bridge/reason.h"
#include "sip/compose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_attempt(struct record_attempt *attempt)
{
	free(attempt->target);
	free(attempt->reason);
	free(attempt->phrase);
	free(attempt->said.text);
	noted_free(&attempt->microsoft);
}

/* Where the next attempt is kept: behind the others, or in the place of the latest. NULL: no memory. */
static struct record_attempt *place(struct history *history)
{
	struct record_attempt *attempts = history->attempts;

	if (history->count == RECORD_ATTEMPTS) {
		free_attempt(&attempts[RECORD_ATTEMPTS - 1]);
		return &attempts[RECORD_ATTEMPTS - 1];
	}
	attempts = reallocarray(attempts, history->count + 1, sizeof(*attempts));
	if (!attempts)
		return NULL;
	history->attempts = attempts;
	return &attempts[history->count++];
}

void history_begin(struct history *history, const char *target, const struct flow *flow,
	uint64_t after_us)
{
	char *copy = strdup(target);
	struct record_attempt *attempt = copy ? place(history) : NULL;

	if (!attempt) {
		free(copy);
		return;
	}
	*attempt = (struct record_attempt){.target = copy, .after_us = after_us};
	if (flow) {
		attempt->address = flow->remote;
		attempt->transport = transport_kind_name(flow->kind);
		attempt->flow = flow->id;
	}
	history->trying = true;
}

static void forget_far(struct history *history)
{
	free(history->far_reason);
	history->far_reason = NULL;
	history->far_status = 0;
}

const struct record_attempt *history_end(
	struct history *history, int status, const char *reason)
{
	struct record_attempt *attempt;
	char text[ERR_REASON_SIZE];

	if (!history->trying)
		return NULL;
	history->trying = false;
	attempt = &history->attempts[history->count - 1];
	attempt->status = status;
	err_reason(text, reason);
	free(attempt->reason);
	attempt->reason = strdup(text);
	if (status / 100 == 2)
		forget_far(history);
	return attempt;
}

bool history_is_at(const struct history *history, const char *target)
{
	return history->count &&
	       !strcmp(history->attempts[history->count - 1].target, target);
}

/* The first that there is of its Reason, Warning and reason phrase. */
static struct span reason_of(int status, const struct message *message)
{
	struct span value;

	if (message_line(message, "Reason", 0, &value) && value.len)
		return value;
	if (!status)
		return span_of("");
	if (message_line(message, "Warning", 0, &value) && value.len)
		return value;
	return message_reason(message);
}

/* A challenge is to us, and so ours to explain. */
void history_refusal(int status, const char *why, char ret[static ERR_REASON_SIZE])
{
	const bool asks = status == 401 || status == 407;

	if (!asks)
		snprintf(ret, ERR_REASON_SIZE, "answered %d", status);
	else if (why)
		snprintf(ret, ERR_REASON_SIZE, "answered %d, credentials refused: %s",
			status, why);
	else
		snprintf(ret, ERR_REASON_SIZE,
			"answered %d, it asks for a password: set auth-user and "
			"auth-secret",
			status);
}

/* In the place of what SAID has. */
static void keep_reason(struct record_reason *said, const struct message *message)
{
	struct reason_said reason;

	reason_read(message, &reason);
	free(said->text);
	*said = (struct record_reason){.q850 = reason.q850,
		.sip = reason.sip,
		.text = far_text(reason.text, RECORD_REASON_TEXT)};
}

/* A phrase that says no more than STATUS does is not kept. */
static void keep_phrase(
	struct record_attempt *attempt, int status, const struct message *message)
{
	const struct span phrase = message_reason(message);

	free(attempt->phrase);
	attempt->phrase = span_equal_nocase(phrase, compose_reason(status))
				  ? NULL
				  : far_text(phrase, RECORD_PHRASE);
}

void history_release(struct history *history, const struct message *message)
{
	keep_reason(&history->released, message);
}

void history_hear(struct history *history, int status, const struct message *message)
{
	struct span reason = reason_of(status, message);

	if (status && history->trying) {
		struct record_attempt *attempt = &history->attempts[history->count - 1];

		keep_reason(&attempt->said, message);
		keep_phrase(attempt, status, message);
		noted_free(&attempt->microsoft);
		noted_microsoft(&attempt->microsoft, message);
	}

	if (reason.len > RECORD_FAR_REASON)
		reason.len = RECORD_FAR_REASON;
	forget_far(history);
	history->far_status = status;
	history->far_reason = reason.len ? span_dup(reason) : NULL;
}

/* ---- transfers ---- */

/* A zeroed place behind the others. NULL: no memory, or there are as many as there may be. */
static struct record_transfer *place_transfer(struct history *history)
{
	struct record_transfer *transfers;

	if (history->transfer_count == RECORD_TRANSFERS)
		return NULL;
	transfers = reallocarray(history->transfers, history->transfer_count + 1,
		sizeof(*history->transfers));
	if (!transfers)
		return NULL;
	history->transfers = transfers;
	transfers += history->transfer_count++;
	*transfers = (struct record_transfer){.by = NULL};
	return transfers;
}

int history_transfer(
	struct history *history, const char *by, const char *to, uint64_t after_us)
{
	char *by_copy = strdup(by), *to_copy = strdup(to);
	const bool full = history->transfer_count == RECORD_TRANSFERS;
	struct record_transfer *transfer =
		by_copy && to_copy && !full ? place_transfer(history) : NULL;

	if (!transfer) {
		free(by_copy);
		free(to_copy);
		return full ? ERR_LIMIT : -ENOMEM;
	}
	*transfer = (struct record_transfer){
		.by = by_copy, .to = to_copy, .after_us = after_us};
	return 0;
}

void history_transferred(struct history *history, int status, const char *target)
{
	struct record_transfer *transfer =
		&history->transfers[history->transfer_count - 1];

	transfer->status = status;
	free(transfer->target);
	transfer->target = target ? strdup(target) : NULL;
}

/* ---- redirections ---- */

/* A zeroed place behind the others. NULL: no memory, or there are as many as there may be. */
static struct record_redirection *place_redirection(struct history *history)
{
	struct record_redirection *list;

	if (history->redirection_count == RECORD_REDIRECTIONS)
		return NULL;
	list = reallocarray(
		history->redirections, history->redirection_count + 1, sizeof(*list));
	if (!list)
		return NULL;
	history->redirections = list;
	list += history->redirection_count++;
	*list = (struct record_redirection){.by = NULL};
	return list;
}

int history_redirect(struct history *history, const struct record_redirection *what)
{
	const bool full = history->redirection_count == RECORD_REDIRECTIONS;
	char *by = strdup(what->by), *to = strdup(what->to);
	struct record_redirection *at =
		by && to && !full ? place_redirection(history) : NULL;

	if (!at) {
		free(by);
		free(to);
		return full ? 0 : -ENOMEM;
	}
	*at = *what;
	at->by = by;
	at->to = to;
	return 0;
}

static void append_redirections(struct history *history, struct history *from)
{
	for (unsigned i = 0; i < from->redirection_count; i++) {
		struct record_redirection *at = place_redirection(history);

		if (!at)
			break;
		*at = from->redirections[i];
		from->redirections[i] = (struct record_redirection){.by = NULL};
	}
}

void history_append(struct history *history, struct history *from)
{
	for (unsigned i = 0; i < from->count; i++) {
		struct record_attempt *at = place(history);

		if (!at)
			break;
		*at = from->attempts[i];
		from->attempts[i] = (struct record_attempt){.target = NULL};
	}
	append_redirections(history, from);
	history_free(from);
}

/* ---- what outlives the process ---- */

static const struct saved_field reason_fields[] = {
	SAVED_FIELD(struct record_reason, q850),
	SAVED_FIELD(struct record_reason, sip),
	SAVED_FIELD(struct record_reason, text),
	SAVED_END,
};

/* Not written of struct record_attempt: transport, flow (of a connection that is no more); microsoft (objects of their own). */
static const struct saved_field attempt_fields[] = {
	SAVED_FIELD(struct record_attempt, target),
	SAVED_FIELD(struct record_attempt, address),
	SAVED_FIELD(struct record_attempt, status),
	SAVED_FIELD(struct record_attempt, reason),
	SAVED_FIELD(struct record_attempt, phrase),
	SAVED_STRUCT(struct record_attempt, said, reason_fields),
	SAVED_FIELD(struct record_attempt, after_us),
	SAVED_END,
};

static const struct saved_field transfer_fields[] = {
	SAVED_FIELD(struct record_transfer, by),
	SAVED_FIELD(struct record_transfer, to),
	SAVED_FIELD(struct record_transfer, target),
	SAVED_FIELD(struct record_transfer, status),
	SAVED_FIELD(struct record_transfer, after_us),
	SAVED_END,
};

static const struct saved_field redirection_fields[] = {
	SAVED_FIELD(struct record_redirection, by),
	SAVED_FIELD(struct record_redirection, to),
	SAVED_FIELD(struct record_redirection, status),
	SAVED_BELOW(struct record_redirection, action, RECORD_REDIRECTION_ACTIONS),
	SAVED_FIELD(struct record_redirection, after_us),
	SAVED_END,
};

/* Not written of struct history: attempts, count, transfers, transfer_count, redirections, redirection_count (objects of
 * their own); trying (nobody is asked any more); released (it is not over). */
static const struct saved_field fields[] = {
	SAVED_FIELD(struct history, far_status),
	SAVED_FIELD(struct history, far_reason),
	SAVED_END,
};

static int save_transfers(const struct history *history, struct saved to)
{
	struct saved transfer;
	int err = 0;

	for (unsigned i = 0; i < history->transfer_count && !err; i++) {
		err = saved_append(to, "transfers", &transfer);
		if (!err)
			err = saved_put(
				transfer, transfer_fields, &history->transfers[i]);
	}
	return err;
}

static int save_redirections(const struct history *history, struct saved to)
{
	struct saved object;
	int err = 0;

	for (unsigned i = 0; i < history->redirection_count && !err; i++) {
		err = saved_append(to, "redirections", &object);
		if (!err)
			err = saved_put(
				object, redirection_fields, &history->redirections[i]);
	}
	return err;
}

int history_save(const struct history *history, struct saved to)
{
	struct saved attempt;
	int err = saved_put(to, fields, history);

	for (unsigned i = 0; i < history->count && !err; i++) {
		err = saved_append(to, "attempts", &attempt);
		if (!err)
			err = saved_put(attempt, attempt_fields, &history->attempts[i]);
		if (!err)
			err = noted_save(
				&history->attempts[i].microsoft, attempt, "microsoft");
	}
	if (!err)
		err = save_transfers(history, to);
	return err ? err : save_redirections(history, to);
}

static int load_transfers(
	struct history *history, struct saved from, struct err_text *error)
{
	struct saved transfer;
	int err = 0;

	for (unsigned i = 0; !err && saved_at(from, "transfers", i, &transfer); i++) {
		struct record_transfer *at = place_transfer(history);

		if (!at)
			return history->transfer_count == RECORD_TRANSFERS
				       ? err_set(error, ERR_FORMAT,
						 "there are too many transfers")
				       : -ENOMEM;
		err = saved_take(transfer, transfer_fields, at, error);
		if (!err && (!at->by || !at->to))
			err = err_set(error, ERR_FORMAT, "a transfer is of nobody");
	}
	return err;
}

static int load_redirections(
	struct history *history, struct saved from, struct err_text *error)
{
	struct saved object;
	int err = 0;

	for (unsigned i = 0; !err && saved_at(from, "redirections", i, &object); i++) {
		struct record_redirection *at = place_redirection(history);

		if (!at)
			return history->redirection_count == RECORD_REDIRECTIONS
				       ? err_set(error, ERR_FORMAT,
						 "there are too many redirections")
				       : -ENOMEM;
		err = saved_take(object, redirection_fields, at, error);
		if (!err && (!at->by || !at->to))
			err = err_set(error, ERR_FORMAT, "a redirection is of nobody");
	}
	return err;
}

int history_load(struct history *history, struct saved from, struct err_text *error)
{
	int err = saved_take(from, fields, history, error);
	struct saved attempt;

	for (unsigned i = 0; !err && saved_at(from, "attempts", i, &attempt); i++) {
		struct record_attempt *at = place(history);

		if (!at)
			return -ENOMEM;
		*at = (struct record_attempt){.target = NULL};
		err = saved_take(attempt, attempt_fields, at, error);
		if (!err && !at->target)
			err = err_set(error, ERR_FORMAT, "an attempt has no target");
		if (!err)
			err = noted_load(&at->microsoft, attempt, "microsoft", error);
	}
	if (!err)
		err = load_transfers(history, from, error);
	return err ? err : load_redirections(history, from, error);
}

void history_free(struct history *history)
{
	for (unsigned i = 0; i < history->count; i++)
		free_attempt(&history->attempts[i]);
	for (unsigned i = 0; i < history->transfer_count; i++) {
		free(history->transfers[i].by);
		free(history->transfers[i].to);
		free(history->transfers[i].target);
	}
	for (unsigned i = 0; i < history->redirection_count; i++) {
		free(history->redirections[i].by);
		free(history->redirections[i].to);
	}
	free(history->redirections);
	free(history->transfers);
	free(history->attempts);
	free(history->far_reason);
	free(history->released.text);
	memset(history, 0, sizeof(*history));
}
