#include "config/value.h"

#include "base/addr.h"
#include "base/dscp.h"
#include "base/err.h"
#include "base/network.h"
#include "config/attribute.h"
#include "config/codec.h"
#include "config/config.h"
#include "config/credential.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* More would be a mistake, and the duplicate check is quadratic. */
#define MAX_WORDS 256
/* The longest number, with all prefixes. */
#define NUMBER_MAX 32

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
		return true;
	default:
		return false;
	}
}

static void words_free(struct config_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->words[i]);
	free(words->words);
	*words = (struct config_words){0};
}

static bool is_list(enum schema_type type)
{
	return type == SCHEMA_WORDS || type == SCHEMA_NAMES || type == SCHEMA_PINS ||
	       type == SCHEMA_ATTRIBUTES || type == SCHEMA_BODY_TYPES ||
	       type == SCHEMA_CODECS || type == SCHEMA_NETWORKS || type == SCHEMA_IDS ||
	       type == SCHEMA_NUMBERS || type == SCHEMA_SERVICES;
}

void value_clear(const struct schema_key *key, void *base)
{
	void *to = member(key, base);

	if (is_string(key->type))
		free(*(char **)to);
	else if (is_list(key->type))
		words_free(to);
	memset(to, 0, key->size);
}

int value_settle(const struct schema_key *key, void *base)
{
	char **to = member(key, base);

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

/* One part of a host name. Underscores are no part of host names (RFC 1123). */
static bool is_label(struct span label)
{
	if (label.len == 0 || label.len > 63 || label.p[0] == '-' ||
		label.p[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

/* DOTTED: at least two labels. */
static bool is_host_name(const char *text, bool dotted)
{
	struct span rest = span_of(text);
	struct span label = rest;
	size_t labels = 0;

	if (rest.len > 253)
		return false;
	while (span_next(&rest, '.', &label)) {
		if (!is_label(label))
			return false;
		labels++;
	}
	/* A last label of digits alone is an address with a mistake, such as 10.0.0.256. */
	return labels > (dotted ? 1 : 0) && strspn(label.p, "0123456789") < label.len;
}

static bool is_name(const char *text)
{
	struct addr addr;

	return addr_parse_host(&addr, text, strlen(text), 0) == 0 ||
	       is_host_name(text, false);
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

static int set_string(
	const struct schema_key *key, void *base, const char *folder, const char *text)
{
	bool is_uri = key->type == SCHEMA_KEY && strncmp(text, "pkcs11:", 7) == 0;
	bool is_file = key->type == SCHEMA_KEY || key->type == SCHEMA_SECRET;
	bool is_path = (key->type == SCHEMA_FILE || is_file) && !is_uri;

	if (text[0] == '\0' || (key->type == SCHEMA_NAME && !is_name(text)) ||
		(key->type == SCHEMA_FQDN && !is_host_name(text, true)) ||
		(key->type == SCHEMA_ID && !schema_id_valid(text)) ||
		(key->type == SCHEMA_STAPLE && !is_staple(text)) ||
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
		err = span_uint(span_of(text), UINT64_MAX, &value);
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

static bool words_have(const struct config_words *words, struct span word)
{
	for (size_t i = 0; i < words->count; i++) {
		if (span_equal_str(word, words->words[i]))
			return true;
	}
	return false;
}

static bool is_word(struct span word)
{
	if (word.len == 0)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] <= ' ' || word.p[i] > '~' || word.p[i] == '"')
			return false;
	}
	return true;
}

static bool is_name_span(struct span word)
{
	char text[256];

	if (word.len >= sizeof(text) || memchr(word.p, '\0', word.len))
		return false;
	memcpy(text, word.p, word.len);
	text[word.len] = '\0';
	return is_name(text);
}

/*
 * "sha256/" and the base64 of 32 bytes, in its one proper form: pins are compared as texts,
 * and another form of the same bytes would never match.
 */
static bool is_pin(struct span word)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const size_t prefix = strlen("sha256/");
	const char *last = NULL;

	if (word.len != prefix + 44 || strncmp(word.p, "sha256/", prefix) != 0 ||
		word.p[word.len - 1] != '=')
		return false;
	for (size_t i = prefix; i < word.len - 1; i++) {
		last = memchr(digits, word.p[i], sizeof(digits) - 1);
		if (last == NULL)
			return false;
	}
	/* The last digit carries four bits of six. */
	return (last - digits) % 4 == 0;
}

/* A token of RFC 8866 that is let across. */
static bool is_attribute(struct span word)
{
	for (size_t i = 0; i < word.len; i++) {
		if (strchr("\"(),/:;<=>?@[\\]", word.p[i]) != NULL)
			return false;
	}
	return is_word(word) && !attribute_is_of_hop(word);
}

/* type "/" subtype (RFC 3261 25.1). Descriptions have their own way across. */
static bool is_body_type(struct span word)
{
	struct span rest = word;
	struct span type;

	for (size_t i = 0; i < word.len; i++) {
		if (strchr("\"(),:;<=>?@[\\]", word.p[i]) != NULL)
			return false;
	}
	return is_word(word) && span_next(&rest, '/', &type) && type.len > 0 &&
	       rest.len > 0 && !memchr(rest.p, '/', rest.len) &&
	       !span_equal_nocase(type, "multipart") &&
	       !span_equal_nocase(word, "application/sdp");
}

/* As it is dialled: no letters, and no visual separators, which would make two numbers of one. */
static bool is_number(struct span word)
{
	size_t digits = 0;

	for (size_t i = 0; i < word.len; i++) {
		char c = word.p[i];

		if (c >= '0' && c <= '9')
			digits++;
		else if (c != '*' && c != '#' && (c != '+' || i > 0))
			return false;
	}
	return digits > 0 && word.len <= NUMBER_MAX;
}

/* A sub-service of urn:service:sos as RFC 5031 4.2 names them ("fire", "animal-control", "a.b"), and
 * its number. */
static bool is_service(struct span word)
{
	struct span rest = word;
	struct span name;

	if (!span_next(&rest, ':', &name) || name.len == 0)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		bool inside = i > 0 && i + 1 < name.len;

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    (inside && (c == '-' || c == '.'))))
			return false;
	}
	return is_number(rest);
}

static bool is_id(struct span word)
{
	char text[66];

	return word.len > 0 && !memchr(word.p, '\0', word.len) &&
	       span_copy(word, text, sizeof(text)) == 0 && schema_id_valid(text);
}

static bool is_codec(struct span word)
{
	char text[64];

	return !memchr(word.p, '\0', word.len) &&
	       span_copy(word, text, sizeof(text)) == 0 && codec_is_known(text);
}

/* A list of nothing but tones would refuse every call. */
static bool has_speech(const struct config_words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		if (codec_is_speech(span_of(words->words[i])))
			return true;
	}
	return false;
}

static bool is_item(enum schema_type type, struct span word)
{
	struct network network;

	if (type == SCHEMA_NAMES)
		return is_word(word) && is_name_span(word);
	if (type == SCHEMA_PINS)
		return is_pin(word);
	if (type == SCHEMA_ATTRIBUTES)
		return is_attribute(word);
	if (type == SCHEMA_BODY_TYPES)
		return is_body_type(word);
	if (type == SCHEMA_IDS)
		return is_id(word);
	if (type == SCHEMA_NUMBERS)
		return is_number(word);
	if (type == SCHEMA_SERVICES)
		return is_service(word);
	if (type == SCHEMA_CODECS)
		return is_codec(word);
	if (type == SCHEMA_NETWORKS)
		return is_word(word) && network_parse(&network, word) == 0;
	return is_word(word);
}

static int words_add(struct config_words *words, enum schema_type type, struct span word)
{
	char **grown;
	char *copy;

	if (!is_item(type, word) || words->count == MAX_WORDS || words_have(words, word))
		return ERR_FORMAT;
	grown = reallocarray(words->words, words->count + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	words->words = grown;
	copy = span_dup(word);
	if (copy == NULL)
		return -ENOMEM;
	words->words[words->count++] = copy;
	return 0;
}

static int set_words(
	const struct schema_key *key, void *base, const char *text, struct span *ret_bad)
{
	struct config_words *to = member(key, base);
	struct config_words words = {0};
	struct span rest = span_of(text);
	struct span word;

	while (span_next(&rest, ',', &word)) {
		int err = words_add(&words, key->type, span_trim(word));

		if (err != 0) {
			words_free(&words);
			*ret_bad = span_trim(word);
			return err;
		}
	}
	if (key->type == SCHEMA_CODECS && !has_speech(&words)) {
		words_free(&words);
		return ERR_FORMAT;
	}
	words_free(to);
	*to = words;
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
	case SCHEMA_SERVICES:
	case SCHEMA_CODECS:
	case SCHEMA_NETWORKS:
		return set_words(key, base, text, ret_bad);
	case SCHEMA_SUITES:
		return set_flags(key, base, schema_suites, text, ret_bad);
	case SCHEMA_FLAGS:
		return set_flags(key, base, key->words, text, ret_bad);
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

	if (!is_string(key->type)) {
		memcpy(member(key, base), source, key->size);
		return 0;
	}
	text = *(char *const *)source;
	return store_string(key, base, strdup(text != NULL ? text : ""));
}
