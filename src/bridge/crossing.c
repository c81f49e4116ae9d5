#include "bridge/crossing.h"

#include "base/hash.h"
#include "base/log.h"
#include "sip/compose.h"

#include <string.h>

/* Of one header of the built-in list, in all its lines. */
#define USUAL_MAX_BYTES 2048
#define ELEMENTS_MAX 8
/* Of what rules let cross: of one value, and of all lines of a message. */
#define VALUE_MAX_BYTES 1024
#define PASSED_MAX_LINES 32
#define PASSED_MAX_BYTES 4096
/* Longer names are cut in the log. */
#define NAME_SHOWN 64
/* Rules of both far ends. */
#define RULES_MAX ((size_t)2 * CONFIG_HEADER_RULES_MAX)
/* A shorter tag or host is found in any text. */
#define OWN_MIN_BYTES 4
#define OWN_MAX 20

/* The rules of one kind that are about this message. */
struct rules {
	struct header_rule list[RULES_MAX];
	size_t count;
};

/* Texts that name the side where the message comes from. */
struct own {
	struct span list[OWN_MAX];
	size_t count;
	char address[ADDR_TEXT_SIZE];
};

struct policy {
	struct rules pass, drop, add;
	bool first; /* what crosses is of the first INVITE */
};

/* ---- rules ---- */

static void read_rules(struct rules *rules, const struct config_words *words,
	bool with_value, unsigned scope)
{
	struct header_rule rule;
	const char *why;

	for (size_t i = 0; i < words->count && rules->count < RULES_MAX; i++)
		if (header_rule_read(&rule, span_of(words->words[i]), with_value, &why) &&
			(rule.scope & scope) == scope)
			rules->list[rules->count++] = rule;
}

static bool is_first(const struct message *message)
{
	return message_is_request(message) && message_method(message) == MESSAGE_INVITE &&
	       !message_to(message)->tag.len;
}

/* Its room is large, and most calls have no rule: it is not cleared. */
static void read_policy(struct policy *policy, const struct crossing *crossing)
{
	const struct {
		const struct config_trunk *settings;
		unsigned scope;
	} ends[] = {
		{crossing->from, HEADER_IN | crossing->kind},
		{crossing->to, HEADER_OUT | crossing->kind},
	};

	policy->pass.count = policy->drop.count = policy->add.count = 0;
	policy->first = crossing->message && is_first(crossing->message);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const struct config_crossing *rules;

		if (!ends[i].settings)
			continue;
		rules = &ends[i].settings->crossing;
		read_rules(&policy->pass, &rules->pass, false, ends[i].scope);
		read_rules(&policy->drop, &rules->drop, false, ends[i].scope);
		read_rules(&policy->add, &rules->add, true, ends[i].scope);
	}
}

static bool take(const struct rules *rules, struct span name)
{
	for (size_t i = 0; i < rules->count; i++)
		if (header_rule_takes(&rules->list[i], name))
			return true;
	return false;
}

/* Whether a rule keeps NAME back: one that is added takes the place of what would cross. */
static bool is_kept_back(const struct policy *policy, struct span name)
{
	return take(&policy->drop, name) || take(&policy->add, name);
}

/* ---- what is said in the log ---- */

/* Says once a trunk and name that a header stays behind: a peer that makes up names fills no memory and no log. */
static void note_left_out(const struct leg *from, struct span name, const char *why)
{
	char shown[LOG_TEXT_SIZE];
	const char *trunk;

	if (!from || log_finest_level() < LOG_LEVEL_DEBUG)
		return;
	trunk = from->settings->id;
	if (!hash_mark(from->home->headers_said, sizeof(from->home->headers_said) * 8,
		    hash_bytes(name.p, name.len, hash_bytes(trunk, strlen(trunk), 0))))
		return;
	if (name.len > NAME_SHOWN)
		name.len = NAME_SHOWN;
	log_debug("call", "%s=%s event=header-left-out what=%s reason=\"%s\"",
		trunk_word(from->server ? TRUNK_SERVER : TRUNK_GATEWAY), trunk,
		log_text(shown, name.p, name.len), why);
}

/* ---- the built-in list ---- */

static void add_usual(struct buf *out, const struct message *message, const char *name)
{
	size_t left = USUAL_MAX_BYTES;
	struct span value;

	for (unsigned nth = 0; message_header(message, name, nth, &value); nth++) {
		if (value.len > left)
			break;
		left -= value.len;
		compose_header(out, name, value);
	}
}

/* RFC 7462: how to ring, as an urn:. Other URIs lead into a house. */
static void add_alert_info(struct buf *out, const struct message *message)
{
	struct span element;

	for (unsigned nth = 0; nth < ELEMENTS_MAX &&
			       message_element(message, "Alert-Info", nth, &element);
		nth++) {
		if (span_starts(element, "<urn:alert:") &&
			memchr(element.p, '>', element.len) ==
				element.p + element.len - 1)
			compose_header(out, "Alert-Info", element);
	}
}

/* POLICY NULL: no rule is about it. */
static void add_usual_ones(struct buf *out, const struct policy *policy,
	const struct message *message, enum header_with with)
{
	size_t count;
	const struct header_known *known = header_list(&count);

	for (size_t i = 0; i < count; i++) {
		const char *name = known[i].name;

		if (!(known[i].with & with) ||
			(policy && is_kept_back(policy, span_of(name))))
			continue;
		if (strcmp(name, "Alert-Info") == 0)
			add_alert_info(out, message);
		else
			add_usual(out, message, name);
	}
}

void crossing_add_usual(
	struct buf *out, const struct message *message, enum header_with with)
{
	add_usual_ones(out, NULL, message, with);
}

/* ---- those of rules ---- */

static void add_own(struct own *own, struct span text)
{
	if (text.len >= OWN_MIN_BYTES && own->count < OWN_MAX)
		own->list[own->count++] = text;
}

static void find_own(struct own *own, const struct crossing *crossing)
{
	const struct config_words *hosts = &crossing->from->hosts;
	const struct message *message = crossing->message;
	const struct leg *leg = crossing->leg;
	struct message_address contact;

	if (leg && leg->flow)
		add_own(own, span_of(addr_host_text(&leg->flow->remote, own->address)));
	add_own(own, message_call_id(message));
	add_own(own, message_from(message)->tag);
	add_own(own, message_to(message)->tag);
	add_own(own, message_via(message)->branch);
	add_own(own, message_via(message)->host);
	add_own(own, message_from(message)->uri.host);
	add_own(own, message_to(message)->uri.host);
	if (message_is_request(message))
		add_own(own, message_request_uri(message)->host);
	if (message_contact(message, 0, &contact))
		add_own(own, contact.uri.host);
	for (size_t i = 0; i < hosts->count; i++)
		add_own(own, span_of(hosts->words[i]));
}

static bool has(struct span text, struct span word)
{
	for (size_t i = 0; i + word.len <= text.len; i++)
		if (span_same_letters((struct span){text.p + i, word.len}, word))
			return true;
	return false;
}

/* Why VALUE stays where it is; NULL: it does not. */
static const char *value_fault(const struct own *own, struct span value)
{
	if (value.len > VALUE_MAX_BYTES)
		return "longer than 1024 bytes";
	if (!message_text_valid(value))
		return "no text";
	for (size_t i = 0; i < own->count; i++)
		if (has(value, own->list[i]))
			return "it has a host, an address, a Call-ID or a tag of its "
			       "side";
	return NULL;
}

/* Why a header of this name stays behind; NULL: it crosses, or stays behind as always and nobody wonders; then
 * *RET_CROSSES says which. */
static const char *name_fault(
	const struct policy *policy, struct span name, bool *ret_crosses)
{
	const struct header_known *known = header_find(name);

	*ret_crosses = false;
	if (known && (known->why || policy->first))
		return NULL;
	if (is_kept_back(policy, name))
		return take(&policy->drop, name) ? "headers-drop" : NULL;
	*ret_crosses = take(&policy->pass, name);
	return *ret_crosses || known ? NULL : "no headers-pass names it";
}

static void add_passed(
	struct buf *out, const struct policy *policy, const struct crossing *crossing)
{
	size_t left = PASSED_MAX_BYTES;
	unsigned lines = 0;
	struct span rest = {.p = NULL}, name, value;
	struct own own = {.count = 0};

	if (policy->pass.count)
		find_own(&own, crossing);
	while (message_line_next(crossing->message, &rest, &name, &value)) {
		bool crosses;
		const char *why = name_fault(policy, name, &crosses);

		if (crosses)
			why = message_token_valid(name) ? value_fault(&own, value)
							: "no name of a header";
		if (crosses && !why &&
			(lines == PASSED_MAX_LINES || name.len + value.len > left))
			why = "too many cross already";
		if (why) {
			note_left_out(crossing->leg, name, why);
		} else if (crosses) {
			left -= name.len + value.len;
			lines++;
			buf_printf(
				out, "%.*s: %.*s\r\n", SPAN_ARG(name), SPAN_ARG(value));
		}
	}
}

/* ---- those of ours ---- */

static void add_ours(struct buf *out, const struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		header_rule_print(&rules->list[i], out);
		buf_add_str(out, "\r\n");
	}
}

/* Nobody looks at the headers of a message where no rule, and nobody who reads the log, does. */
static bool is_looked_at(const struct policy *policy, const struct crossing *crossing)
{
	return crossing->from && crossing->message &&
	       message_can_answer(crossing->message) &&
	       (policy->pass.count || policy->drop.count ||
		       log_finest_level() >= LOG_LEVEL_DEBUG);
}

void crossing_add(struct buf *out, const struct crossing *crossing)
{
	const struct message *message = crossing->message;
	struct policy policy;

	read_policy(&policy, crossing);
	if (policy.first)
		add_usual_ones(out, &policy, message, HEADER_INVITE);
	if (is_looked_at(&policy, crossing))
		add_passed(out, &policy, crossing);
	add_ours(out, &policy.add);
}
