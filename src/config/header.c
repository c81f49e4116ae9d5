#include "config/header.h"

#include <string.h>

#define NAME_MAX_BYTES 64
/* A star behind less would take what nobody thought of. */
#define STAR_MIN 2

static const char hop[] = "it belongs to one hop: each side has its own";
static const char dialog[] = "it names a dialog, which is another one on each side";
static const char body[] = "it describes a body: body-types lets parts of a body cross";
static const char identity[] =
	"it says who calls whom, which the rules of numbers and identities decide";
static const char secret[] = "it proves who is who on one hop";
static const char ours[] = "it names a program or a house, and each side has its own";
static const char compact[] =
	"headers are named by their whole names, not by their compact forms";
static const char network[] = "it belongs to one network (RFC 7315)";

/* The compact forms are told apart by their length: a header is named by its whole name. */
static const struct header_known known[] = {
	/* RFC 3261, 3262, 3327, 3608, 4028, 5393, 5626 */
	{"Via", HEADER_NEVER, hop},
	{"Route", HEADER_NEVER, hop},
	{"Record-Route", HEADER_NEVER, hop},
	{"Path", HEADER_NEVER, hop},
	{"Service-Route", HEADER_NEVER, hop},
	{"Contact", HEADER_NEVER, hop},
	{"Call-ID", HEADER_NEVER, hop},
	{"CSeq", HEADER_NEVER, hop},
	{"From", HEADER_NEVER, hop},
	{"To", HEADER_NEVER, hop},
	{"Max-Forwards", HEADER_NEVER, hop},
	{"Max-Breadth", HEADER_NEVER, hop},
	{"Timestamp", HEADER_NEVER, hop},
	{"Date", HEADER_MESSAGE, hop},
	{"Expires", HEADER_NEVER, hop},
	{"Min-Expires", HEADER_NEVER, hop},
	{"Retry-After", HEADER_NEVER, hop},
	{"Require", HEADER_NEVER, hop},
	{"Proxy-Require", HEADER_NEVER, hop},
	{"Supported", HEADER_NEVER, hop},
	{"Unsupported", HEADER_NEVER, hop},
	{"Allow", HEADER_NEVER, hop},
	{"Allow-Events", HEADER_NEVER, hop},
	{"Accept", HEADER_NEVER, hop},
	{"Accept-Encoding", HEADER_NEVER, hop},
	{"Session-Expires", HEADER_NEVER, hop},
	{"Min-SE", HEADER_NEVER, hop},
	{"RSeq", HEADER_NEVER, hop},
	{"RAck", HEADER_NEVER, hop},
	{"Flow-Timer", HEADER_NEVER, hop},
	{"Recv-Info", HEADER_NEVER, hop},
	{"Info-Package", HEADER_NEVER, hop},
	/* RFC 3515, 3891, 3892, 3911, 4538, 4488, 6665 */
	{"Replaces", HEADER_NEVER, dialog},
	{"Join", HEADER_NEVER, dialog},
	{"Target-Dialog", HEADER_NEVER, dialog},
	{"In-Reply-To", HEADER_NEVER, dialog},
	{"Refer-*", HEADER_NEVER, dialog},
	{"Referred-By", HEADER_NEVER, dialog},
	{"Event", HEADER_NEVER, dialog},
	{"Subscription-State", HEADER_NEVER, dialog},
	{"SIP-ETag", HEADER_NEVER, dialog},
	/* A name that whoever keeps the state gave it: it is nobody else's to read. */
	{"SIP-If-Match", HEADER_PUBLISH, dialog},
	/* RFC 3261, 6442 */
	{"Content-Disposition",
		HEADER_MESSAGE | HEADER_PUBLISH | HEADER_INFO | HEADER_EVENT, body},
	{"Content-Language", HEADER_MESSAGE | HEADER_PUBLISH | HEADER_INFO | HEADER_EVENT,
		body},
	{"Content-*", HEADER_NEVER, body},
	{"MIME-Version", HEADER_NEVER, body},
	{"Geolocation*", HEADER_NEVER, body},
	/* RFC 3323, 3325, 5806, 7044, 7315, 8224 */
	{"P-Asserted-Identity", HEADER_NEVER, identity},
	{"P-Preferred-Identity", HEADER_NEVER, identity},
	{"Remote-Party-ID", HEADER_NEVER, identity},
	{"Privacy", HEADER_NEVER, identity},
	{"Diversion", HEADER_NEVER, identity},
	{"History-Info", HEADER_NEVER, identity},
	{"Identity", HEADER_NEVER, identity},
	{"Identity-Info", HEADER_NEVER, identity},
	{"P-Called-Party-ID", HEADER_NEVER, identity},
	{"P-Associated-URI", HEADER_NEVER, identity},
	{"P-Served-User", HEADER_NEVER, identity},
	{"P-Profile-Key", HEADER_NEVER, identity},
	{"Reason", HEADER_NEVER, "the setting reason decides about it"},
	/* RFC 3261, 3329 */
	{"Authorization", HEADER_NEVER, secret},
	{"Proxy-Authorization", HEADER_NEVER, secret},
	{"WWW-Authenticate", HEADER_NEVER, secret},
	{"Proxy-Authenticate", HEADER_NEVER, secret},
	{"Authentication-Info", HEADER_NEVER, secret},
	{"Proxy-Authentication-Info", HEADER_NEVER, secret},
	{"Security-*", HEADER_NEVER, secret},
	{"P-Asserted-Service", HEADER_NEVER, network},
	{"P-Preferred-Service", HEADER_NEVER, network},
	{"P-Charging-*", HEADER_NEVER, network},
	{"P-Visited-Network-ID", HEADER_NEVER, network},
	{"P-User-Database", HEADER_NEVER, network},
	{"P-DCS-*", HEADER_NEVER, network},
	{"User-Agent", HEADER_NEVER, ours},
	{"Server", HEADER_NEVER, ours},
	{"Warning", HEADER_NEVER, ours},
	/*
	 * Headers that say nothing of addresses or routes, and mean the same on both sides. Not here: Subject
	 * and Organization, free texts of a house; Call-Info and Reply-To, URIs of a house.
	 */
	{"Priority", HEADER_INVITE | HEADER_MESSAGE, NULL},
	{"User-to-User", HEADER_INVITE, NULL},
	{"Accept-Language", HEADER_INVITE | HEADER_MESSAGE | HEADER_EVENT, NULL},
	{"Answer-Mode", HEADER_INVITE, NULL},
	{"Priv-Answer-Mode", HEADER_INVITE, NULL},
	{"Alert-Info", HEADER_INVITE, NULL},
};

const struct header_known *header_list(size_t *ret_count)
{
	*ret_count = sizeof(known) / sizeof(known[0]);
	return known;
}

static bool is_known_as(struct span name, const char *as)
{
	const size_t len = strlen(as);

	if (as[len - 1] != '*')
		return span_equal_nocase(name, as);
	return name.len >= len - 1 && span_same_letters((struct span){name.p, len - 1},
					      (struct span){as, len - 1});
}

const struct header_known *header_find(struct span name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is_known_as(name, known[i].name))
			return &known[i];
	return NULL;
}

/* ---- rules ---- */

static const struct {
	const char *word;
	unsigned scope;
} scopes[] = {
	{"in ", HEADER_IN},
	{"out ", HEADER_OUT},
	{"requests ", HEADER_REQUESTS},
	{"responses ", HEADER_RESPONSES},
};

/* Takes a word off the front of TEXT. 0: there is none. */
static unsigned read_scope_word(struct span *text)
{
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		const size_t len = strlen(scopes[i].word);

		if (!span_starts(*text, scopes[i].word))
			continue;
		*text = span_trim((struct span){text->p + len, text->len - len});
		return scopes[i].scope;
	}
	return 0;
}

/* The words in front, in any order. False: one twice, or both of a pair. */
static bool read_scope(struct span *text, unsigned *ret)
{
	static const unsigned pairs[] = {HEADER_WAYS, HEADER_KINDS};
	unsigned word;

	*ret = 0;
	while ((word = read_scope_word(text)) != 0) {
		for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
			if ((word & pairs[i]) && (*ret & pairs[i]))
				return false;
		*ret |= word;
	}
	return true;
}

/* RFC 3261 25.1: token, but for the star, which has a meaning of its own here. */
static bool is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		const char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || (c && strchr("-.!%_+`'~", c))))
			return false;
	}
	return name.len > 0 && name.len <= NAME_MAX_BYTES;
}

static const char *name_fault(const struct header_rule *rule, bool with_value)
{
	const struct header_known *found = header_find(rule->name);

	if (rule->star && rule->name.len < STAR_MIN)
		return "two characters at least go before the star";
	if (rule->star && with_value)
		return "a header that is added has its whole name";
	if (!rule->star && rule->name.len == 1)
		return compact;
	return !rule->star && found ? found->why : NULL;
}

static const char *value_fault(struct span value)
{
	if (!value.len)
		return "a header that is added has a value";
	if (value.len > HEADER_VALUE_MAX)
		return "a value has 512 bytes at most";
	for (size_t i = 0; i < value.len; i++) {
		const unsigned char c = (unsigned char)value.p[i];

		if ((c < ' ' && c != '\t') || c >= 0x7f)
			return "a value has ASCII, and no control characters";
	}
	return NULL;
}

bool header_rule_read(
	struct header_rule *ret, struct span text, bool with_value, const char **ret_why)
{
	struct header_rule rule = {.scope = 0};
	const char *colon = text.len ? memchr(text.p, ':', text.len) : NULL;

	*ret_why = NULL;
	text = span_trim(text);
	if (!read_scope(&text, &rule.scope))
		return false;
	if (!(rule.scope & HEADER_WAYS))
		rule.scope |= with_value ? HEADER_OUT : HEADER_WAYS;
	if (!(rule.scope & HEADER_KINDS))
		rule.scope |= HEADER_KINDS;
	if (with_value && !colon)
		return false;
	rule.name = text;
	if (with_value) {
		rule.name.len = (size_t)(colon - text.p);
		rule.value = span_trim((struct span){
			colon + 1, (size_t)(text.p + text.len - colon - 1)});
		rule.name = span_trim(rule.name);
	}
	rule.star = rule.name.len && rule.name.p[rule.name.len - 1] == '*';
	rule.name.len -= rule.star;
	if (!is_name(rule.name) && !(rule.star && !rule.name.len))
		return false;
	*ret_why = name_fault(&rule, with_value);
	if (!*ret_why && with_value)
		*ret_why = value_fault(rule.value);
	*ret = rule;
	return !*ret_why;
}

bool header_record_name(struct span name, const char **ret_why)
{
	const struct header_known *found = header_find(name);

	*ret_why = NULL;
	if (!is_name(name))
		return false;
	if (name.len == 1)
		*ret_why = compact;
	/* RFC 8224: whoever has it may use it for a minute */
	else if (found && (found->why == secret || span_equal_nocase(name, "Identity")))
		*ret_why = "it proves who is who, and records are for others to read";
	return !*ret_why;
}

bool header_rule_next(struct span *list, struct span *ret_text)
{
	size_t len = 0;

	if (!list->p)
		return false;
	while (len < list->len &&
		!(list->p[len] == ',' && !(len && list->p[len - 1] == '\\')))
		len++;
	*ret_text = span_trim((struct span){list->p, len});
	if (len < list->len)
		*list = (struct span){list->p + len + 1, list->len - len - 1};
	else
		*list = (struct span){.p = NULL};
	return true;
}

/* A comma is written "\\,". */
static void add_value(struct buf *out, struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '\\' && i + 1 < value.len && value.p[i + 1] == ',')
			continue;
		buf_add_char(out, value.p[i]);
	}
}

void header_rule_print(const struct header_rule *rule, struct buf *out)
{
	buf_add_span(out, rule->name);
	if (rule->star)
		buf_add_char(out, '*');
	if (!rule->value.len)
		return;
	buf_add_str(out, ": ");
	add_value(out, rule->value);
}

bool header_rule_takes(const struct header_rule *rule, struct span name)
{
	if (!rule->star)
		return span_same_letters(rule->name, name);
	return name.len >= rule->name.len &&
	       span_same_letters((struct span){name.p, rule->name.len}, rule->name);
}
