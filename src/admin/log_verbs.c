#include "admin/log_verbs.h"

#include "base/buf.h"
#include "base/log.h"

#include <string.h>

/* The word for no level of one's own. */
#define INHERITED "inherited"

/* The second words of the log's lines; tests/lint/modules.sh looks for those that are missing. */
static const char *const modules[] = {"api", "audit", "bridge", "call", "certificates",
	"chronicle", "config", "control", "dtmf", "files", "hep", "index", "journal",
	"ledger", "leg", "marks", "media", "oa", "observe", "register", "relay",
	"resolve", "sandbox", "server", "service", "sink", "spool", "stamper", "standing",
	"stapler", "store", "tls", "transport", "trunk", "txn", "wire", "witnesses",
	"worker", "writer"};

#define MODULE_COUNT (sizeof(modules) / sizeof(modules[0]))

static bool is_module(const char *name)
{
	size_t i = 0;

	while (i < MODULE_COUNT && strcmp(modules[i], name) != 0)
		i++;
	return i < MODULE_COUNT;
}

static void add_module(void *arg, const char *module, enum log_level level)
{
	json_array_append_new(arg, json_pack("{s:s, s:s}", "module", module, "level",
					   log_level_name(level)));
}

static json_t *levels_json(void)
{
	json_t *own = json_array();

	log_each_module_level(add_module, own);
	return json_pack(
		"{s:s, s:o}", "level", log_level_name(log_get_level()), "modules", own);
}

/* Takes the level of one module from the list. */
struct wanted {
	const char *module;
	enum log_level level;
};

static void take_level(void *arg, const char *module, enum log_level level)
{
	struct wanted *wanted = arg;

	if (strcmp(module, wanted->module) == 0)
		wanted->level = level;
}

static json_t *module_json(const char *module)
{
	struct wanted wanted = {.module = module, .level = log_get_level()};

	log_each_module_level(take_level, &wanted);
	return json_pack(
		"{s:s, s:s}", "module", module, "level", log_level_name(wanted.level));
}

static enum api_code tell_words(const char *word, struct err_text *text)
{
	struct buf list;

	buf_init(&list, 0);
	for (size_t i = 0; i < MODULE_COUNT; i++)
		buf_printf(&list, "%s%s", i > 0 ? ", " : "", modules[i]);
	err_set(text, 0,
		"%.20s: neither a level (error, warning, info, debug) nor a module (%s)",
		word, buf_str(&list) ? list.data : "");
	buf_free(&list);
	return API_USAGE;
}

static enum api_code set_module(
	const char *module, const char *word, json_t **ret_result, struct err_text *text)
{
	int level = LOG_LEVEL_INHERITED;
	enum log_level own;

	if (log_level_parse(word, &own) == 0) {
		level = (int)own;
	} else if (strcmp(word, INHERITED) != 0) {
		err_set(text, 0,
			"%.20s: a level is error, warning, info, debug or " INHERITED,
			word);
		return API_USAGE;
	}
	if (log_set_module_level(module, level)) {
		err_set(text, 0, "too many modules have a level of their own");
		return API_FAILED;
	}
	*ret_result = levels_json();
	return API_OK;
}

enum api_code log_verb_level(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	enum log_level level;

	(void)arg;
	if (arg_count > 0 && is_module(args[0])) {
		if (arg_count > 1)
			return set_module(args[0], args[1], ret_result, text);
		*ret_result = module_json(args[0]);
		return API_OK;
	}
	if (arg_count > 0 && (arg_count > 1 || log_level_parse(args[0], &level) != 0))
		return tell_words(args[0], text);
	if (arg_count > 0)
		log_set_level(level);
	*ret_result = levels_json();
	return API_OK;
}
