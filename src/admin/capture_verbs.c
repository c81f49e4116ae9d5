#include "admin/capture_verbs.h"

#include "admin/moment.h"
#include "admin/verbs.h"
#include "audit/folder.h"
#include "audit/holds.h"
#include "base/log.h"
#include "base/span.h"
#include "bridge/bridge.h"
#include "bridge/demand.h"
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
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

static void add_hold(void *arg, const struct hold *hold)
{
	json_array_append_new(
		arg, json_pack("{s:o, s:s, s:o, s:o, s:o}", "id", api_text(hold->id),
			     "day", hold->date, "since", moment_json((time_t)hold->since),
			     "by", api_text(hold->who), "reason",
			     hold->reason[0] ? api_text(hold->reason) : json_null()));
}

/* STATE/audit. A descriptor, or negative with TEXT. */
static int open_audit(const struct verbs_context *context, struct err_text *text)
{
	const char *state_dir = context->config_h(context->arg)->tandem.state_dir;
	const int fd = folder_root(state_dir);

	if (fd < 0)
		err_set(text, fd, "cannot use %s/audit: %s", state_dir, err_str(fd));
	return fd;
}

enum api_code capture_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	const struct demand *demand = NULL;
	json_t *demands, *holds;
	const int fd = open_audit(context, text);

	(void)args;
	(void)arg_count;
	if (fd < 0)
		return API_FAILED;
	demands = json_array();
	holds = json_array();
	while ((demand = demand_next(context->bridge, demand)))
		json_array_append_new(demands, demand_json(demand));
	(void)holds_each(fd, add_hold, holds);
	close(fd);
	*ret_result = json_pack("{s:o, s:o}", "demands", demands, "holds", holds);
	return API_OK;
}

/* Finds the capture of ID below FD. */
static bool find_day(int fd, const char *id, struct hold *ret, struct err_text *text)
{
	if (!folder_day_of(fd, id, ret->date)) {
		err_set(text, 0, "no capture of call %.64s", id);
		return false;
	}
	snprintf(ret->id, sizeof(ret->id), "%s", id);
	return true;
}

static enum api_code hold_result(int err, const char *id, struct err_text *text)
{
	if (!err)
		return API_OK;
	err_set(text, err, "call %.64s: %s", id,
		err == -EEXIST   ? "it is on hold already"
		: err == -ENOENT ? "it is not on hold"
				 : err_str(err));
	return err == -ENOENT ? API_NOT_FOUND : API_FAILED;
}

enum api_code capture_verb_hold(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct hold hold = {.since = (uint64_t)time(NULL)};
	int fd, err;

	(void)ret_result;
	if (arg_count != 3 || strcmp(args[1], "--reason") != 0 || !args[2][0]) {
		err_set(text, 0, "usage: capture hold ID --reason TEXT");
		return API_USAGE;
	}
	fd = open_audit(context, text);
	if (fd < 0)
		return API_FAILED;
	if (!find_day(fd, args[0], &hold, text)) {
		close(fd);
		return API_NOT_FOUND;
	}
	snprintf(hold.who, sizeof(hold.who), "%s", api_who(context->api));
	snprintf(hold.reason, sizeof(hold.reason), "%s", args[2]);
	err = holds_add(fd, &hold);
	close(fd);
	return hold_result(err, args[0], text);
}

struct released {
	const char *id;
	int fd, err;
};

static void release_h(void *arg, const struct hold *hold)
{
	struct released *released = arg;

	if (strcmp(hold->id, released->id) == 0)
		released->err = holds_remove(released->fd, hold->date, hold->id);
}

enum api_code capture_verb_release(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct released released = {.id = args[0], .err = -ENOENT};

	(void)arg_count;
	(void)ret_result;
	released.fd = open_audit(arg, text);
	if (released.fd < 0)
		return API_FAILED;
	(void)holds_each(released.fd, release_h, &released);
	close(released.fd);
	return hold_result(released.err, args[0], text);
}
