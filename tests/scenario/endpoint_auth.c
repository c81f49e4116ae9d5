/* What an endpoint answers a challenge with: right, or wrong in one way. */
#include "endpoint.h"

#include "sip/digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void endpoint_learn_challenges(struct endpoint *endpoint, const struct message *response)
{
	struct span line;
	struct buf out;

	if (message_status(response) != 401 && message_status(response) != 407)
		return;
	buf_init(&out, 0);
	for (unsigned nth = 0; message_line(response, "WWW-Authenticate", nth, &line);
		nth++)
		buf_printf(&out, "%.*s\n", SPAN_ARG(line));
	free(endpoint->challenges);
	endpoint->challenges = buf_str(&out) ? strdup(buf_str(&out)) : NULL;
	endpoint->answers = 0;
	buf_free(&out);
}

/* The value of KEY among WORDS, "KEY=VALUE KEY=VALUE"; OTHERWISE where it is not there. Of malloc(). */
static char *word(const char *words, const char *key, const char *otherwise)
{
	struct span rest = span_of(words), part, name;

	while (span_next(&rest, ' ', &part)) {
		if (span_next(&part, '=', &name) && span_equal_str(name, key))
			return span_dup(part);
	}
	return strdup(otherwise);
}

/* The first challenge, or that of ALGORITHM. Spans are into the endpoint's. */
static bool choose(const struct endpoint *endpoint, const char *algorithm,
	struct digest_challenge *ret)
{
	struct span rest = span_of(endpoint->challenges), line;

	while (span_next(&rest, '\n', &line)) {
		if (digest_challenge_next(&line, ret))
			continue;
		if (!algorithm[0] ||
			!strcmp(digest_algorithm_name(ret->algorithm), algorithm))
			return true;
	}
	return false;
}

/* What the words may replace. Of malloc(). */
struct wanted {
	char *user, *secret, *algorithm, *uri, *method, *nonce, *realm, *nc, *qop, *as;
};

static void read_words(struct wanted *wanted, const char *words, const char *start)
{
	struct span rest = span_of(start), method, uri;
	char *plain_method, *plain_uri;

	span_next(&rest, ' ', &method);
	span_next(&rest, ' ', &uri);
	plain_method = span_dup(method);
	plain_uri = span_dup(uri);
	*wanted = (struct wanted){.user = word(words, "user", "tandem"),
		.secret = word(words, "secret", "sesame"),
		.algorithm = word(words, "algorithm", ""),
		.uri = word(words, "uri", plain_uri),
		.method = word(words, "method", plain_method),
		.nonce = word(words, "nonce", ""),
		.realm = word(words, "realm", ""),
		.nc = word(words, "nc", ""),
		.qop = word(words, "qop", ""),
		.as = word(words, "as", "")};
	free(plain_method);
	free(plain_uri);
}

static void forget(struct wanted *wanted)
{
	free(wanted->user);
	free(wanted->secret);
	free(wanted->algorithm);
	free(wanted->uri);
	free(wanted->method);
	free(wanted->nonce);
	free(wanted->realm);
	free(wanted->nc);
	free(wanted->qop);
	free(wanted->as);
}

static void replace_parts(struct digest_challenge *challenge, const struct wanted *wanted)
{
	if (wanted->nonce[0])
		challenge->nonce = span_of(wanted->nonce);
	if (wanted->realm[0])
		challenge->realm = span_of(wanted->realm);
	if (!strcmp(wanted->qop, "none"))
		challenge->qops = 1u << DIGEST_QOP_NONE;
	if (!strcmp(wanted->qop, "auth-int"))
		challenge->qops = 1u << DIGEST_QOP_AUTH_INT;
	/* by another algorithm than was asked for */
	for (int i = 0; i < DIGEST_ALGORITHMS; i++)
		if (!strcmp(wanted->as, digest_algorithm_name((enum digest_algorithm)i)))
			challenge->algorithm = (enum digest_algorithm)i;
}

int endpoint_auth(struct endpoint *endpoint, const char *words, const char *start,
	struct buf *out, struct err_text *error)
{
	struct digest_challenge challenge;
	struct wanted wanted;
	int err = 0;

	read_words(&wanted, words, start);
	if (!endpoint->challenges || !choose(endpoint, wanted.algorithm, &challenge))
		err = err_set(error, ERR_STATE, "nothing asked for that");
	if (!err) {
		const struct digest_answer answer = {.user = span_of(wanted.user),
			.secret = span_of(wanted.secret),
			.method = span_of(wanted.method),
			.uri = span_of(wanted.uri),
			.cnonce = span_of("c"),
			.nc = wanted.nc[0] ? (uint32_t)strtoul(wanted.nc, NULL, 10)
					   : ++endpoint->answers};

		replace_parts(&challenge, &wanted);
		err = digest_answer_write(out, &challenge, &answer);
	}
	forget(&wanted);
	return err;
}
