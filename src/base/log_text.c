/* Texts of others in a line of the log: quoted, escaped, cut, and numbers masked. */
#include "base/log.h"
#include "base/log_escape.h"
#include "base/log_words.h"

#include <stdatomic.h>
#include <string.h>

/* So many digits in a text are a number that somebody has, and no status, cause or port. */
#define NUMBER_DIGITS 7
/* A user part beyond it is masked by its end alone. */
#define NUMBER_MAX 32

static atomic_bool numbers_whole;

void log_set_numbers(bool whole)
{
	atomic_store_explicit(&numbers_whole, whole, memory_order_relaxed);
}

static bool shows_numbers(void)
{
	return atomic_load_explicit(&numbers_whole, memory_order_relaxed);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A quoted text that is being written. */
struct quoted {
	char *buf; /* LOG_TEXT_SIZE */
	size_t len;
};

static const char cut[] = "...\"";

/* False: no room is left, and the text is closed. Room for the mark stays until the end, so that it
 * never splits an escape. */
static bool quoted_add(struct quoted *out, char c)
{
	char piece[4];
	size_t len;

	if (c == '"' || c == '\\') {
		piece[0] = '\\';
		piece[1] = c;
		len = 2;
	} else {
		len = log_escape_byte(piece, c);
	}
	if (out->len + len + sizeof(cut) > LOG_TEXT_SIZE) {
		memcpy(out->buf + out->len, cut, sizeof(cut));
		return false;
	}
	memcpy(out->buf + out->len, piece, len);
	out->len += len;
	return true;
}

static const char *quoted_end(struct quoted *out)
{
	out->buf[out->len++] = '"';
	out->buf[out->len] = '\0';
	return out->buf;
}

/* Takes over what can stand in quotes as it is, from TEXT of LEN bytes; returns how many bytes. DIGITS
 * are among it. */
static size_t quoted_add_plain(
	struct quoted *out, const char *text, size_t len, bool digits)
{
	const size_t room = LOG_TEXT_SIZE - sizeof(cut) - out->len;
	size_t count = 0;

	if (len > room)
		len = room;
	while (count < len && log_is_printable(text[count]) && text[count] != '"' &&
		text[count] != '\\' && (digits || !is_digit(text[count])))
		count++;
	if (count) /* TEXT may be NULL */
		memcpy(out->buf + out->len, text, count);
	out->len += count;
	return count;
}

/* How many digits begin at P, END excluded. */
static size_t digits_at(const char *p, const char *end)
{
	size_t count = 0;

	while (p + count < end && is_digit(p[count]))
		count++;
	return count;
}

/* TEXT, of whose runs of HIDE digits and more only the last three are shown. 0: all are. */
static const char *add_text(
	char buf[static LOG_TEXT_SIZE], const char *text, size_t len, size_t hide)
{
	struct quoted out = {.buf = buf};
	const char *end = text + len, *p = text;

	buf[out.len++] = '"';
	for (p += quoted_add_plain(&out, p, len, hide == 0); p < end;
		p += quoted_add_plain(&out, p, (size_t)(end - p), hide == 0)) {
		const size_t digits = hide ? digits_at(p, end) : 0;
		const size_t masked =
			digits && digits >= hide ? digits - LOG_NUMBER_TAIL : 0;
		const char *shown = p + masked;
		const char *next = digits ? p + digits : p + 1;

		for (; p < next; p++)
			if (!quoted_add(&out, p < shown ? '*' : *p))
				return buf;
	}
	return quoted_end(&out);
}

const char *log_text(char buf[static LOG_TEXT_SIZE], const char *text, size_t len)
{
	return add_text(buf, text, len, 0);
}

const char *log_said(char buf[static LOG_TEXT_SIZE], const char *text, size_t len)
{
	return add_text(buf, text, len, shows_numbers() ? 0 : NUMBER_DIGITS);
}

/* RFC 3966 5.1.1, and the '*' and '#' of dialled strings. */
static bool is_number(const char *user, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_digit(user[i]) && !memchr("+-.()*#", user[i], 7))
			return false;
	return len > 0;
}

const char *log_number(char buf[static LOG_TEXT_SIZE], const char *user, size_t len)
{
	static const char nobody[] = "anonymous"; /* RFC 3323 4.1.1.3 */
	struct quoted out = {.buf = buf};
	size_t shown;

	if (shows_numbers() || len == 0 ||
		(len == sizeof(nobody) - 1 && memcmp(user, nobody, len) == 0))
		return log_text(buf, user, len);
	shown = is_number(user, len) && len >= LOG_NUMBER_TAIL ? LOG_NUMBER_TAIL : 0;
	if (len > NUMBER_MAX) {
		user += len - NUMBER_MAX;
		len = NUMBER_MAX;
	}
	buf[out.len++] = '"';
	for (size_t i = 0; i < len; i++)
		quoted_add(&out, i < len - shown ? '*' : user[i]);
	return quoted_end(&out);
}

void log_add_uint(struct log_words *words, uint64_t value, unsigned digits)
{
	char text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value || sizeof(text) - at < digits);
	log_add_bytes(words, text + at, sizeof(text) - at);
}
