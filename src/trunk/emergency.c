#include "trunk/emergency.h"

#include "trunk/number.h"

#include <string.h>

const char *emergency_name(enum emergency emergency)
{
	static const char *const names[EMERGENCY_KINDS] = {
		[EMERGENCY_NO] = "",
		[EMERGENCY_NUMBER] = "number",
		[EMERGENCY_SERVICE] = "service",
		[EMERGENCY_PRIORITY] = "priority",
		[EMERGENCY_CALLBACK] = "callback",
		[EMERGENCY_DRILL] = "drill",
	};

	return names[emergency];
}

/* ---- services ---- */

static bool is_service_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool emergency_service(struct span uri, struct span *ret)
{
	static const char sos[] = "urn:service:sos";
	const size_t len = sizeof(sos) - 1;
	struct span rest;

	if (uri.len < len || !span_equal_nocase((struct span){uri.p, len}, sos))
		return false;
	rest = (struct span){uri.p + len, uri.len - len};
	for (size_t i = 0; i < rest.len; i++) {
		/* labels with dots between them */
		if (!is_service_char(rest.p[i]) || (i == 0 && rest.p[i] != '.') ||
			(rest.p[i] == '.' && (i + 1 == rest.len || rest.p[i + 1] == '.')))
			return false;
	}
	if (ret)
		*ret = rest.len ? (struct span){rest.p + 1, rest.len - 1} : rest;
	return true;
}

/* The number of the row of SERVICES that is exactly NAME, or NULL. */
static const char *find_service(const struct config_words *services, struct span name)
{
	for (size_t i = 0; i < services->count; i++) {
		struct span rest = span_of(services->words[i]);
		struct span own;

		if (span_next(&rest, ':', &own) && own.len == name.len &&
			!strncasecmp(own.p, name.p, name.len))
			return rest.p;
	}
	return NULL;
}

/* "a.b" is "a" then, and "a" is "". */
static struct span above(struct span service)
{
	while (service.len && service.p[--service.len] != '.')
		;
	return service;
}

const char *emergency_service_number(const struct config *config, struct span service)
{
	const struct config_words *numbers = &config->emergency.numbers;

	for (; service.len; service = above(service)) {
		const char *number = find_service(&config->emergency.services, service);

		if (number)
			return number;
	}
	return numbers->count ? numbers->words[0] : "112";
}

/* ---- the class ---- */

/* The next character of a user part, its escape undone. RFC 3966 5.1.1: visual separators mean nothing. Here
 * that holds in every user part: who dials 1-1-2 means 112, however the URI says it. False: there is none. */
static bool next_char(struct span *text, char *ret)
{
	while (text->len) {
		char c = text->p[0];
		size_t used = 1;

		if (c == '%' && text->len > 2 && text->p[1] == '2' &&
			memchr("38bBaA", text->p[2], 6) != NULL) {
			static const char means[] = "#(++**";

			c = means[strchr("38bBaA", text->p[2]) - "38bBaA"];
			used = 3;
		}
		text->p += used;
		text->len -= used;
		if (c != '-' && c != '.' && c != '(' && c != ')') {
			*ret = c;
			return true;
		}
	}
	return false;
}

static bool is_same_number(struct span called, const char *number)
{
	char c;

	while (next_char(&called, &c)) {
		if (*number == '\0' || c != *number)
			return false;
		number++;
	}
	return *number == '\0';
}

bool emergency_is_phone(const struct config *config, const struct phone *called)
{
	const struct config_words *numbers = &config->emergency.numbers;

	for (size_t i = 0; called->is_number && i < numbers->count; i++)
		if (is_same_number(called->number, numbers->words[i]))
			return true;
	return false;
}

bool emergency_is_number(const struct config *config, struct span number)
{
	static const char *const always[] = {"112", "911"};
	const struct config_words *numbers = &config->emergency.numbers;
	const struct config_words *services = &config->emergency.services;

	for (unsigned i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (is_same_number(number, always[i]))
			return true;
	for (size_t i = 0; i < numbers->count; i++)
		if (is_same_number(number, numbers->words[i]))
			return true;
	for (size_t i = 0; i < services->count; i++) {
		const char *colon = strchr(services->words[i], ':');

		if (colon && is_same_number(number, colon + 1))
			return true;
	}
	return false;
}

bool emergency_is_called(const struct config *config, const struct message_uri *uri)
{
	struct phone phone;

	phone_read(&phone, uri);
	return emergency_is_phone(config, &phone);
}

static bool calls_number(const struct config *config, const struct config_trunk *from,
	const struct message_uri *uri)
{
	char changed[RULE_NUMBER_SIZE];
	struct phone phone;

	if (!config->emergency.numbers.count)
		return false;
	phone_read(&phone, uri);
	if (emergency_is_phone(config, &phone))
		return true;
	if (!number_called_in(&from->numbers, &phone, changed))
		return false;
	phone.number = span_of(changed);
	return emergency_is_phone(config, &phone);
}

/* RFC 3261 20.26. */
static bool is_urgent(const struct message *invite)
{
	struct span value;

	return message_header(invite, "Priority", 0, &value) &&
	       span_equal_nocase(span_trim(value), "emergency");
}

/* The longest user part that is looked at here. */
#define USER_MAX 64

bool emergency_may_be(const struct config *config, struct span uri, bool has_priority)
{
	const struct config_words *numbers = &config->emergency.numbers;
	char user[USER_MAX + 1];
	struct span scheme, rest = uri;
	size_t len = 0;

	if (has_priority || config->emergency.made || !span_next(&rest, ':', &scheme) ||
		span_equal_nocase(scheme, "urn"))
		return true;
	for (size_t i = 0; i < rest.len && rest.p[i] != '@'; i++) {
		const char c = rest.p[i];

		if (c == '%' || len == USER_MAX)
			return numbers->count > 0;
		if (c != '-' && c != '.' && c != '(' && c != ')')
			user[len++] = c;
	}
	user[len] = '\0';
	for (size_t i = 0; i < numbers->count; i++)
		if (strstr(user, numbers->words[i]))
			return true;
	return false;
}

enum emergency emergency_class(const struct config *config,
	const struct config_trunk *from, const struct message *invite)
{
	const struct message_uri *uri = message_request_uri(invite);

	if (from->emergency.from == CONFIG_EMERGENCY_NOTHING)
		return EMERGENCY_NO;
	if (emergency_service(uri->whole, NULL))
		return EMERGENCY_SERVICE;
	if (calls_number(config, from, uri))
		return EMERGENCY_NUMBER;
	if (from->emergency.from == CONFIG_EMERGENCY_PRIORITY && is_urgent(invite))
		return EMERGENCY_PRIORITY;
	return EMERGENCY_NO;
}
