#include "config/words.h"

#include "base/err.h"
#include "base/network.h"
#include "config/attribute.h"
#include "config/codec.h"
#include "config/codes.h"
#include "config/header.h"
#include "config/host.h"
#include "config/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More would be a mistake, and the duplicate check is quadratic. */
#define MAX_WORDS 256
/* The longest number, with all prefixes. */
#define NUMBER_MAX 32
/* The longest prefix of a dial plan, and the longest area. */
#define PREFIX_MAX 8

void words_free(struct config_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->words[i]);
	free(words->words);
	*words = (struct config_words){0};
}

bool words_is_prefix(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.p[i] < '0' || word.p[i] > '9')
			return false;
	return word.len > 0 && word.len <= PREFIX_MAX;
}

bool words_is_list(enum schema_type type)
{
	return type == SCHEMA_WORDS || type == SCHEMA_NAMES || type == SCHEMA_PINS ||
	       type == SCHEMA_ATTRIBUTES || type == SCHEMA_BODY_TYPES ||
	       type == SCHEMA_CODECS || type == SCHEMA_NETWORKS || type == SCHEMA_IDS ||
	       type == SCHEMA_NUMBERS || type == SCHEMA_SERVICES ||
	       type == SCHEMA_ELINS || type == SCHEMA_PATTERNS ||
	       type == SCHEMA_SOURCES || type == SCHEMA_PREFIXES ||
	       type == SCHEMA_CODES || type == SCHEMA_HEADERS ||
	       type == SCHEMA_HEADER_LINES || type == SCHEMA_HEADER_NAMES;
}

bool words_have(const struct config_words *words, struct span word)
{
	for (size_t i = 0; i < words->count; i++) {
		if (span_equal_str(word, words->words[i]))
			return true;
	}
	return false;
}

bool words_have_nocase(const struct config_words *words, struct span word)
{
	for (size_t i = 0; i < words->count; i++) {
		if (span_equal_nocase(word, words->words[i]))
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
	return host_is_name_or_addr(text);
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

bool words_is_number(struct span word)
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
	return words_is_number(rest);
}

static bool is_prefix(struct span word)
{
	return span_equal_str(word, "+") || words_is_prefix(word);
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

static bool is_pattern(struct span word)
{
	struct pattern pattern;
	struct span bad;

	return pattern_parse(&pattern, word, &bad) == 0;
}

/* Whether there is one of that name is known when all files are read: check_sources(). */
static bool is_source(struct span word)
{
	struct span rest = word, kind;
	char id[65];

	if (span_equal_str(word, "servers") || span_equal_str(word, "gateways"))
		return true;
	return span_next(&rest, ':', &kind) &&
	       (span_equal_str(kind, "server") || span_equal_str(kind, "trunk")) &&
	       !memchr(rest.p, '\0', rest.len) && span_copy(rest, id, sizeof(id)) == 0 &&
	       schema_id_valid(id);
}

/* The callers whose number begins so, and the number of their location. */
static bool is_elin(struct span word)
{
	struct span rest = word;
	struct span callers;

	return span_next(&rest, ':', &callers) && words_is_number(callers) &&
	       words_is_number(rest);
}

/* Whether WORD is a rule; where not, *RET_WHY as the readers of rules have it. */
static bool is_rule(enum schema_type type, struct span word, const char **ret_why)
{
	struct codes_rule codes;
	struct header_rule header;

	if (type == SCHEMA_CODES)
		return codes_rule_read(&codes, word, ret_why);
	if (type == SCHEMA_HEADER_NAMES)
		return header_record_name(word, ret_why);
	return header_rule_read(&header, word, type == SCHEMA_HEADER_LINES, ret_why);
}

static bool is_rule_type(enum schema_type type)
{
	return type == SCHEMA_CODES || type == SCHEMA_HEADERS ||
	       type == SCHEMA_HEADER_LINES || type == SCHEMA_HEADER_NAMES;
}

const char *words_why(enum schema_type type, struct span bad)
{
	const char *why = NULL;

	if (is_rule_type(type))
		(void)is_rule(type, bad, &why);
	return why;
}

static bool is_item(enum schema_type type, struct span word)
{
	struct network network;
	const char *why;

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
		return words_is_number(word);
	if (type == SCHEMA_ELINS)
		return is_elin(word);
	if (type == SCHEMA_SERVICES)
		return is_service(word);
	if (type == SCHEMA_CODECS)
		return is_codec(word);
	if (type == SCHEMA_PATTERNS)
		return is_pattern(word);
	if (type == SCHEMA_SOURCES)
		return is_source(word);
	if (type == SCHEMA_PREFIXES)
		return is_prefix(word);
	if (is_rule_type(type))
		return is_rule(type, word, &why);
	if (type == SCHEMA_NETWORKS)
		return is_word(word) && network_parse(&network, word) == 0;
	return is_word(word);
}

static size_t max_words(enum schema_type type)
{
	if (type == SCHEMA_HEADER_NAMES)
		return CONFIG_RECORD_HEADERS_MAX;
	return is_rule_type(type) ? CONFIG_HEADER_RULES_MAX : MAX_WORDS;
}

/* Names of headers are the same in any case of letters. */
static bool is_there(
	const struct config_words *words, enum schema_type type, struct span word)
{
	return type == SCHEMA_HEADER_NAMES ? words_have_nocase(words, word)
					   : words_have(words, word);
}

static int words_add(struct config_words *words, enum schema_type type, struct span word)
{
	char **grown;
	char *copy;

	if (!is_item(type, word) || words->count == max_words(type) ||
		is_there(words, type, word))
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

/* The part of WORD, which was refused, that is wrong. */
static struct span fault_in(enum schema_type type, struct span word)
{
	struct pattern pattern;
	struct span bad = word;

	if (type == SCHEMA_PATTERNS)
		(void)pattern_parse(&pattern, word, &bad);
	return bad.len ? bad : word;
}

/* Takes the next item off the front of LIST. */
static bool next_item(enum schema_type type, struct span *list, struct span *ret)
{
	return type == SCHEMA_HEADER_LINES ? header_rule_next(list, ret)
					   : span_next(list, ',', ret);
}

int words_set(struct config_words *to, enum schema_type type, const char *text,
	struct span *ret_bad)
{
	struct config_words words = {0};
	struct span rest = span_of(text);
	struct span word;

	while (next_item(type, &rest, &word)) {
		int err = words_add(&words, type, span_trim(word));

		if (err != 0) {
			words_free(&words);
			*ret_bad = fault_in(type, span_trim(word));
			return err;
		}
	}
	if (type == SCHEMA_CODECS && !has_speech(&words)) {
		words_free(&words);
		return ERR_FORMAT;
	}
	words_free(to);
	*to = words;
	return 0;
}

int words_copy(struct config_words *to, const struct config_words *from)
{
	struct config_words words = {.words = calloc(from->count + 1, sizeof(char *))};

	if (words.words == NULL)
		return -ENOMEM;
	for (; words.count < from->count; words.count++) {
		words.words[words.count] = strdup(from->words[words.count]);
		if (words.words[words.count] == NULL) {
			words_free(&words);
			return -ENOMEM;
		}
	}
	words_free(to);
	*to = words;
	return 0;
}
