/*
 * The one table of every configuration key: it drives parsing, validation, the error
 * texts, and the tables in the manual pages. A key that is not here does not exist.
 * Read-only after start, any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At least the number of rows; checked by a unit test. Sizes what is kept per row. */
#define SCHEMA_MAX_KEYS 400

/* Enough for every text of schema_expected(). */
#define SCHEMA_EXPECTED_SIZE 256

enum schema_section {
	SCHEMA_TANDEM,
	SCHEMA_INTERNAL,
	SCHEMA_EXTERNAL,
	SCHEMA_MEDIA,
	SCHEMA_AUDIT,
	SCHEMA_HEP,
	SCHEMA_SINK,
	SCHEMA_LIMITS,
	SCHEMA_EMERGENCY,
	SCHEMA_SIP,
	SCHEMA_SERVER,   /* [server ID] */
	SCHEMA_GATEWAY,  /* [gateway] in a gateway's file or a profile */
	SCHEMA_CAPTURE,  /* [capture] in a gateway's file or a profile */
	SCHEMA_REGISTER, /* [register] in the same */
	SCHEMA_ROUTE,    /* [route NAME] in a gateway's file */
	SCHEMA_SECTIONS,
};

enum schema_type {
	SCHEMA_STRING,
	SCHEMA_ID,     /* a server's, trunk's or profile's name: see schema_id_valid() */
	SCHEMA_NAME,   /* a host name or numeric address */
	SCHEMA_FQDN,   /* a host name with a domain, no address */
	SCHEMA_FILE,   /* a path */
	SCHEMA_KEY,    /* a path, a pkcs11: URI or credential:NAME */
	SCHEMA_SECRET, /* a path or credential:NAME */
	SCHEMA_BOOL,   /* yes | no */
	SCHEMA_UINT,
	SCHEMA_PORT,
	SCHEMA_DURATION, /* number with us, ms, s, m, h, d; stored in the unit of the row */
	SCHEMA_SIZE,     /* number with k, M, G; bytes */
	SCHEMA_ENUM,
	SCHEMA_ADDR,       /* address without port */
	SCHEMA_ADDRS,      /* one such, or one of each family; two struct addr */
	SCHEMA_LISTEN,     /* address:port */
	SCHEMA_RANGE,      /* port-port */
	SCHEMA_WORDS,      /* comma list */
	SCHEMA_NAMES,      /* comma list of what SCHEMA_NAME takes */
	SCHEMA_PINS,       /* comma list of sha256/BASE64 */
	SCHEMA_ATTRIBUTES, /* comma list of names of SDP attributes that may cross */
	SCHEMA_BODY_TYPES, /* comma list of media types, none of a description */
	SCHEMA_NETWORKS,   /* comma list of ADDRESS/BITS */
	SCHEMA_IDS,        /* comma list of what SCHEMA_ID takes */
	SCHEMA_NUMBERS,    /* comma list of numbers as they are dialled */
	SCHEMA_ELINS, /* comma list of CALLERS:NUMBER, CALLERS a beginning of numbers */
	SCHEMA_SERVICES,  /* comma list of NAME:NUMBER, NAME below urn:service:sos */
	SCHEMA_CODECS,    /* comma list of codecs, one of speech at least */
	SCHEMA_SUITES,    /* comma list of SRTP suites */
	SCHEMA_FLAGS,     /* comma list of the row's words, each once; a bit for each */
	SCHEMA_QUOTABLE,  /* text without '"', '\\' and control characters */
	SCHEMA_DATE,      /* a UTC day, or a minute of it; time_t, 0 = not set */
	SCHEMA_STAPLE,    /* auto | off | an http: URL */
	SCHEMA_COLLECTOR, /* what collector_parse() takes */
	SCHEMA_PATTERNS,  /* comma list of what pattern_parse() takes */
	SCHEMA_STATUSES,  /* comma list of final responses and ranges, or none */
	SCHEMA_IDENTITY,  /* from | asserted | fixed NUMBER, with one blank */
	SCHEMA_PREFIX,    /* digits, or the row's word, which is "" then */
	SCHEMA_PREFIXES,  /* comma list of digits or + */
	/* what rule_parse() takes; the key may stand in several lines of a section, and its value is the list of them */
	SCHEMA_RULES,
	SCHEMA_CODES,   /* comma list of what codes_rule_read() takes */
	SCHEMA_HEADERS, /* comma list of what header_rule_read() takes without a value */
	SCHEMA_HEADER_LINES, /* and with one */
	SCHEMA_HEADER_NAMES, /* comma list of what header_record_name() takes */
	SCHEMA_SOURCES,      /* comma list of servers, gateways, server:ID, trunk:ID */
	SCHEMA_DSCP,         /* 0-63, or a name such as EF */
};

struct schema_key {
	enum schema_section section;
	const char *name;
	enum schema_type type;
	size_t offset;     /* in the section's struct: struct config, or struct
				    config_server, config_gateway or config_route */
	size_t size;       /* of the member there, bytes */
	uint64_t min, max; /* of numbers, in the stored unit */
	const char *unit;  /* "ms", "us", "bytes", "" */
	/* Of SCHEMA_ENUM and SCHEMA_FLAGS in order of the enum, NULL-ended; of SCHEMA_UINT and SCHEMA_DURATION
	 * a single word that stands for WORD_NUMBER, or NULL. */
	const char *const *words;
	uint64_t word_number;
	/* The default, as it would be written; "": none, the member stays zero or "";
	 * NULL: must be set. */
	const char *fallback;
	/* Where not set, the value of the key of this name in the section PARENT counts. */
	bool inherits;
	enum schema_section parent;
	bool at_start;    /* a reload does not take it into use, only a start does */
	const char *help; /* one sentence, for the manual */
};

/* All rows, in the order of the manual. */
const struct schema_key *schema_keys(size_t *ret_count);
const struct schema_key *schema_find(enum schema_section section, const char *name);
/* The word in the brackets: "tandem", "server". */
const char *schema_section_name(enum schema_section section);
/* The section of that name, or SCHEMA_SECTIONS when there is none. */
enum schema_section schema_section_find(const char *name);
/* In a gateway's file or a profile, not in the main file. */
bool schema_section_is_gateway(enum schema_section section);
/* ROW's place in schema_keys(). */
size_t schema_index(const struct schema_key *key);
/* "yes or no", "a port (1-65535)", "one of: tcp, udp": what an error says was expected. */
const char *schema_expected(const struct schema_key *key, char *buf, size_t size);
/* The known name nearest to NAME (edit distance at most 2, or a third of it), or NULL. */
const char *schema_suggest(enum schema_section section, const char *name);
/* The same among the words that KEY knows (SCHEMA_ENUM, SCHEMA_BOOL, SCHEMA_SUITES, SCHEMA_FLAGS,
 * SCHEMA_IDENTITY). */
const char *schema_suggest_word(const struct schema_key *key, const char *word);
/* The same among the sections of the main file, or those of a gateway's file. */
const char *schema_suggest_section(bool gateway, const char *name);

/* The RFC 4568 and RFC 7714 names of the bits of enum config_suite, bit 0 first,
 * NULL-ended. */
extern const char *const schema_suites[];

/*
 * 1 to 64 of A-Z a-z 0-9 . _ -, not beginning with a dot: safe as a file's name, in a log
 * line and as a metric's label.
 */
bool schema_id_valid(const char *id);
