#include "admin/record_verbs.h"

#include "admin/verbs.h"
#include "audit/writer.h"

enum api_code cdr_verb_key(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct ledger_state log;

	(void)args;
	(void)arg_count;
	writer_log(context->writer, &log);
	if (log.key[0] == '\0') {
		err_set(text, 0, "records are not signed: %s", log.why);
		return API_FAILED;
	}
	*ret_result = json_pack("{s:s, s:s, s:I, s:b, s:s}", "log", log.name, "key",
		log.key, "signed", (json_int_t)log.size, "stopped", (int)log.stopped,
		"why", log.why);
	return API_OK;
}
