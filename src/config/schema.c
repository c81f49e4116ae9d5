#include "config/schema.h"

#include "config/codec.h"
#include "config/nearest.h"
#include "config/table.h"
#include "config/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const char *const schema_suites[] = {
	"AEAD_AES_256_GCM",
	"AEAD_AES_128_GCM",
	"AES_256_CM_HMAC_SHA1_80",
	"AES_CM_128_HMAC_SHA1_80",
	"AES_256_CM_HMAC_SHA1_32",
	"AES_CM_128_HMAC_SHA1_32",
	NULL,
};

static const char *const section_names[] = {
	[SCHEMA_TANDEM] = "tandem",
	[SCHEMA_INTERNAL] = "internal",
	[SCHEMA_EXTERNAL] = "external",
	[SCHEMA_MEDIA] = "media",
	[SCHEMA_AUDIT] = "audit",
	[SCHEMA_HEP] = "hep",
	[SCHEMA_SINK] = "sink",
	[SCHEMA_LIMITS] = "limits",
	[SCHEMA_EMERGENCY] = "emergency",
	[SCHEMA_SIP] = "sip",
	[SCHEMA_SERVER] = "server",
	[SCHEMA_GATEWAY] = "gateway",
	[SCHEMA_CAPTURE] = "capture",
	[SCHEMA_REGISTER] = "register",
	[SCHEMA_ROUTE] = "route",
};
_Static_assert(LENGTH(section_names) == SCHEMA_SECTIONS, "every section has a name");

static const char *const bool_words[] = {"yes", "no", NULL};
static const char *const identity_words[] = {"from", "asserted", "fixed", NULL};

const struct schema_key *schema_keys(size_t *ret_count)
{
	*ret_count = schema_table_count;
	return schema_table;
}

const struct schema_key *schema_find(enum schema_section section, const char *name)
{
	for (size_t i = 0; i < schema_table_count; i++) {
		const struct schema_key *key = &schema_table[i];

		if (key->section == section && strcmp(key->name, name) == 0)
			return key;
	}
	return NULL;
}

size_t schema_index(const struct schema_key *key)
{
	return (size_t)(key - schema_table);
}

const char *schema_section_name(enum schema_section section)
{
	return section_names[section];
}

enum schema_section schema_section_find(const char *name)
{
	unsigned i = 0;

	while (i < SCHEMA_SECTIONS && strcmp(section_names[i], name) != 0)
		i++;
	return (enum schema_section)i;
}

bool schema_section_is_gateway(enum schema_section section)
{
	return section >= SCHEMA_GATEWAY && section <= SCHEMA_ROUTE;
}

static bool is_id_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool schema_id_valid(const char *id)
{
	size_t len = strlen(id);

	if (len == 0 || len > 64 || id[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_id_char(id[i]))
			return false;
	}
	return true;
}

/* Words of NULL-ended WORDS as "a, b, c". */
static void join_words(const char *const *words, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; words[i] != NULL && used < size; i++)
		used += (size_t)snprintf(
			buf + used, size - used, "%s%s", i > 0 ? ", " : "", words[i]);
}

/* What is expected of the types that have bounds. */
static void expect_number(const struct schema_key *key, char *buf, size_t size)
{
	char min[32];
	char max[32];
	const char *other = key->words != NULL ? ", or " : "";
	const char *word = key->words != NULL ? key->words[0] : "";

	if (key->type == SCHEMA_DURATION) {
		units_print_duration(key->min, key->unit, min, sizeof(min));
		units_print_duration(key->max, key->unit, max, sizeof(max));
		snprintf(buf, size, "a time from %s to %s such as %s%s%s", min, max,
			key->words != NULL ? max : key->fallback, other, word);
	} else if (key->type == SCHEMA_SIZE) {
		units_print_size(key->min, min, sizeof(min));
		units_print_size(key->max, max, sizeof(max));
		snprintf(buf, size, "a size from %s to %s such as %s", min, max,
			key->fallback);
	} else {
		snprintf(buf, size, "a number from %" PRIu64 " to %" PRIu64 "%s%s%s",
			key->min, key->max, strcmp(key->unit, "%") == 0 ? " %" : "",
			other, word);
	}
}

/* What is expected of the others. */
static const char *const texts[] = {
	[SCHEMA_STRING] = "some text",
	[SCHEMA_ID] = "a name of 1 to 64 of A-Z a-z 0-9 . _ -",
	[SCHEMA_NAME] = "a host name or an address",
	[SCHEMA_FQDN] = "a full host name such as med1.example.com",
	[SCHEMA_FILE] = "a path",
	[SCHEMA_KEY] = "a path, a pkcs11: URI, or credential: and a name",
	[SCHEMA_SECRET] = "a path, or credential: and a name",
	[SCHEMA_QUOTABLE] = "some text without \" and \\",
	[SCHEMA_BOOL] = "yes or no",
	[SCHEMA_PORT] = "a port (1-65535)",
	[SCHEMA_ADDR] = "an IPv4 or IPv6 address of one interface",
	[SCHEMA_ADDRS] = "an IPv4 or IPv6 address of one interface, or one of each "
			 "with a comma",
	[SCHEMA_NETWORKS] = "a comma list of networks such as 192.0.2.0/24 or "
			    "2001:db8::/32, each once",
	[SCHEMA_LISTEN] = "address:port such as 0.0.0.0:5061",
	[SCHEMA_WORDS] = "a comma list of words, each once",
	[SCHEMA_NAMES] = "a comma list of host names or addresses, each once",
	[SCHEMA_PINS] = "a comma list of sha256/ and 44 characters of base64, "
			"each once",
	[SCHEMA_ATTRIBUTES] = "a comma list of names of SDP attributes, each once, "
			      "none that belongs to one side (keys, addresses, "
			      "ICE, capabilities, preconditions)",
	[SCHEMA_BODY_TYPES] =
		"a comma list of types such as application/pidf+xml, each once, "
		"neither application/sdp nor multipart",
	[SCHEMA_IDS] = "a comma list of names of 1 to 64 of A-Z a-z 0-9 . _ -, "
		       "each once",
	[SCHEMA_NUMBERS] = "a comma list of numbers of digits, * and #, perhaps "
			   "with + in front, such as 112, each once",
	[SCHEMA_ELINS] = "a comma list of the beginning of numbers, a colon and a "
			 "number, such as +493010:+4930911, each once",
	[SCHEMA_SERVICES] = "a comma list of a name, a colon and a number, such as "
			    "police:110, each once",
	[SCHEMA_CODECS] = "a comma list of codecs such as PCMA, G729, opus "
			  "(without clock rate; private names begin with x-), "
			  "each once",
	[SCHEMA_PATTERNS] =
		"a comma list of beginnings of numbers such as +49, 00N, 0[1-9] "
		"or 112$ (X: 0-9, Z: 1-9, N: 2-9, []: one of these, $: the "
		"number "
		"ends), each once",
	[SCHEMA_STATUSES] =
		"a comma list of responses from 300 to 599 and ranges such as "
		"502-504, each once, or none",
	[SCHEMA_CODES] = "a comma list such as 404 -> 480, 500-599 -> 503, "
			 "q850:34 -> 503, 480 q850:31 -> 486 or q850:1-127 -> "
			 "rfc3398, each once",
	[SCHEMA_HEADERS] = "a comma list of [in|out] [requests|responses] NAME, or the "
			   "beginning of a name and *, such as X-Site or in X-Acme-*, "
			   "each once",
	[SCHEMA_HEADER_NAMES] = "a comma list of at most 8 names of headers such as "
				"X-Site, each once",
	[SCHEMA_HEADER_LINES] =
		"a comma list of [in|out] [requests|responses] NAME: VALUE such "
		"as X-Site: Berlin (a comma in a value is written \\,), each "
		"once",
	[SCHEMA_SOURCES] =
		"a comma list of servers, gateways, server:ID and trunk:ID, each "
		"once",
	[SCHEMA_DATE] = "a day or minute in UTC such as 2026-12-31 or "
			"2026-12-31T12:00Z",
	[SCHEMA_STAPLE] = "auto, off, or a URL such as "
			  "http://ocsp.example.com/",
	[SCHEMA_COLLECTOR] = "udp:, tcp: or tls: and a host, perhaps with a port, "
			     "such as udp:10.0.0.1:9060",
	[SCHEMA_IDENTITY] = "from, asserted, or fixed and a number such as "
			    "fixed +493010",
	[SCHEMA_PREFIX] = "1 to 8 digits, or none",
	[SCHEMA_PREFIXES] = "a comma list of 1 to 8 digits or +, each once",
	[SCHEMA_RULES] = "an expression, ->, and what the number becomes, as "
			 "^\\+49(\\d+)$ -> 0$1",
	[SCHEMA_DSCP] = "a number from 0 to 63, or EF, CS0 to CS7, AF11 to AF43",
};

const char *schema_expected(const struct schema_key *key, char *buf, size_t size)
{
	char words[SCHEMA_EXPECTED_SIZE];

	switch (key->type) {
	case SCHEMA_UINT:
	case SCHEMA_DURATION:
	case SCHEMA_SIZE:
		expect_number(key, buf, size);
		break;
	case SCHEMA_ENUM:
		join_words(key->words, words, sizeof(words));
		snprintf(buf, size, "one of: %s", words);
		break;
	case SCHEMA_RANGE:
		snprintf(buf, size,
			"a range of ports such as %s (%" PRIu64 "-%" PRIu64 ")",
			key->fallback, key->min, key->max);
		break;
	case SCHEMA_FLAGS:
		join_words(key->words, words, sizeof(words));
		snprintf(buf, size, "a comma list of: %s", words);
		break;
	case SCHEMA_SUITES:
		join_words(schema_suites, words, sizeof(words));
		snprintf(buf, size, "a comma list of: %s", words);
		break;
	default:
		snprintf(buf, size, "%s", texts[key->type]);
		break;
	}
	return buf;
}

const char *schema_suggest(enum schema_section section, const char *name)
{
	struct nearest nearest = nearest_to(name);

	for (size_t i = 0; i < schema_table_count; i++) {
		if (schema_table[i].section == section)
			nearest_try(&nearest, schema_table[i].name);
	}
	return nearest.word;
}

const char *schema_suggest_word(const struct schema_key *key, const char *word)
{
	struct nearest nearest = nearest_to(word);
	const char *const *words = key->words;

	if (key->type == SCHEMA_BOOL)
		words = bool_words;
	else if (key->type == SCHEMA_SUITES)
		words = schema_suites;
	else if (key->type == SCHEMA_CODECS)
		words = codec_names;
	else if (key->type == SCHEMA_IDENTITY)
		words = identity_words;
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		nearest_try(&nearest, words[i]);
	return nearest.word;
}

const char *schema_suggest_section(bool gateway, const char *name)
{
	struct nearest nearest = nearest_to(name);

	for (unsigned i = 0; i < SCHEMA_SECTIONS; i++) {
		if (schema_section_is_gateway((enum schema_section)i) == gateway)
			nearest_try(&nearest, section_names[i]);
	}
	return nearest.word;
}
