#define PCRE2_CODE_UNIT_WIDTH 8

#include "config/rule.h"

#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer ones are not compiled. */
#define PATTERN_MAX_BYTES 1024
/* Groups that the right side can name, and all that matched. */
#define GROUPS 10
/* Of the frames that a match keeps, in KiB, and how deep they may be nested. */
#define HEAP_MAX_KIB 256
#define DEPTH_MAX 250
#define NESTING_MAX 16
/* In what stands behind the arrow: the group of that number. */
#define IS_GROUP 0x80U
#define ARROW "->"

struct rule {
	pcre2_code *code;
	char *text;
	unsigned char result[RULE_NUMBER_SIZE]; /* characters, or IS_GROUP and a group */
	unsigned char result_len;
	unsigned char prefix_len;
	char prefix[RULE_PREFIX_MAX];
};

struct rule_scratch {
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

void rule_free(struct rule *rule)
{
	if (!rule)
		return;
	pcre2_code_free(rule->code);
	free(rule->text);
	free(rule);
}

const char *rule_text(const struct rule *rule)
{
	return rule->text;
}

struct span rule_prefix(const struct rule *rule)
{
	return (struct span){rule->prefix, rule->prefix_len};
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_dialled(char c)
{
	return is_digit(c) || c == '*' || c == '#';
}

bool rule_number_valid(struct span number)
{
	bool has_digit = false;

	if (number.len >= RULE_NUMBER_SIZE)
		return false;
	for (size_t i = 0; i < number.len; i++) {
		if (!is_dialled(number.p[i]) && (number.p[i] != '+' || i > 0))
			return false;
		has_digit = has_digit || is_digit(number.p[i]);
	}
	return has_digit;
}

/* ---- the two sides of the arrow ---- */

/* The last arrow parts them: an expression may have one of its own. */
static bool split(struct span text, struct span *ret_pattern, struct span *ret_result)
{
	const size_t len = strlen(ARROW);

	for (size_t at = text.len; at-- > 0;) {
		if (text.len - at < len || memcmp(text.p + at, ARROW, len) != 0)
			continue;
		*ret_pattern = span_trim((struct span){text.p, at});
		*ret_result =
			span_trim((struct span){text.p + at + len, text.len - at - len});
		return true;
	}
	return false;
}

static int fail(
	struct span *ret_bad, struct span bad, struct err_text *why, const char *reason)
{
	*ret_bad = bad;
	return err_set(why, ERR_FORMAT, "%s", reason);
}

/* What becomes of a match. GROUPS_COUNT groups are in the expression. */
static int read_result(struct rule *rule, struct span text, uint32_t group_count,
	struct span *ret_bad, struct err_text *why)
{
	struct span rest = text;

	if (!rest.len)
		return fail(ret_bad, text, why,
			"expected what the number becomes behind ->, as 0$1 (a # behind "
			"a "
			"blank begins a comment: write \\#)");
	while (rest.len) {
		unsigned char piece = (unsigned char)rest.p[0];
		const bool two = rest.len > 1;
		size_t used = 1;

		if (piece == '\\' && two) {
			piece = (unsigned char)rest.p[1];
			used = 2;
		} else if (piece == '$' && two && is_digit(rest.p[1])) {
			piece = (unsigned char)(IS_GROUP | (unsigned)(rest.p[1] - '0'));
			used = 2;
		}
		if (piece & IS_GROUP && used == 2 && rest.p[0] == '$') {
			if ((uint32_t)(piece & ~IS_GROUP) > group_count)
				return fail(ret_bad, rest, why,
					"the expression has no group of that number");
		} else if (!is_dialled((char)piece) && piece != '+') {
			return fail(ret_bad, rest, why,
				"expected digits, +, *, # and $0 to $9 behind ->");
		}
		if (rule->result_len == RULE_NUMBER_SIZE - 1)
			return fail(ret_bad, rest, why, "the number is too long");
		rule->result[rule->result_len++] = piece;
		rest.p += used;
		rest.len -= used;
	}
	return 0;
}

/* No UTF, no \C, no code of its own: what a number is needs none of them. */
static int compile(struct rule *rule, struct span pattern, struct span *ret_bad,
	struct err_text *why)
{
	pcre2_compile_context *bounds = pcre2_compile_context_create(NULL);
	unsigned char words[200];
	size_t offset = 0;
	int code = 0;

	if (!bounds)
		return -ENOMEM;
	pcre2_set_max_pattern_length(bounds, PATTERN_MAX_BYTES);
	pcre2_set_parens_nest_limit(bounds, NESTING_MAX);
	rule->code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.len,
		PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
			PCRE2_DOLLAR_ENDONLY,
		&code, &offset, bounds);
	pcre2_compile_context_free(bounds);
	if (rule->code)
		return 0;
	if (code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAP_FAILED)
		return -ENOMEM;
	if (offset > pattern.len)
		offset = pattern.len;
	*ret_bad = (struct span){pattern.p + offset, pattern.len - offset};
	pcre2_get_error_message(code, words, sizeof(words));
	return err_set(why, ERR_FORMAT, "%s at offset %zu of the expression",
		(const char *)words, offset);
}

/* ---- what all that match begin with ---- */

/* The last character of "[:digit:]", which begins at AT. */
static size_t skip_name(struct span pattern, size_t at)
{
	while (at + 1 < pattern.len &&
		!(pattern.p[at] == ':' && pattern.p[at + 1] == ']'))
		at++;
	return at + 1;
}

/* Behind the class that begins at AT, which the compiler has taken. */
static size_t skip_class(struct span pattern, size_t at)
{
	at++;
	if (at < pattern.len && pattern.p[at] == '^')
		at++;
	if (at < pattern.len && pattern.p[at] == ']')
		at++;
	while (at < pattern.len && pattern.p[at] != ']') {
		if (pattern.p[at] == '\\')
			at++;
		else if (pattern.p[at] == '[' && at + 1 < pattern.len &&
			 pattern.p[at + 1] == ':')
			at = skip_name(pattern, at);
		at++;
	}
	return at + 1;
}

/* Whether all of PATTERN is one sequence: no other one stands beside it, and nothing in it changes what
 * characters mean. */
static bool is_plain(struct span pattern)
{
	unsigned depth = 0;

	for (size_t at = 0; at < pattern.len;) {
		const char c = pattern.p[at];
		const char next = at + 1 < pattern.len ? pattern.p[at + 1] : '\0';

		if ((c == '|' && depth == 0) || (c == '\\' && next == 'Q') ||
			(c == '(' && next == '*') ||
			(c == '(' && next == '?' &&
				(at + 2 == pattern.len || pattern.p[at + 2] != ':')))
			return false;
		depth += c == '(';
		depth -= c == ')' && depth > 0;
		if (c == '[')
			at = skip_class(pattern, at);
		else
			at += c == '\\' ? 2 : 1;
	}
	return true;
}

/* The literal at AT is there once, and not perhaps. */
static bool is_quantified(struct span pattern, size_t at)
{
	return at < pattern.len && strchr("*+?{", pattern.p[at]) != NULL;
}

static void read_prefix(struct rule *rule, struct span pattern)
{
	size_t at = 1;

	if (!pattern.len || pattern.p[0] != '^' || !is_plain(pattern))
		return;
	while (at < pattern.len && rule->prefix_len < RULE_PREFIX_MAX) {
		const bool escaped = pattern.p[at] == '\\' && at + 1 < pattern.len;
		const char c = escaped ? pattern.p[at + 1] : pattern.p[at];
		const bool literal = escaped ? c == '+' || c == '*' || c == '#'
					     : is_digit(c) || c == '#';

		at += escaped ? 2 : 1;
		if (!literal || is_quantified(pattern, at))
			return;
		rule->prefix[rule->prefix_len++] = c;
	}
}

/* ---- a rule ---- */

int rule_parse(
	struct rule **ret, const char *text, struct span *ret_bad, struct err_text *why)
{
	struct span pattern, result;
	uint32_t groups = 0;
	struct rule *rule;
	int err;

	*ret_bad = span_of(text);
	if (!split(span_of(text), &pattern, &result) || !pattern.len)
		return fail(ret_bad, span_of(text), why,
			"expected an expression, ->, and what the number becomes, as "
			"^\\+49(\\d+)$ -> 0$1");
	rule = calloc(1, sizeof(*rule));
	if (!rule)
		return -ENOMEM;
	err = compile(rule, pattern, ret_bad, why);
	if (!err)
		pcre2_pattern_info(rule->code, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (!err)
		err = read_result(rule, result, groups, ret_bad, why);
	if (!err && asprintf(&rule->text, "%.*s " ARROW " %.*s", SPAN_ARG(pattern),
			    SPAN_ARG(result)) < 0) {
		rule->text = NULL;
		err = -ENOMEM;
	}
	if (err) {
		rule_free(rule);
		return err;
	}
	read_prefix(rule, pattern);
	*ret = rule;
	return 0;
}

/* ---- matching ---- */

int rule_scratch_new(struct rule_scratch **ret)
{
	struct rule_scratch *scratch = calloc(1, sizeof(*scratch));

	if (!scratch)
		return -ENOMEM;
	scratch->data = pcre2_match_data_create(GROUPS, NULL);
	scratch->limits = pcre2_match_context_create(NULL);
	if (!scratch->data || !scratch->limits) {
		rule_scratch_free(scratch);
		return -ENOMEM;
	}
	pcre2_set_match_limit(scratch->limits, RULE_STEPS_MAX);
	pcre2_set_depth_limit(scratch->limits, DEPTH_MAX);
	pcre2_set_heap_limit(scratch->limits, HEAP_MAX_KIB);
	*ret = scratch;
	return 0;
}

void rule_scratch_free(struct rule_scratch *scratch)
{
	if (!scratch)
		return;
	pcre2_match_data_free(scratch->data);
	pcre2_match_context_free(scratch->limits);
	free(scratch);
}

/* Appends GROUP of NUMBER, of COUNT that took part. False: there is no room. */
static bool add_group(const struct rule_scratch *scratch, unsigned group, unsigned count,
	struct span number, char *out, size_t *len)
{
	const size_t *ends = pcre2_get_ovector_pointer(scratch->data);
	const size_t begin = ends[2 * group], end = ends[2 * group + 1];

	if (group >= count || begin == PCRE2_UNSET)
		return true;
	if (*len + (end - begin) >= RULE_NUMBER_SIZE)
		return false;
	memcpy(out + *len, number.p + begin, end - begin);
	*len += end - begin;
	return true;
}

static enum rule_result make(const struct rule *rule, const struct rule_scratch *scratch,
	unsigned count, struct span number, char out[static RULE_NUMBER_SIZE])
{
	char made[RULE_NUMBER_SIZE];
	size_t len = 0;

	for (unsigned i = 0; i < rule->result_len; i++) {
		const unsigned char piece = rule->result[i];

		if (piece & IS_GROUP) {
			if (!add_group(scratch, piece & ~IS_GROUP, count, number, made,
				    &len))
				return RULE_ILLEGAL;
		} else if (len + 1 < RULE_NUMBER_SIZE) {
			made[len++] = (char)piece;
		} else {
			return RULE_ILLEGAL;
		}
	}
	if (!rule_number_valid((struct span){made, len}))
		return RULE_ILLEGAL;
	memcpy(out, made, len);
	out[len] = '\0';
	return RULE_MATCHES;
}

enum rule_result rule_apply(const struct rule *rule, struct rule_scratch *scratch,
	struct span number, char out[static RULE_NUMBER_SIZE])
{
	const int count = pcre2_match(rule->code, (PCRE2_SPTR)number.p, number.len, 0, 0,
		scratch->data, scratch->limits);

	if (count == PCRE2_ERROR_NOMATCH)
		return RULE_DIFFERS;
	if (count < 0)
		return RULE_TOO_COSTLY;
	/* 0: more groups than can be named took part */
	return make(rule, scratch, count ? (unsigned)count : GROUPS, number, out);
}

/* ---- what it may make ---- */

/* Whether the pieces of RULE can be NUMBER, each group being anything. Where they cannot go on, the last group
 * takes one character more. */
static bool can_be(const struct rule *rule, const char *number)
{
	unsigned at = 0, group = RULE_NUMBER_SIZE; /* none yet */
	const char *behind = number;

	while (*number || at < rule->result_len) {
		if (at < rule->result_len && rule->result[at] & IS_GROUP) {
			group = at++;
			behind = number;
		} else if (at < rule->result_len && *number &&
			   *number == (char)rule->result[at]) {
			at++;
			number++;
		} else if (group < RULE_NUMBER_SIZE && *behind) {
			at = group + 1;
			number = ++behind;
		} else {
			return false;
		}
	}
	return true;
}

bool rule_may_make(const struct rule *rule, const char *number)
{
	/* one group alone is a part of what came */
	if (rule->result_len == 1 && rule->result[0] & IS_GROUP)
		return false;
	return can_be(rule, number);
}
