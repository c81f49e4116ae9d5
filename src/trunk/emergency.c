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

/* RFC 3966 5.1.1: visual separators mean nothing. Here that holds in every user part: who dials 1-1-2 means 112,
 * however the URI says it. False: NUMBER is none. */
static bool read_dialled(struct span number, char ret[static PHONE_PLAIN_SIZE])
{
	const struct phone phone = {
		.number = number, .is_number = true, .separated = true};

	return phone_plain(&phone, ret, PHONE_PLAIN_SIZE);
}

static bool is_listed(const struct config_words *numbers, const char *dialled)
{
	for (size_t i = 0; i < numbers->count; i++)
		if (!strcmp(numbers->words[i], dialled))
			return true;
	return false;
}

static bool is_of_service(const struct config_words *services, const char *dialled)
{
	for (size_t i = 0; i < services->count; i++) {
		const char *colon = strchr(services->words[i], ':');

		if (colon && !strcmp(colon + 1, dialled))
			return true;
	}
	return false;
}

bool emergency_is_configured(const struct config *config, const struct phone *called)
{
	char dialled[PHONE_PLAIN_SIZE];

	return called->is_number && read_dialled(called->number, dialled) &&
	       is_listed(&config->emergency.numbers, dialled);
}

bool emergency_is_any(const struct config *config, struct span number)
{
	char dialled[PHONE_PLAIN_SIZE];

	return read_dialled(number, dialled) &&
	       (!strcmp(dialled, "112") || !strcmp(dialled, "911") ||
		       is_listed(&config->emergency.numbers, dialled) ||
		       is_of_service(&config->emergency.services, dialled));
}

bool emergency_is_called(const struct config *config, const struct config_trunk *from,
	const struct phone *called)
{
	struct phone after = *called;
	char changed[RULE_NUMBER_SIZE];

	if (!config->emergency.numbers.count)
		return false;
	if (emergency_is_configured(config, called))
		return true;
	if (!number_called_in(&from->numbers, called, changed))
		return false;
	after.number = span_of(changed);
	return emergency_is_configured(config, &after);
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
	struct phone called;

	if (from->emergency.from == CONFIG_EMERGENCY_NOTHING)
		return EMERGENCY_NO;
	if (emergency_service(uri->whole, NULL))
		return EMERGENCY_SERVICE;
	phone_read(&called, uri);
	if (emergency_is_called(config, from, &called))
		return EMERGENCY_NUMBER;
	if (from->emergency.from == CONFIG_EMERGENCY_PRIORITY && is_urgent(invite))
		return EMERGENCY_PRIORITY;
	return EMERGENCY_NO;
}
