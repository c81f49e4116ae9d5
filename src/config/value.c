#include "config/value.h"

#include "base/addr.h"
#include "base/dscp.h"
#include "base/err.h"
#include "config/collector.h"
#include "config/config.h"
#include "config/credential.h"
#include "config/host.h"
#include "config/rules.h"
#include "config/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void *member(const struct schema_key *key, void *base)
{
	return (char *)base + key->offset;
}

static const void *const_member(const struct schema_key *key, const void *base)
{
	return (const char *)base + key->offset;
}

static bool is_string(enum schema_type type)
{
	switch (type) {
	case SCHEMA_STRING:
	case SCHEMA_ID:
	case SCHEMA_NAME:
	case SCHEMA_FQDN:
	case SCHEMA_FILE:
	case SCHEMA_KEY:
	case SCHEMA_SECRET:
	case SCHEMA_QUOTABLE:
	case SCHEMA_STAPLE:
	case SCHEMA_COLLECTOR:
	case SCHEMA_IDENTITY:
	case SCHEMA_PREFIX:
		return true;
	default:
		return false;
	}
}

void value_clear(const struct schema_key *key, void *base)
{
	void *to = member(key, base);

	if (is_string(key->type))
		free(*(char **)to);
	else if (words_is_list(key->type))
		words_free(to);
	else if (key->type == SCHEMA_RULES)
		rules_free(*(struct rules **)to);
	memset(to, 0, key->size);
}

int value_settle(const struct schema_key *key, void *base)
{
	char **to = member(key, base);

	if (key->type == SCHEMA_RULES)
		return rules_settle(*(struct rules **)member(key, base));
	if (!is_string(key->type) || *to != NULL)
		return 0;
	*to = strdup("");
	return *to != NULL ? 0 : -ENOMEM;
}

char *value_path(const char *folder, const char *path)
{
	char *joined;

	if (path[0] == '/')
		return strdup(path);
	return asprintf(&joined, "%s/%s", folder, path) < 0 ? NULL : joined;
}

/* Takes TEXT. */
static int store_string(const struct schema_key *key, void *base, char *text)
{
	char **to = member(key, base);

	if (text == NULL)
		return -ENOMEM;
	free(*to);
	*to = text;
	return 0;
}

/* VALUE fits: the schema bounds it, and a unit test the bounds. */
static void store_number(const struct schema_key *key, void *base, uint64_t value)
{
	void *to = member(key, base);

	if (key->size == sizeof(bool))
		*(bool *)to = value != 0;
	else if (key->size == sizeof(uint16_t))
		*(uint16_t *)to = (uint16_t)value;
	else if (key->size == sizeof(unsigned))
		*(unsigned *)to = (unsigned)value;
	else
		*(uint64_t *)to = value;
}

/*
 * http: as the responders of RFC 6960 are, whose answers are signed: a TLS connection to
 * learn whether TLS can be trusted goes in circles.
 */
static bool is_staple(const char *text)
{
	return strcmp(text, "auto") == 0 || strcmp(text, "off") == 0 ||
	       (strncmp(text, "http://", 7) == 0 && text[7] != '\0' &&
		       strpbrk(text, " \"<>") == NULL);
}

static bool is_collector(const char *text)
{
	struct collector_place place;

	return collector_parse(text, &place) == 0;
}

/* What a quoted text of a header can have without escapes. */
static bool is_quotable(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f || *text == '"' ||
			*text == '\\')
			return false;
	}
	return true;
}

static bool is_identity(const char *text)
{
	return strcmp(text, "from") == 0 || strcmp(text, "asserted") == 0 ||
	       (strncmp(text, "fixed ", 6) == 0 && words_is_number(span_of(text + 6)));
}

static int set_prefix(const struct schema_key *key, void *base, const char *text)
{
	if (strcmp(text, key->words[0]) == 0)
		return store_string(key, base, strdup(""));
	return words_is_prefix(span_of(text)) ? store_string(key, base, strdup(text))
					      : ERR_FORMAT;
}

/* In place of the rules that are there. */
static int set_rule(
	const struct schema_key *key, void *base, const char *text, struct span *ret_bad)
{
	struct rules **to = member(key, base);
	struct rules *list = NULL;
	int err = rules_add(&list, text, ret_bad);

	if (err == 0) {
		rules_free(*to);
		*to = list;
	}
	return err;
}

int value_add(
	const struct schema_key *key, void *base, const char *text, struct span *ret_bad)
{
	return rules_add(member(key, base), text, ret_bad);
}

static int set_string(
	const struct schema_key *key, void *base, const char *folder, const char *text)
{
	bool is_uri = key->type == SCHEMA_KEY && strncmp(text, "pkcs11:", 7) == 0;
	bool is_file = key->type == SCHEMA_KEY || key->type == SCHEMA_SECRET;
	bool is_path = (key->type == SCHEMA_FILE || is_file) && !is_uri;

	if (text[0] == '\0' ||
		(key->type == SCHEMA_NAME && !host_is_name_or_addr(text)) ||
		(key->type == SCHEMA_FQDN && !host_is_name(text, true)) ||
		(key->type == SCHEMA_ID && !schema_id_valid(text)) ||
		(key->type == SCHEMA_STAPLE && !is_staple(text)) ||
		(key->type == SCHEMA_COLLECTOR && !is_collector(text)) ||
		(key->type == SCHEMA_IDENTITY && !is_identity(text)) ||
		(key->type == SCHEMA_QUOTABLE && !is_quotable(text)))
		return ERR_FORMAT;
	if (is_file && credential_is(text))
		return credential_name_valid(text)
			       ? store_string(key, base, credential_path(text))
			       : ERR_FORMAT;
	return store_string(key, base, is_path ? value_path(folder, text) : strdup(text));
}

/* The number at the front of TEXT times the factor of the suffix behind it. */
static int parse_scaled(const char *text, uint64_t *ret, const char *const *suffixes,
	const uint64_t *factors)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t number;
	size_t i = 0;

	if (span_uint((struct span){.p = text, .len = digits}, UINT64_MAX, &number) != 0)
		return ERR_FORMAT;
	while (suffixes[i] != NULL && strcmp(suffixes[i], text + digits) != 0)
		i++;
	/* Only 0 needs no unit. */
	if (suffixes[i] == NULL && (number != 0 || text[digits] != '\0'))
		return ERR_FORMAT;
	if (number == 0) {
		*ret = 0;
		return 0;
	}
	return __builtin_mul_overflow(number, factors[i], ret) ? ERR_FORMAT : 0;
}

static int parse_duration(const struct schema_key *key, const char *text, uint64_t *ret)
{
	static const char *const suffixes[] = {"us", "ms", "s", "m", "h", "d", NULL};
	static const uint64_t us[] = {
		1, 1000, 1000000, 60000000, 3600000000, 86400000000};
	uint64_t unit_us = strcmp(key->unit, "ms") == 0 ? 1000 : 1;
	uint64_t value;

	if (parse_scaled(text, &value, suffixes, us) != 0 || value % unit_us != 0)
		return ERR_FORMAT;
	*ret = value / unit_us;
	return 0;
}

static int parse_size(const char *text, uint64_t *ret)
{
	static const char *const suffixes[] = {"", "k", "M", "G", NULL};
	static const uint64_t bytes[] = {1, 1ULL << 10, 1ULL << 20, 1ULL << 30};

	return parse_scaled(text, ret, suffixes, bytes);
}

/* A calendar day in UTC, or a minute of one, and nothing behind it. */
static int set_date(const struct schema_key *key, void *base, const char *text)
{
	struct tm tm = {0}, kept;
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	time_t value;

	if (end != NULL && end == text + 10 && *end == 'T') {
		end = strptime(text, "%Y-%m-%dT%H:%MZ", &tm);
		if (end != text + 17)
			return ERR_FORMAT;
	} else if (end != text + 10) {
		return ERR_FORMAT;
	}
	kept = tm;
	value = timegm(&tm);
	/* timegm() takes 31 April for 1 May. */
	if (*end != '\0' || value <= 0 || kept.tm_mday != tm.tm_mday)
		return ERR_FORMAT;
	*(time_t *)member(key, base) = value;
	return 0;
}

/* A sign behind it is for the eye: "10%" of what is counted in per cent. */
static struct span number_alone(const struct schema_key *key, const char *text)
{
	struct span number = span_of(text);

	if (key->type == SCHEMA_UINT && strcmp(key->unit, "%") == 0 && number.len > 1 &&
		number.p[number.len - 1] == '%')
		number.len--;
	return number;
}

static int set_number(const struct schema_key *key, void *base, const char *text)
{
	uint64_t value = 0;
	int err;

	if (key->words != NULL && strcmp(text, key->words[0]) == 0) {
		store_number(key, base, key->word_number);
		return 0;
	}
	if (key->type == SCHEMA_DURATION)
		err = parse_duration(key, text, &value);
	else if (key->type == SCHEMA_SIZE)
		err = parse_size(text, &value);
	else
		err = span_uint(number_alone(key, text), UINT64_MAX, &value);
	if (err != 0)
		return ERR_FORMAT;
	if (key->type == SCHEMA_PORT ? value == 0 || value > UINT16_MAX
				     : value < key->min || value > key->max)
		return ERR_FORMAT;
	store_number(key, base, value);
	return 0;
}

static int set_word(const struct schema_key *key, void *base, const char *text)
{
	static const char *const no_yes[] = {"no", "yes", NULL};
	const char *const *words = key->type == SCHEMA_BOOL ? no_yes : key->words;

	for (size_t i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], text) == 0) {
			store_number(key, base, i);
			return 0;
		}
	}
	return ERR_FORMAT;
}

static int set_addr(const struct schema_key *key, void *base, const char *text)
{
	struct addr addr;

	if (key->type == SCHEMA_LISTEN) {
		/* Port 0 here means that none was written. */
		if (addr_parse(&addr, text, 0) != 0 || addr_port(&addr) == 0)
			return ERR_FORMAT;
	} else if (addr_parse_host(&addr, text, strlen(text), 0) != 0 ||
		   addr_is_any(&addr)) {
		return ERR_FORMAT;
	}
	*(struct addr *)member(key, base) = addr;
	return 0;
}

/* One address, or two of different families. */
static int set_addrs(
	const struct schema_key *key, void *base, const char *text, struct span *ret_bad)
{
	struct addr addrs[2] = {{.len = 0}, {.len = 0}};
	struct span rest = span_of(text);
	size_t count = 0;
	struct span word;

	while (span_next(&rest, ',', &word)) {
		word = span_trim(word);
		*ret_bad = word;
		if (count == 2 || addr_parse_host(&addrs[count], word.p, word.len, 0) ||
			addr_is_any(&addrs[count]))
			return ERR_FORMAT;
		count++;
	}
	if (!count || (count == 2 && addr_is_v6(&addrs[0]) == addr_is_v6(&addrs[1])))
		return ERR_FORMAT;
	memcpy(member(key, base), addrs, sizeof(addrs));
	return 0;
}

static int set_range(const struct schema_key *key, void *base, const char *text)
{
	struct span rest = span_of(text);
	uint16_t *ports = member(key, base);
	struct span first;
	uint64_t min;
	uint64_t max;

	if (!span_next(&rest, '-', &first) ||
		span_uint(span_trim(first), key->max, &min) != 0 ||
		span_uint(span_trim(rest), key->max, &max) != 0)
		return ERR_FORMAT;
	if (min < key->min || min >= max)
		return ERR_FORMAT;
	ports[0] = (uint16_t)min;
	ports[1] = (uint16_t)max;
	return 0;
}

/* A mask of those of WORDS that TEXT lists. */
static int set_flags(const struct schema_key *key, void *base, const char *const *words,
	const char *text, struct span *ret_bad)
{
	struct span rest = span_of(text);
	struct span word;
	unsigned mask = 0;

	while (span_next(&rest, ',', &word)) {
		unsigned bit = 0;

		word = span_trim(word);
		while (words[bit] != NULL && !span_equal_str(word, words[bit]))
			bit++;
		if (words[bit] == NULL || (mask & 1U << bit) != 0) {
			*ret_bad = word;
			return ERR_FORMAT;
		}
		mask |= 1U << bit;
	}
	if (mask == 0)
		return ERR_FORMAT;
	*(unsigned *)member(key, base) = mask;
	return 0;
}

int value_set(const struct schema_key *key, void *base, const char *folder,
	const char *text, struct span *ret_bad)
{
	*ret_bad = span_of(text);
	switch (key->type) {
	case SCHEMA_STRING:
	case SCHEMA_ID:
	case SCHEMA_NAME:
	case SCHEMA_FQDN:
	case SCHEMA_FILE:
	case SCHEMA_KEY:
	case SCHEMA_SECRET:
	case SCHEMA_QUOTABLE:
	case SCHEMA_STAPLE:
	case SCHEMA_COLLECTOR:
	case SCHEMA_IDENTITY:
		return set_string(key, base, folder, text);
	case SCHEMA_UINT:
	case SCHEMA_PORT:
	case SCHEMA_DURATION:
	case SCHEMA_SIZE:
		return set_number(key, base, text);
	case SCHEMA_BOOL:
	case SCHEMA_ENUM:
		return set_word(key, base, text);
	case SCHEMA_ADDR:
	case SCHEMA_LISTEN:
		return set_addr(key, base, text);
	case SCHEMA_ADDRS:
		return set_addrs(key, base, text, ret_bad);
	case SCHEMA_RANGE:
		return set_range(key, base, text);
	case SCHEMA_WORDS:
	case SCHEMA_NAMES:
	case SCHEMA_PINS:
	case SCHEMA_ATTRIBUTES:
	case SCHEMA_BODY_TYPES:
	case SCHEMA_IDS:
	case SCHEMA_NUMBERS:
	case SCHEMA_ELINS:
	case SCHEMA_SERVICES:
	case SCHEMA_CODECS:
	case SCHEMA_NETWORKS:
	case SCHEMA_PATTERNS:
	case SCHEMA_CODES:
	case SCHEMA_HEADERS:
	case SCHEMA_HEADER_LINES:
	case SCHEMA_HEADER_NAMES:
	case SCHEMA_SOURCES:
	case SCHEMA_PREFIXES:
		return words_set(member(key, base), key->type, text, ret_bad);
	case SCHEMA_PREFIX:
		return set_prefix(key, base, text);
	case SCHEMA_RULES:
		return set_rule(key, base, text, ret_bad);
	case SCHEMA_SUITES:
		return set_flags(key, base, schema_suites, text, ret_bad);
	case SCHEMA_FLAGS:
		return set_flags(key, base, key->words, text, ret_bad);
	case SCHEMA_STATUSES:
		return statuses_read(member(key, base), text, ret_bad);
	case SCHEMA_DSCP:
		return dscp_parse(text, member(key, base)) ? 0 : ERR_FORMAT;
	case SCHEMA_DATE:
		return set_date(key, base, text);
	}
	return ERR_FORMAT;
}

int value_copy(const struct schema_key *key, void *base,
	const struct schema_key *from_key, const void *from)
{
	const void *source = const_member(from_key, from);
	const char *text;

	if (words_is_list(key->type))
		return words_copy(member(key, base), source);
	if (!is_string(key->type)) {
		memcpy(member(key, base), source, key->size);
		return 0;
	}
	text = *(char *const *)source;
	return store_string(key, base, strdup(text != NULL ? text : ""));
}
