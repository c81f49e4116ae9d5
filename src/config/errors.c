#include "config/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

void config_errors_print(const struct config_errors *errors, FILE *to)
{
	if (errors->text.len)
		fwrite(errors->text.data, 1, errors->text.len, to);
}

/* The number behind the last colon of *TEXT, which is taken off with it. */
static bool take_number(struct span *text, unsigned *ret)
{
	size_t at = text->len;
	uint64_t number;

	while (at > 0 && text->p[at - 1] != ':')
		at--;
	if (at == 0 || span_uint((struct span){text->p + at, text->len - at}, UINT_MAX,
			       &number) != 0)
		return false;
	*ret = (unsigned)number;
	text->len = at - 1;
	return true;
}

bool config_errors_next(struct span *rest, struct config_error *ret)
{
	static const char mark[] = ": error: ";
	const size_t mark_len = sizeof(mark) - 1;
	struct span line, place;
	const char *at = NULL;

	do {
		if (!span_next(rest, '\n', &line))
			return false;
	} while (line.len == 0);
	*ret = (struct config_error){.message = line};
	at = memmem(line.p, line.len, mark, mark_len);
	if (at == NULL)
		return true;
	place = (struct span){line.p, (size_t)(at - line.p)};
	if (!take_number(&place, &ret->column) || !take_number(&place, &ret->line))
		return true;
	ret->file = place;
	ret->message =
		(struct span){at + mark_len, line.len - (size_t)(at - line.p) - mark_len};
	return true;
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
