#include "config/errors.h"

#include <stdarg.h>
#include <stdio.h>

/* Longer than any message: its parts are bounded by log_text() and by the schema. */
#define MESSAGE_SIZE 1024

void config_errors_init(struct config_errors *errors)
{
	buf_init(&errors->text, 0);
	errors->count = 0;
}

void config_errors_free(struct config_errors *errors)
{
	buf_free(&errors->text);
	errors->count = 0;
}

void errors_add(struct config_errors *errors, struct place place, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	va_list arguments;

	errors->count++;
	if (errors->count > ERRORS_MAX_LINES)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	buf_printf(&errors->text, "%s:%u:%u: error: %s\n", place.file, place.line,
		place.column, message);
	if (errors->count == ERRORS_MAX_LINES)
		buf_add_str(&errors->text, "further errors are not shown\n");
}

const char *errors_hint(char buf[static ERRORS_HINT_SIZE], const char *suggestion)
{
	buf[0] = '\0';
	if (suggestion != NULL)
		snprintf(buf, ERRORS_HINT_SIZE, " (did you mean \"%s\"?)", suggestion);
	return buf;
}
