#include "sip/phone.h"

#include <ctype.h>
#include <string.h>

/* Those that cross: RFC 3966, 4694 (rn, cic, npdi), 4715 (isub-encoding), 4904 (tgrp,
 * trunk-context), 4759 (enumdi), and calling party's category. In the order of RFC 3261
 * 19.1.6: ext and isub, phone-context, the rest by alphabet. */
static const char *const names[] = {"ext", "isub", "phone-context", "cic", "cic-context",
	"cpc", "enumdi", "isub-encoding", "npdi", "oli", "rn", "rn-context", "tgrp",
	"trunk-context", "verstat"};
/* Which of them is phone-context. */
#define CONTEXT 2

static bool is_separator(char c)
{
	return c == '-' || c == '.' || c == '(' || c == ')';
}

/* RFC 3966 3: phonedigit, phonedigit-hex without letters, and their escapes. */
bool phone_is_number(struct span text)
{
	bool has_digit = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (isdigit((unsigned char)c))
			has_digit = true;
		else if (c == '%' && text.len - i > 2 && text.p[i + 1] == '2' &&
			 memchr("38bBaA", text.p[i + 2], 6) != NULL)
			i += 2; /* "#", "(", "+" or "*" */
		else if (!is_separator(c) && c != '*' && c != '#' && (c != '+' || i > 0))
			return false;
	}
	return has_digit;
}

static bool is_plus(struct span number)
{
	return span_starts(number, "+");
}

void phone_read(struct phone *ret, const struct message_uri *uri)
{
	bool tel = span_equal_nocase(uri->scheme, "tel");
	struct span rest = uri->user;
	struct span user = {0};
	struct span value;

	*ret = (struct phone){.number = uri->user};
	if (tel) {
		ret->params = uri->params;
		ret->is_number = true;
		ret->separated = true;
		return;
	}
	if (!span_next(&rest, ';', &user) || !phone_is_number(user))
		return;
	ret->number = user;
	ret->params = rest;
	ret->is_number = true;
	/* "10.1.0.1" may be a name: only who says so means a number by it */
	ret->separated = is_plus(user) || rest.len > 0 ||
			 (message_param(uri->params, "user", &value) &&
				 span_equal_nocase(value, "phone"));
}

/* RFC 3261 25.1: what a user part may hold as it is. */
static bool is_user_char(char c)
{
	return isalnum((unsigned char)c) ||
	       (c != '\0' && strchr("-_.!~*'()&=+$,;?/%", c) != NULL);
}

/* RFC 3966 3: what a parameter of tel: may hold as it is. */
static bool is_tel_char(char c)
{
	return isalnum((unsigned char)c) ||
	       (c != '\0' && strchr("-_.!~*'()[]/:&+$%", c) != NULL);
}

static void add_escaped(struct buf *out, struct span text, bool (*may)(char c))
{
	size_t from = 0; /* of what goes as it is */

	for (size_t i = 0; i < text.len; i++) {
		if (may(text.p[i]))
			continue;
		buf_add(out, text.p + from, i - from);
		buf_printf(out, "%%%02X", (unsigned char)text.p[i]);
		from = i + 1;
	}
	if (from < text.len)
		buf_add(out, text.p + from, text.len - from);
}

static void add_number(struct buf *out, const struct phone *phone, bool (*may)(char c))
{
	const struct span number = phone->number;
	size_t from = 0; /* of what has no separator in it */

	for (size_t i = 0; phone->separated && i < number.len; i++) {
		if (!is_separator(number.p[i]))
			continue;
		add_escaped(out, (struct span){number.p + from, i - from}, may);
		from = i + 1;
	}
	if (from < number.len)
		add_escaped(out, (struct span){number.p + from, number.len - from}, may);
}

void phone_add_number(struct buf *out, const struct phone *phone)
{
	add_number(out, phone, is_user_char);
}

static void add_params(struct buf *out, const struct phone *phone, bool (*may)(char c))
{
	struct span value;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (!message_param(phone->params, names[i], &value))
			continue;
		buf_add_char(out, ';');
		buf_add_str(out, names[i]);
		if (value.len > 0)
			buf_add_char(out, '=');
		add_escaped(out, value, may);
	}
}

void phone_add_user(struct buf *out, const struct phone *phone)
{
	add_number(out, phone, is_user_char);
	add_params(out, phone, is_user_char);
}

void phone_add_subscriber(struct buf *out, const struct phone *phone)
{
	add_number(out, phone, is_tel_char);
	add_params(out, phone, is_tel_char);
}

/* ---- plain texts ---- */

/* What "%" and the two hex digits behind it at TEXT stand for, of what may stand in a number; '\0': none. */
static char unescaped(struct span text)
{
	static const struct {
		const char *hex;
		char c;
	} escapes[] = {{"23", '#'}, {"28", '('}, {"29", ')'}, {"2a", '*'}, {"2b", '+'},
		{"2d", '-'}, {"2e", '.'}};

	for (size_t i = 0; text.len > 2 && i < sizeof escapes / sizeof escapes[0]; i++)
		if (span_equal_nocase((struct span){text.p + 1, 2}, escapes[i].hex))
			return escapes[i].c;
	return '\0';
}

/* TEXT as phone_plain() has it. DOTS: one may be in it. */
static bool make_plain(struct span text, bool dots, char *out, size_t size)
{
	char plain[PHONE_PLAIN_SIZE];
	bool has_digit = false;
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c == '%') {
			c = unescaped((struct span){text.p + i, text.len - i});
			i += 2;
		}
		if (is_separator(c) && (c != '.' || dots))
			continue;
		if (!isdigit((unsigned char)c) && c != '*' && c != '#' &&
			(c != '+' || len > 0))
			return false;
		if (len + 1 >= sizeof plain)
			return false;
		has_digit = has_digit || isdigit((unsigned char)c);
		plain[len++] = c;
	}
	return has_digit && span_copy((struct span){plain, len}, out, size) == 0;
}

bool phone_plain(const struct phone *phone, char *out, size_t size)
{
	return phone->is_number && make_plain(phone->number, phone->separated, out, size);
}

bool phone_context(const struct phone *phone, char *out, size_t size)
{
	struct span context;

	if (!message_param(phone->params, names[CONTEXT], &context) || !context.len)
		return false;
	if (is_plus(context))
		return make_plain(context, true, out, size);
	return span_copy(context, out, size) == 0;
}

void phone_add_params_of_global(struct buf *out, const struct phone *phone)
{
	struct span value;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (i == CONTEXT || !message_param(phone->params, names[i], &value))
			continue;
		if (out->len)
			buf_add_char(out, ';');
		buf_add_str(out, names[i]);
		if (value.len > 0)
			buf_add_char(out, '=');
		buf_add_span(out, value);
	}
}

bool phone_has_params(const struct phone *phone)
{
	struct span value;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (message_param(phone->params, names[i], &value))
			return true;
	}
	return false;
}
