#include "config/print.h"

#include "base/addr.h"
#include "base/dscp.h"
#include "config/config.h"
#include "config/rules.h"
#include "config/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NUMBER_SIZE 32
#define DAY_SECONDS 86400
/* Rules of a list that are printed. */
#define PRINT_RULES 20

typedef void print_h(const struct schema_key *key, const void *from, struct buf *out);

static uint64_t number_of(const struct schema_key *key, const void *from)
{
	if (key->size == sizeof(bool))
		return *(const bool *)from;
	if (key->size == sizeof(uint16_t))
		return *(const uint16_t *)from;
	if (key->size == sizeof(unsigned))
		return *(const unsigned *)from;
	return *(const uint64_t *)from;
}

static void print_text(const struct schema_key *key, const void *from, struct buf *out)
{
	const char *text = *(char *const *)from;

	(void)key;
	if (text != NULL)
		buf_add_str(out, text);
}

/* The attributes behind the ? of a pkcs11: URI may hold the PIN (RFC 7512 2.4). */
static void print_key(const struct schema_key *key, const void *from, struct buf *out)
{
	const char *text = *(char *const *)from;
	const char *query = text != NULL && strncmp(text, "pkcs11:", 7) == 0
				    ? strchr(text, '?')
				    : NULL;

	if (query == NULL) {
		print_text(key, from, out);
		return;
	}
	buf_add(out, text, (size_t)(query + 1 - text));
	buf_add_str(out, PRINT_HIDDEN);
}

/* A URL may have a user and a password before its host. */
static void print_url(const struct schema_key *key, const void *from, struct buf *out)
{
	const char *text = *(char *const *)from;
	const char *host = text != NULL ? strstr(text, "://") : NULL;
	const char *at =
		host != NULL ? memchr(host + 3, '@', strcspn(host + 3, "/?#")) : NULL;

	if (at == NULL) {
		print_text(key, from, out);
		return;
	}
	buf_add(out, text, (size_t)(host + 3 - text));
	buf_add_str(out, PRINT_HIDDEN);
	buf_add_str(out, at);
}

static void print_number(const struct schema_key *key, const void *from, struct buf *out)
{
	const uint64_t value = number_of(key, from);
	char text[NUMBER_SIZE];

	if (key->words != NULL && value == key->word_number) {
		buf_add_str(out, key->words[0]);
		return;
	}
	if (key->type == SCHEMA_DURATION)
		units_print_duration(value, key->unit, text, sizeof(text));
	else if (key->type == SCHEMA_SIZE)
		units_print_size(value, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%" PRIu64 "%s", value,
			key->unit && key->unit[0] == '%' ? "%" : "");
	buf_add_str(out, text);
}

static void print_port(const struct schema_key *key, const void *from, struct buf *out)
{
	const uint64_t port = number_of(key, from);

	if (port != 0)
		buf_add_uint(out, port);
}

static void print_bool(const struct schema_key *key, const void *from, struct buf *out)
{
	buf_add_str(out, number_of(key, from) != 0 ? "yes" : "no");
}

static void print_enum(const struct schema_key *key, const void *from, struct buf *out)
{
	buf_add_str(out, key->words[number_of(key, from)]);
}

static void print_addrs(const struct schema_key *key, const void *from, struct buf *out)
{
	const struct addr *addrs = from;
	const size_t count = key->size / sizeof(*addrs);
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < count && addrs[i].len > 0; i++)
		buf_printf(
			out, "%s%s", i > 0 ? ", " : "", addr_host_text(&addrs[i], text));
}

static void print_listen(const struct schema_key *key, const void *from, struct buf *out)
{
	const struct addr *addr = from;
	char text[ADDR_TEXT_SIZE];

	(void)key;
	if (addr->len > 0)
		buf_add_str(out, addr_text(addr, text));
}

static void print_range(const struct schema_key *key, const void *from, struct buf *out)
{
	const uint16_t *ports = from;

	(void)key;
	buf_printf(out, "%u-%u", ports[0], ports[1]);
}

static void print_words(const struct schema_key *key, const void *from, struct buf *out)
{
	const struct config_words *words = from;

	(void)key;
	for (size_t i = 0; i < words->count; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", words->words[i]);
}

static void print_flags(const struct schema_key *key, const void *from, struct buf *out)
{
	const char *const *words =
		key->type == SCHEMA_SUITES ? schema_suites : key->words;
	const uint64_t mask = number_of(key, from);
	bool first = true;

	for (unsigned bit = 0; words[bit] != NULL; bit++) {
		if ((mask & 1U << bit) == 0)
			continue;
		buf_printf(out, "%s%s", first ? "" : ", ", words[bit]);
		first = false;
	}
}

static void print_date(const struct schema_key *key, const void *from, struct buf *out)
{
	const time_t when = *(const time_t *)from;
	char text[NUMBER_SIZE];
	struct tm tm;

	(void)key;
	if (when == 0 || gmtime_r(&when, &tm) == NULL)
		return;
	strftime(text, sizeof(text),
		when % DAY_SECONDS == 0 ? "%Y-%m-%d" : "%Y-%m-%dT%H:%MZ", &tm);
	buf_add_str(out, text);
}

/* By its name, where it has one: they are few. */
static void print_dscp(const struct schema_key *key, const void *from, struct buf *out)
{
	const uint64_t value = number_of(key, from);
	unsigned named;
	char name[8] = "EF";

	if (dscp_parse(name, &named) && named == value) {
		buf_add_str(out, name);
		return;
	}
	for (unsigned i = 0; i < 8 + 12; i++) {
		if (i < 8)
			snprintf(name, sizeof(name), "CS%u", i);
		else
			snprintf(name, sizeof(name), "AF%u%u", (i - 8) / 3 + 1,
				(i - 8) % 3 + 1);
		if (dscp_parse(name, &named) && named == value) {
			buf_add_str(out, name);
			return;
		}
	}
	buf_add_uint(out, value);
}

static void print_statuses(
	const struct schema_key *key, const void *from, struct buf *out)
{
	(void)key;
	statuses_print(from, out);
}

static void print_prefix(const struct schema_key *key, const void *from, struct buf *out)
{
	const char *text = *(char *const *)from;

	if (text != NULL)
		buf_add_str(out, text[0] != '\0' ? text : key->words[0]);
}

/* A whole list is for a file: here are the first, and how many more there are. */
static void print_rules(const struct schema_key *key, const void *from, struct buf *out)
{
	const struct rules *list = *(struct rules *const *)from;
	const size_t count = rules_count(list);

	(void)key;
	for (size_t i = 0; i < count && i < PRINT_RULES; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", rule_text(rules_at(list, i)));
	if (count > PRINT_RULES)
		buf_printf(out, ", and %zu more", count - PRINT_RULES);
}

static print_h *const printers[] = {
	[SCHEMA_STRING] = print_text,
	[SCHEMA_ID] = print_text,
	[SCHEMA_NAME] = print_text,
	[SCHEMA_FQDN] = print_text,
	[SCHEMA_FILE] = print_text,
	[SCHEMA_KEY] = print_key,
	[SCHEMA_SECRET] = print_text,
	[SCHEMA_QUOTABLE] = print_text,
	[SCHEMA_STAPLE] = print_url,
	[SCHEMA_COLLECTOR] = print_text,
	[SCHEMA_BOOL] = print_bool,
	[SCHEMA_UINT] = print_number,
	[SCHEMA_PORT] = print_port,
	[SCHEMA_DURATION] = print_number,
	[SCHEMA_SIZE] = print_number,
	[SCHEMA_ENUM] = print_enum,
	[SCHEMA_ADDR] = print_addrs,
	[SCHEMA_ADDRS] = print_addrs,
	[SCHEMA_LISTEN] = print_listen,
	[SCHEMA_RANGE] = print_range,
	[SCHEMA_WORDS] = print_words,
	[SCHEMA_NAMES] = print_words,
	[SCHEMA_PINS] = print_words,
	[SCHEMA_ATTRIBUTES] = print_words,
	[SCHEMA_BODY_TYPES] = print_words,
	[SCHEMA_NETWORKS] = print_words,
	[SCHEMA_IDS] = print_words,
	[SCHEMA_NUMBERS] = print_words,
	[SCHEMA_ELINS] = print_words,
	[SCHEMA_SERVICES] = print_words,
	[SCHEMA_CODECS] = print_words,
	[SCHEMA_SUITES] = print_flags,
	[SCHEMA_FLAGS] = print_flags,
	[SCHEMA_PATTERNS] = print_words,
	[SCHEMA_CODES] = print_words,
	[SCHEMA_HEADERS] = print_words,
	[SCHEMA_HEADER_LINES] = print_words,
	[SCHEMA_HEADER_NAMES] = print_words,
	[SCHEMA_SOURCES] = print_words,
	[SCHEMA_STATUSES] = print_statuses,
	[SCHEMA_DATE] = print_date,
	[SCHEMA_DSCP] = print_dscp,
	[SCHEMA_IDENTITY] = print_text,
	[SCHEMA_PREFIX] = print_prefix,
	[SCHEMA_PREFIXES] = print_words,
	[SCHEMA_RULES] = print_rules,
};

static const void *member(const struct schema_key *key, const void *base)
{
	return (const char *)base + key->offset;
}

void print_value(const struct schema_key *key, const void *base, struct buf *out)
{
	printers[key->type](key, member(key, base), out);
}

static bool equal_words(const struct config_words *a, const struct config_words *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->words[i], b->words[i]) != 0)
			return false;
	}
	return true;
}

static bool equal_addrs(const struct addr *a, const struct addr *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (a[i].len != b[i].len || (a[i].len > 0 && !addr_equal(&a[i], &b[i])))
			return false;
	}
	return true;
}

bool print_equal(const struct schema_key *key, const void *a, const void *b)
{
	const void *x = member(key, a);
	const void *y = member(key, b);
	print_h *printer = printers[key->type];

	if (printer == print_rules)
		return rules_equal(*(struct rules *const *)x, *(struct rules *const *)y);
	if (printer == print_text || printer == print_key || printer == print_url ||
		printer == print_prefix)
		return strcmp(*(char *const *)x, *(char *const *)y) == 0;
	if (printer == print_words)
		return equal_words(x, y);
	if (printer == print_addrs || printer == print_listen)
		return equal_addrs(x, y, key->size / sizeof(struct addr));
	return memcmp(x, y, key->size) == 0;
}
