/*
 * Headers of digest authentication: a challenge that is read is answered, and the answer, read again, proves
 * the secret; what is read as credentials is bounded, and proves nothing by itself.
 */
#include "base/err.h"
#include "fuzz.h"
#include "sip/digest.h"

#include <errno.h>
#include <string.h>

static bool is_inside(struct span part, struct span whole)
{
	return !part.p || (part.p >= whole.p && part.p + part.len <= whole.p + whole.len);
}

static struct digest_answer answer(void)
{
	return (struct digest_answer){.user = span_of("u"),
		.secret = span_of("s"),
		.method = span_of("INVITE"),
		.uri = span_of("sip:x"),
		.body = span_of("b"),
		.cnonce = span_of("c"),
		.nc = 1};
}

static void answer_it(const struct digest_challenge *challenge)
{
	const struct digest_answer mine = answer();
	struct digest_credentials credentials;
	struct span line, name;
	struct buf out;
	int err;

	buf_init(&out, 0);
	err = digest_answer_write(&out, challenge, &mine);
	MUST(err == 0 || err == ERR_SUPPORT);
	if (!err) {
		line = buf_span(&out);
		MUST(span_next(&line, ' ', &name) && line.len > 2);
		line.len -= 2; /* CRLF */
		MUST(digest_credentials_read(&credentials, line) == 0);
		MUST(digest_credentials_prove(&credentials, &mine));
		MUST(span_equal(credentials.realm, challenge->realm));
		MUST(span_equal(credentials.nonce, challenge->nonce));
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct digest_answer mine = answer();
	const struct span whole = {(const char *)data, size};
	struct digest_credentials credentials;
	struct digest_challenge challenge;
	struct span line = whole, nonce;
	size_t left = size + 1;
	int err;

	while ((err = digest_challenge_next(&line, &challenge)) != -ENOENT) {
		MUST(line.len < left); /* it comes to an end */
		left = line.len;
		if (err)
			continue;
		MUST(is_inside(challenge.realm, whole) &&
			is_inside(challenge.nonce, whole) &&
			is_inside(challenge.opaque, whole));
		MUST(challenge.qops && challenge.algorithm < DIGEST_ALGORITHMS);
		answer_it(&challenge);
	}
	if (digest_credentials_read(&credentials, whole) == 0) {
		MUST(is_inside(credentials.response, whole));
		MUST(credentials.user.len <= DIGEST_MAX_VALUE);
		MUST((credentials.qop == DIGEST_QOP_NONE) == !credentials.nc_text.p);
		digest_credentials_prove(&credentials, &mine);
	}
	if (digest_next_nonce(whole, &nonce))
		MUST(is_inside(nonce, whole) && nonce.len > 0);
	return 0;
}
