#include "base/err.h"

#include "base/descriptors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err_text *text, int code, const char *format, ...)
{
	va_list args;

	if (!text)
		return code;
	va_start(args, format);
	vsnprintf(text->text, sizeof(text->text), format, args);
	va_end(args);
	return code;
}

void err_reason(char out[static ERR_REASON_SIZE], const char *why)
{
	static const char mark[] = " do=\"";
	const size_t len = strlen(why);
	const char *remedy = len < ERR_REASON_SIZE ? NULL : strstr(why, mark);
	size_t remedy_len;

	if (out == why)
		return;
	remedy_len = remedy ? strlen(remedy) : 0;
	/* one that would leave no room for the cause is none to keep */
	if (remedy_len == 0 || remedy_len > ERR_REASON_SIZE - 20) {
		snprintf(out, ERR_REASON_SIZE, "%s", why);
		return;
	}
	snprintf(out, ERR_REASON_SIZE, "%.*s...%s",
		(int)(ERR_REASON_SIZE - 1 - remedy_len - 3), why, remedy);
}

static const char *project_code_str(int code)
{
	switch ((enum err_code)code) {
	case ERR_FORMAT:
		return "Malformed input";
	case ERR_LIMIT:
		return "Limit exceeded";
	case ERR_TRUST:
		return "Not trusted";
	case ERR_CLOSED:
		return "Closed by the far end";
	case ERR_STATE:
		return "Not allowed in the present state";
	case ERR_SUPPORT:
		return "Not supported";
	case ERR_LIBRARY:
		return "Library failure";
	case ERR_CONFIG:
		return "Invalid configuration";
	case ERR_RESOLVE:
		return "Name has no usable address";
	case ERR_AUTH:
		return "Packet failed authentication";
	case ERR_REPLAY:
		return "Packet replayed or too old";
	case ERR_SANDBOX:
		return "Forbidden by the sandbox of the running server; restart it, or "
		       "keep the file in a folder that was named when it started";
	}
	return NULL;
}

const char *err_str(int code)
{
	static _Thread_local char descriptors[DESCRIPTORS_TEXT_SIZE];
	const char *text;

	if (code == 0)
		return "Success";
	/* What an operator meets when a limit is too low, and what sets it. */
	if (descriptors_are_out(code))
		return descriptors_text(code, descriptors);
	/* The range check also keeps -code from overflowing. */
	if (code < 0 && code > ERR_FORMAT)
		text = strerrordesc_np(-code); /* no locale, any thread */
	else
		text = project_code_str(code);
	return text ? text : "Unknown error";
}
