#include "admin/capture_verbs.h"

#include "admin/moment.h"
#include "admin/question.h"
#include "audit/folder.h"
#include "audit/holds.h"
#include "audit/store_name.h"
#include "base/log.h"
#include "base/span.h"
#include "bridge/bridge.h"
#include "bridge/demand.h"
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- on demand ---- */

static json_t *demand_json(const struct demand *demand)
{
	return json_pack("{s:i, s:s, s:o, s:s, s:o, s:o}", "demand", (int)demand->number,
		"kind", demand_kind_name(demand->kind), "of", api_text(demand->text),
		"mode", config_audit_name(demand->mode), "until",
		moment_json((time_t)(demand->until_us / 1000000)), "by",
		api_text(demand->who));
}

static bool read_option(
	const char *name, const char *value, struct demand_params *ret, bool *ret_of)
{
	static const struct {
		const char *name;
		enum demand_kind kind;
	} kinds[] = {{"--call", DEMAND_CALL}, {"--number", DEMAND_NUMBER},
		{"--trunk", DEMAND_TRUNK}};
	time_t for_s;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		if (*ret_of)
			return false;
		*ret_of = true;
		ret->kind = kinds[i].kind;
		ret->text = value;
		return true;
	}
	if (strcmp(name, "--for") == 0) {
		if (moment_span(value, DEMAND_MAX_S, &for_s) != 0 || for_s < 1)
			return false;
		ret->for_s = (uint64_t)for_s;
		return true;
	}
	if (strcmp(name, "--mode") != 0)
		return false;
	ret->mode = strcmp(value, "full") == 0         ? CONFIG_AUDIT_FULL
		    : strcmp(value, "signalling") == 0 ? CONFIG_AUDIT_SIGNALLING
						       : CONFIG_AUDIT_OFF;
	return ret->mode != CONFIG_AUDIT_OFF;
}

static void take_id(void *arg, const struct record *record, const char *state)
{
	(void)state;
	snprintf(arg, DEMAND_TEXT_SIZE, "%s", record->id);
}

/* Whether there is what PARAMS name. A call may be named by its number; ID is its id then. */
static bool is_known(const struct verbs_context *context, struct demand_params *params,
	char id[static DEMAND_TEXT_SIZE])
{
	const struct config *config = context->config_h(context->arg);

	if (params->kind == DEMAND_CALL) {
		if (!bridge_show_call(context->bridge, params->text, take_id, id))
			return false;
		params->text = id;
	}
	return params->kind != DEMAND_TRUNK ||
	       config_gateway_find(config, params->text) ||
	       config_server_find(config, params->text);
}

enum api_code capture_verb_start(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct demand_params params = {
		.mode = CONFIG_AUDIT_FULL, .who = api_who(context->api)};
	const struct demand *demand = NULL;
	bool good = arg_count % 2 == 0, of = false;
	char id[DEMAND_TEXT_SIZE] = "";
	unsigned number;
	int err;

	for (size_t i = 0; good && i + 1 < arg_count; i += 2)
		good = read_option(args[i], args[i + 1], &params, &of);
	if (!good || !of || !params.for_s) {
		err_set(text, 0,
			"usage: capture start --call ID | --number PATTERN | --trunk ID "
			"--for TIME [--mode full|signalling]");
		return API_USAGE;
	}
	if (!is_known(context, &params, id)) {
		err_set(text, 0, "no such %s: %.64s",
			params.kind == DEMAND_CALL ? "call" : "trunk or server",
			params.text);
		return API_NOT_FOUND;
	}
	err = demand_start(context->bridge, &params, &number);
	if (err) {
		err_set(text, 0, "%s",
			err == ERR_FORMAT ? "no pattern of numbers, or too long"
			: err == ERR_LIMIT
				? "too many at once: `tandemctl capture list` has them"
				: err_str(err));
		return API_FAILED;
	}
	while ((demand = demand_next(context->bridge, demand)))
		if (demand->number == number)
			*ret_result = demand_json(demand);
	return API_OK;
}

enum api_code capture_verb_stop(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	uint64_t number;

	(void)arg_count;
	(void)ret_result;
	if (span_uint(span_of(args[0]), UINT32_MAX, &number) != 0 ||
		!demand_stop(context->bridge, (unsigned)number)) {
		err_set(text, 0, "no such demand: %.20s", args[0]);
		return API_NOT_FOUND;
	}
	return API_OK;
}

/* ---- holds ---- */

/* They are files beside the captures: what is asked of them, and what is to be done. */
struct holding {
	struct question question;
	json_t *demands; /* of `capture list`; NULL: they are in the answer */
	/* of the others */
	struct hold hold;
	int err; /* of a release */
	int fd;
};

static void free_h(struct question *question)
{
	struct holding *holding = (struct holding *)question;

	json_decref(holding->demands);
	free(holding);
}

/* Beside the loop */

/* STATE/audit. A descriptor, or negative: QUESTION has failed. */
static int open_audit(struct question *question)
{
	const int fd = folder_root(question->state_dir);

	if (fd >= 0)
		return fd;
	err_set(&question->text, fd, "cannot use %s/audit: %s", question->state_dir,
		err_str(fd));
	question_fail(question, API_FAILED);
	return fd;
}

static void add_hold(void *arg, const struct hold *hold)
{
	json_array_append_new(
		arg, json_pack("{s:o, s:s, s:o, s:o, s:o}", "id", api_text(hold->id),
			     "day", hold->date, "since", moment_json((time_t)hold->since),
			     "by", api_text(hold->who), "reason",
			     hold->reason[0] ? api_text(hold->reason) : json_null()));
}

static void ask_list_h(struct question *question, const atomic_bool *cancelled)
{
	struct holding *holding = (struct holding *)question;
	const int fd = open_audit(question);
	json_t *holds;

	(void)cancelled;
	if (fd < 0)
		return;
	holds = json_array();
	(void)holds_each(fd, add_hold, holds);
	close(fd);
	question_answer(question,
		json_pack("{s:o, s:o}", "demands", holding->demands, "holds", holds));
	holding->demands = NULL;
}

/* What has no error and no result is done. */
static void answer(struct question *question, const char *id, int err)
{
	if (!err)
		return;
	err_set(&question->text, err, "call %.64s: %s", id,
		err == -EEXIST      ? "it is on hold already"
		: err == -ENOENT    ? "it is not on hold"
		: err == -ECANCELED ? "nobody waits for it"
				    : err_str(err));
	question_fail(question, err == -ENOENT ? API_NOT_FOUND : API_FAILED);
}

static void ask_hold_h(struct question *question, const atomic_bool *cancelled)
{
	struct hold *hold = &((struct holding *)question)->hold;
	const int fd = open_audit(question);

	if (fd < 0)
		return;
	if (!folder_day_of(fd, hold->id, hold->date)) {
		err_set(&question->text, 0, "no capture of call %.64s", hold->id);
		question_fail(question, API_NOT_FOUND);
	} else {
		/* who asked was told that it is not done */
		answer(question, hold->id,
			atomic_load(cancelled) ? -ECANCELED : holds_add(fd, hold));
	}
	close(fd);
}

static void release_h(void *arg, const struct hold *hold)
{
	struct holding *holding = arg;

	if (strcmp(hold->id, holding->hold.id) == 0)
		holding->err = holds_remove(holding->fd, hold->date, hold->id);
}

static void ask_release_h(struct question *question, const atomic_bool *cancelled)
{
	struct holding *holding = (struct holding *)question;

	holding->err = -ENOENT;
	holding->fd = open_audit(question);
	if (holding->fd < 0)
		return;
	if (atomic_load(cancelled))
		holding->err = -ECANCELED;
	else
		(void)holds_each(holding->fd, release_h, holding);
	close(holding->fd);
	answer(question, holding->hold.id, holding->err);
}

/* The loop */

static const struct question_kind list_kind = {
	.job = VERBS_JOB_LIST, .name = "holds", .ask_h = ask_list_h, .free_h = free_h};
static const struct question_kind hold_kind = {
	.job = VERBS_JOB_LIST, .name = "hold", .ask_h = ask_hold_h, .free_h = free_h};
static const struct question_kind release_kind = {.job = VERBS_JOB_LIST,
	.name = "release",
	.ask_h = ask_release_h,
	.free_h = free_h};

enum api_code capture_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	const struct demand *demand = NULL;
	struct holding *holding =
		question_new(context, &list_kind, sizeof(*holding), text);

	(void)args;
	(void)arg_count;
	(void)ret_result;
	if (!holding)
		return API_FAILED;
	holding->demands = json_array();
	while ((demand = demand_next(context->bridge, demand)))
		json_array_append_new(holding->demands, demand_json(demand));
	return question_ask(arg, &holding->question, 0, text);
}

enum api_code capture_verb_hold(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct holding *holding;
	struct hold *hold;

	(void)ret_result;
	if (arg_count != 3 || strcmp(args[1], "--reason") != 0 || !args[2][0]) {
		err_set(text, 0, "usage: capture hold ID --reason TEXT");
		return API_USAGE;
	}
	if (!store_id_ok(args[0])) {
		err_set(text, 0, "no capture of call %.64s", args[0]);
		return API_NOT_FOUND;
	}
	holding = question_new(context, &hold_kind, sizeof(*holding), text);
	if (!holding)
		return API_FAILED;
	hold = &holding->hold;
	hold->since = (uint64_t)time(NULL);
	snprintf(hold->id, sizeof(hold->id), "%s", args[0]);
	snprintf(hold->who, sizeof(hold->who), "%s", api_who(context->api));
	snprintf(hold->reason, sizeof(hold->reason), "%s", args[2]);
	return question_ask(arg, &holding->question, 0, text);
}

enum api_code capture_verb_release(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct holding *holding;

	(void)arg_count;
	(void)ret_result;
	if (!store_id_ok(args[0])) {
		err_set(text, 0, "call %.64s: it is not on hold", args[0]);
		return API_NOT_FOUND;
	}
	holding = question_new(arg, &release_kind, sizeof(*holding), text);
	if (!holding)
		return API_FAILED;
	snprintf(holding->hold.id, sizeof(holding->hold.id), "%s", args[0]);
	return question_ask(arg, &holding->question, 0, text);
}
