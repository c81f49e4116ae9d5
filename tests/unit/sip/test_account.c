/* Who we are to a far end: nonces over several requests, realms, and when to give up. */
#include "../unit.h"

#include "sip/account.h"

#include <stdio.h>
#include <string.h>

static const struct account_params usual = {.user = "tandem",
	.secret = {"sesame", 6},
	.terms = {.algorithms = DIGEST_STRONG}};

static struct account *make(const struct account_params *params)
{
	struct account *account;

	assert_int_equal(account_new(&account, params), 0);
	return account;
}

static struct message *response_with(int status, const char *headers)
{
	struct message_fault fault;
	struct message *message;
	struct buf out;

	buf_init(&out, 0);
	buf_printf(&out,
		"SIP/2.0 %d X\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\n"
		"CSeq: 1 INVITE\r\n%sContent-Length: 0\r\n\r\n",
		status, headers);
	assert_int_equal(message_parse(&message, out.data, out.len, &fault), 0);
	buf_free(&out);
	return message;
}

/* A challenge of REALM with NONCE, and MORE, "" or ",stale=true". NULL: it was answered; else why not. */
static const char *ask(struct account *account, struct account_use *use,
	const char *realm, const char *nonce, const char *more)
{
	struct message *response;
	const char *why = NULL;
	char header[300];
	bool answered;

	snprintf(header, sizeof(header),
		"WWW-Authenticate: Digest realm=\"%s\",nonce=\"%s\",qop=auth,"
		"algorithm=SHA-256%s\r\n",
		realm, nonce, more);
	response = response_with(401, header);
	answered = account_answer(account, response, use, &why);
	message_unref(response);
	assert_true(answered == (why == NULL));
	return why;
}

/* All credentials of the next request have TEXT, and are what they should be; "": there are none. */
static void expect(struct account *account, const char *text, const char *secret)
{
	const struct account_request request = {
		.method = span_of("BYE"), .uri = span_of("sip:x"), .body = {NULL, 0}};
	const struct digest_answer answer = {.user = span_of("tandem"),
		.secret = span_of(secret),
		.method = request.method};
	struct digest_credentials credentials;
	struct span lines, line, name;
	struct buf out;

	buf_init(&out, 0);
	account_write(account, &request, &out);
	assert_true(!out.len == !text[0]);
	if (text[0] && !strstr(buf_str(&out), text))
		fail_msg("no \"%s\" in %s", text, buf_str(&out));
	lines = buf_span(&out);
	while (span_next(&lines, '\n', &line) && line.len) {
		line.len--; /* CR */
		assert_true(span_next(&line, ' ', &name));
		assert_int_equal(digest_credentials_read(&credentials, line), 0);
		assert_true(digest_credentials_prove(&credentials, &answer));
	}
	buf_free(&out);
}

static void a_nonce_is_counted_over_requests(void **state)
{
	struct account *account = make(&usual);
	struct account_use use = {0}, next = {0};

	(void)state;
	expect(account, "", "sesame");
	assert_null(ask(account, &use, "r", "n1", ""));
	expect(account, "nc=00000001", "sesame");
	expect(account, "nc=00000002", "sesame");
	/* another request, whose reused nonce is refused: once more with a fresh one */
	assert_null(ask(account, &next, "r", "n2", ""));
	expect(account, "nonce=\"n2\"", "sesame");
	expect(account, "nc=00000002", "sesame");
	account_unref(account);
}

static void fresh_credentials_that_are_refused_are_given_up(void **state)
{
	struct account *account = make(&usual);
	struct account_use use = {0};

	(void)state;
	assert_null(ask(account, &use, "r", "n1", ""));
	assert_string_equal(
		ask(account, &use, "r", "n2", ""), "the user or the password is wrong");
	expect(account, "", "sesame");
	account_unref(account);
}

static void what_is_stale_is_renewed_so_often(void **state)
{
	struct account *account = make(&usual);
	struct account_use use = {0};

	(void)state;
	for (unsigned i = 0; i < ACCOUNT_REPEATS; i++)
		assert_null(ask(account, &use, "r", "n", ",stale=true"));
	assert_string_equal(
		ask(account, &use, "r", "n", ",stale=true"), "it asks again and again");
	account_unref(account);
}

static void realms_have_nonces_of_their_own(void **state)
{
	struct account *account = make(&usual);
	struct account_use use = {0};

	(void)state;
	assert_null(ask(account, &use, "r1", "n1", ""));
	assert_null(ask(account, &use, "r2", "n2", ""));
	expect(account, "realm=\"r1\", nonce=\"n1\"", "sesame");
	expect(account, "realm=\"r2\", nonce=\"n2\"", "sesame");
	account_unref(account);
}

/* Many realms take the place of what asked longest ago, and no more than that. */
static void realms_are_bounded(void **state)
{
	struct account *account = make(&usual);
	char name[20];

	(void)state;
	for (unsigned i = 0; i < 3 * DIGEST_MAX_REALMS; i++) {
		struct account_use use = {0};

		snprintf(name, sizeof(name), "r%u", i);
		assert_null(ask(account, &use, name, "n", ""));
	}
	for (unsigned i = 0; i < 3 * DIGEST_MAX_REALMS; i++) {
		struct account_request request = {.method = span_of("BYE"),
			.uri = span_of("sip:x"),
			.body = {NULL, 0}};
		struct buf out;

		buf_init(&out, 0);
		account_write(account, &request, &out);
		snprintf(name, sizeof(name), "realm=\"r%u\"", i);
		assert_true(!strstr(buf_str(&out), name) == (i < 2 * DIGEST_MAX_REALMS));
		buf_free(&out);
	}
	account_unref(account);
}

static void heed(struct account *account, const char *headers)
{
	struct message *response = response_with(200, headers);

	account_heed(account, response);
	message_unref(response);
}

static void the_next_nonce_is_taken_where_its_realm_is_known(void **state)
{
	struct account *account = make(&usual);
	struct account_use use = {0};

	(void)state;
	heed(account, "Authentication-Info: nextnonce=\"x\"\r\n");
	expect(account, "", "sesame");
	assert_null(ask(account, &use, "r1", "n1", ""));
	expect(account, "nonce=\"n1\"", "sesame");
	heed(account, "Authentication-Info: nextnonce=\"n2\", qop=auth\r\n");
	expect(account, "nonce=\"n2\"", "sesame");
	expect(account, "nc=00000002", "sesame");
	/* the same again is none; what is broken, or of proxies, neither */
	heed(account, "Authentication-Info: nextnonce=\"n2\"\r\n");
	expect(account, "nc=00000003", "sesame");
	heed(account, "Authentication-Info: nextnonce=\"n3\r\n");
	heed(account, "Proxy-Authentication-Info: nextnonce=\"n3\"\r\n");
	expect(account, "nonce=\"n2\"", "sesame");
	/* with two realms it may be of either */
	assert_null(ask(account, &use, "r2", "m1", ""));
	heed(account, "Authentication-Info: nextnonce=\"n3\"\r\n");
	expect(account, "nonce=\"n2\"", "sesame");
	expect(account, "nonce=\"m1\"", "sesame");
	account_unref(account);
}

static void a_cnonce_stays_with_its_nonce(void **state)
{
	struct account *account = make(&usual);
	const struct account_request request = {
		.method = span_of("BYE"), .uri = span_of("sip:x"), .body = {NULL, 0}};
	char cnonces[3][40] = {""};
	struct account_use use = {0};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		const char *at;
		struct buf out;

		if (i != 1) {
			use = (struct account_use){0};
			assert_null(ask(account, &use, "r", i ? "n2" : "n1", ""));
		}
		buf_init(&out, 0);
		account_write(account, &request, &out);
		at = strstr(buf_str(&out), "cnonce=\"");
		assert_non_null(at);
		memcpy(cnonces[i], at + 8, 32);
		buf_free(&out);
	}
	assert_string_equal(cnonces[0], cnonces[1]);
	assert_string_not_equal(cnonces[0], cnonces[2]);
	account_unref(account);
}

static void only_its_own_realm_is_answered(void **state)
{
	struct account_params params = usual;
	struct account_use use = {0};
	struct account *account;

	(void)state;
	params.terms.realm = "mine";
	account = make(&params);
	assert_string_equal(
		ask(account, &use, "other", "n", ""), "another realm than auth-realm");
	assert_null(ask(account, &use, "mine", "n", ""));
	account_unref(account);
	params.terms.realm = NULL;
	params.terms.never = "us.example";
	account = make(&params);
	assert_string_equal(ask(account, &use, "us.example", "n", ""),
		"our own realm, as if a challenge of ours came back");
	account_unref(account);
}

static void an_account_knows_what_it_was_made_of(void **state)
{
	struct account *account = make(&usual);
	struct account_params other;

	(void)state;
	assert_true(account_is(account, &usual));
#define OTHER(member, value)                                                             \
	other = usual;                                                                   \
	other.member = value;                                                            \
	assert_false(account_is(account, &other))
	OTHER(user, "tandem2");
	OTHER(secret, span_of("sesam"));
	OTHER(terms.realm, "r");
	OTHER(terms.never, "r");
	OTHER(terms.algorithms, DIGEST_BIT(DIGEST_SHA_256));
	account_unref(account);
	account_unref(NULL);
}

static void one_that_is_closed_proves_nothing(void **state)
{
	struct account *account = make(&usual);
	struct digest_credentials credentials = {.algorithm = DIGEST_SHA_256};
	struct account_use use = {0};

	(void)state;
	assert_null(ask(account, &use, "r", "n1", ""));
	assert_true(account_takes(account, DIGEST_SHA_256));
	account_close(account);
	account_close(NULL);
	expect(account, "", "sesame");
	use = (struct account_use){0};
	assert_string_equal(ask(account, &use, "r", "n2", ""),
		"a reload has taken its user away, or changed him");
	assert_false(account_is(account, &usual));
	assert_false(account_takes(account, DIGEST_SHA_256));
	assert_false(account_is_proved(account, &credentials, span_of("BYE")));
	account_unref(account);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_nonce_is_counted_over_requests),
		cmocka_unit_test(fresh_credentials_that_are_refused_are_given_up),
		cmocka_unit_test(what_is_stale_is_renewed_so_often),
		cmocka_unit_test(realms_have_nonces_of_their_own),
		cmocka_unit_test(realms_are_bounded),
		cmocka_unit_test(the_next_nonce_is_taken_where_its_realm_is_known),
		cmocka_unit_test(a_cnonce_stays_with_its_nonce),
		cmocka_unit_test(only_its_own_realm_is_answered),
		cmocka_unit_test(one_that_is_closed_proves_nothing),
		cmocka_unit_test(an_account_knows_what_it_was_made_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
