/* The grammar of challenges and credentials: RFC 7235 2.1 and 4, RFC 3261 25.1. */
#include "sip/digest_priv.h"

#include "base/err.h"

#include <errno.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct span *rest)
{
	while (rest->len && is_blank(rest->p[0]))
		*rest = (struct span){rest->p + 1, rest->len - 1};
}

static void skip(struct span *rest, size_t len)
{
	*rest = (struct span){rest->p + len, rest->len - len};
}

static struct span take_token(struct span *rest)
{
	struct span token = {rest->p, 0};

	while (token.len < rest->len &&
		message_token_valid((struct span){rest->p + token.len, 1}))
		token.len++;
	skip(rest, token.len);
	return token;
}

/* *REST begins with a quote. What is between it and the next that is not escaped. */
static int take_quoted(struct span *rest, struct span *ret)
{
	for (size_t i = 1; i < rest->len; i++) {
		const unsigned char c = (unsigned char)rest->p[i];

		if (c == '"') {
			*ret = (struct span){rest->p + 1, i - 1};
			skip(rest, i + 1);
			return 0;
		}
		if (c == '\\' && ++i == rest->len)
			return ERR_FORMAT;
		if ((unsigned char)rest->p[i] < ' ' && rest->p[i] != '\t')
			return ERR_FORMAT;
		if (rest->p[i] == 0x7f)
			return ERR_FORMAT;
	}
	return ERR_FORMAT;
}

/* Without quotes it goes on to the next comma or blank: some send base64 so, which is no token. */
static int take_bare(struct span *rest, struct span *ret)
{
	struct span value = {rest->p, 0};

	while (value.len < rest->len && value.p[value.len] != ',' &&
		!is_blank(value.p[value.len])) {
		const unsigned char c = (unsigned char)value.p[value.len];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\')
			return ERR_FORMAT;
		value.len++;
	}
	if (value.len == 0)
		return ERR_FORMAT;
	skip(rest, value.len);
	*ret = value;
	return 0;
}

/* Empty elements of a list mean nothing (RFC 7230 7). */
static void skip_commas(struct span *rest)
{
	skip_blanks(rest);
	while (rest->len && rest->p[0] == ',') {
		skip(rest, 1);
		skip_blanks(rest);
	}
}

int digest_param_next(struct span *rest, struct digest_param *ret)
{
	struct digest_param param;
	struct span at = *rest;
	int err;

	skip_commas(&at);
	*rest = at;
	if (at.len == 0)
		return -ENOENT;
	param.name = take_token(&at);
	skip_blanks(&at);
	if (param.name.len == 0)
		return ERR_FORMAT;
	if (at.len == 0 || at.p[0] != '=')
		return -ENOENT; /* a scheme */
	skip(&at, 1);
	skip_blanks(&at);
	if (at.len && at.p[0] == '"')
		err = take_quoted(&at, &param.value);
	else
		err = take_bare(&at, &param.value);
	if (err)
		return err;
	skip_blanks(&at);
	if (at.len && at.p[0] != ',')
		return ERR_FORMAT;
	if (param.value.len > DIGEST_MAX_VALUE)
		return ERR_LIMIT;
	*rest = at;
	*ret = param;
	return 0;
}

bool digest_scheme_next(struct span *rest, struct span *ret)
{
	skip_commas(rest);
	*ret = take_token(rest);
	return ret->len > 0 && rest->len > 0 && is_blank(rest->p[0]);
}

int digest_params_read(struct span *rest, const struct digest_text *texts)
{
	struct digest_param param;
	unsigned count = 0;
	int err;

	while ((err = digest_param_next(rest, &param)) == 0) {
		if (++count > DIGEST_MAX_PARAMS)
			return ERR_LIMIT;
		for (const struct digest_text *text = texts; text->name; text++) {
			if (!span_equal_nocase(param.name, text->name))
				continue;
			if (text->to->p)
				return ERR_FORMAT; /* twice: which of them is meant? */
			*text->to = param.value;
		}
	}
	return err == -ENOENT ? 0 : err;
}
