/* What [register] of a gateway must be, once each of its keys is right. */
#include "config/check.h"

#include "base/log.h"

#include <string.h>

/* More would leave no room for the rest of a Contact. */
#define USER_MAX 64
#define DOMAIN_MAX 200

/* RFC 3261 25.1: unreserved and user-unreserved, but for what parts words of a list or parameters here. */
static bool is_user(const char *text, size_t len)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-_.!~*'()&=+$/";

	return len > 0 && len <= USER_MAX && strspn(text, allowed) >= len;
}

/* A host name, an IPv4 address, or an IPv6 address in brackets, as far as characters tell. */
static bool is_domain(const char *text)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-.";
	static const char address[] = "0123456789abcdefABCDEF:.";
	const size_t len = strlen(text);

	if (len == 0 || len > DOMAIN_MAX)
		return false;
	if (text[0] == '[')
		return len > 2 && text[1 + strspn(text + 1, address)] == ']' &&
		       text[len - 1] == ']' && strchr(text, ']') == text + len - 1;
	return strspn(text, name) == len && text[0] != '-' && text[0] != '.';
}

static bool is_identity(const char *text)
{
	const char *at = strchr(text, '@');

	return at == NULL ? is_user(text, strlen(text))
			  : is_user(text, (size_t)(at - text)) && is_domain(at + 1);
}

static void expect(const char *name, const char *expected, const char *got,
	const struct scope *scope, struct place place, struct config_errors *errors)
{
	char quoted[LOG_TEXT_SIZE];

	errors_add(errors, scope_place(scope, SCHEMA_REGISTER, name, place),
		"%s: expected %s, got %s", name, expected,
		log_text(quoted, got, strlen(got)));
}

static const char identity_form[] =
	"USER or USER@DOMAIN such as +4930123@carrier.example";

static void check_numbers(const struct config_register *registration,
	const struct scope *scope, struct place place, struct config_errors *errors)
{
	const struct config_words *numbers = &registration->numbers;

	for (size_t i = 0; i < numbers->count; i++) {
		if (!is_identity(numbers->words[i]))
			expect("numbers", identity_form, numbers->words[i], scope, place,
				errors);
	}
	if (numbers->count > CONFIG_NUMBERS_MAX)
		errors_add(errors, scope_place(scope, SCHEMA_REGISTER, "numbers", place),
			"numbers: expected at most %d, got %zu; bulk = yes is for more",
			CONFIG_NUMBERS_MAX, numbers->count);
	if (numbers->count > 0 && registration->bulk)
		errors_add(errors, scope_place(scope, SCHEMA_REGISTER, "numbers", place),
			"numbers: expected none with bulk = yes, which registers all");
}

/* Keys of the gateway's own file that mean nothing without an identity; a profile may have all the others. */
static void check_without(
	const struct scope *scope, struct place place, struct config_errors *errors)
{
	static const char *const names[] = {"registrar", "outbound-proxy", "port",
		"contact", "expires", "numbers", "bulk", "outbound", "required",
		"called-number"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct place where =
			scope_place(scope, SCHEMA_REGISTER, names[i], place);

		if (!scope_has(scope, SCHEMA_REGISTER, names[i]) ||
			strcmp(where.file, place.file) != 0)
			continue;
		errors_add(errors, where,
			"identity: missing in [register], %s needs it: %s", names[i],
			identity_form);
		return;
	}
}

void check_register(const struct config_gateway *gateway, const struct scope *scope,
	struct place place, struct config_errors *errors)
{
	const struct config_register *registration = &gateway->registration;

	if (registration->identity[0] == '\0') {
		check_without(scope, place, errors);
		return;
	}
	if (!is_identity(registration->identity))
		expect("identity", identity_form, registration->identity, scope, place,
			errors);
	if (registration->contact[0] != '\0' &&
		!is_user(registration->contact, strlen(registration->contact)))
		expect("contact", "a user such as +4930123", registration->contact, scope,
			place, errors);
	check_numbers(registration, scope, place, errors);
	if (registration->outbound && gateway->common.tls != CONFIG_TLS_YES &&
		gateway->common.transport == CONFIG_UDP)
		errors_add(errors, scope_place(scope, SCHEMA_REGISTER, "outbound", place),
			"outbound: expected no over UDP, which has no connection; "
			"transport = tcp or tls = yes has one");
}
