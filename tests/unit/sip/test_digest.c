/* Digest authentication: RFC 7616, RFC 8760, RFC 2617, RFC 2069; vectors, grammar, choice, bounds. */
#include "../unit.h"

#include "base/err.h"
#include "sip/digest.h"
#include "tls/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NONCE "dcd98b7102dd2f0e8b11d0f600bfb0c093"
#define BIT(qop) (1u << (qop))

static const char offer[] = "v=0\r\n"
			    "o=bob 2890844526 2890844526 IN IP4 media.biloxi.com\r\n"
			    "s=-\r\n"
			    "c=IN IP4 media.biloxi.com\r\n"
			    "t=0 0\r\n"
			    "m=audio 49170 RTP/AVP 0\r\n"
			    "a=rtpmap:0 PCMU/8000\r\n"
			    "m=video 51372 RTP/AVP 31\r\n"
			    "a=rtpmap:31 H261/90000\r\n"
			    "m=video 53000 RTP/AVP 32\r\n"
			    "a=rtpmap:32 MPV/90000\r\n";

/* Who asks whom: published examples. */
struct scene {
	const char *user, *secret, *method, *uri, *realm, *nonce, *cnonce, *opaque;
};

/* RFC 2617 3.5 */
static const struct scene http_2617 = {"Mufasa", "Circle Of Life", "GET",
	"/dir/index.html", "testrealm@host.com", NONCE, "0a4f113b",
	"5ccc069c403ebaf9f0171e9517f40e41"};
/* RFC 7616 3.9.1 */
static const struct scene http_7616 = {"Mufasa", "Circle of Life", "GET",
	"/dir/index.html", "http-auth@example.org",
	"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
	"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
	"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"};
/* RFC 7616 3.9.2, with what its erratum 4897 says */
static const struct scene hidden_7616 = {"J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?",
	"GET", "/doe.json", "api@example.org",
	"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
	"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
	"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS"};
/* draft-smith-sipping-auth-examples-01; what it does not have was computed by another program */
static const struct scene sip_smith = {"bob", "zanzibar", "INVITE", "sip:bob@biloxi.com",
	"biloxi.com", NONCE, "0a4f113b", "5ccc069c403ebaf9f0171e9517f40e41"};

static const struct {
	const struct scene *scene;
	enum digest_algorithm algorithm;
	enum digest_qop qop;
	bool userhash;
	const char *user, *response; /* USER as it is sent; NULL: in clear */
} vectors[] = {
	{&http_2617, DIGEST_MD5, DIGEST_QOP_AUTH, false, NULL,
		"6629fae49393a05397450978507c4ef1"},
	{&http_7616, DIGEST_MD5, DIGEST_QOP_AUTH, false, NULL,
		"8ca523f5e9506fed4657c9700eebdbec"},
	{&http_7616, DIGEST_SHA_256, DIGEST_QOP_AUTH, false, NULL,
		"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
	{&hidden_7616, DIGEST_SHA_512_256, DIGEST_QOP_AUTH, true,
		"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b",
		"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"},
	{&sip_smith, DIGEST_MD5, DIGEST_QOP_NONE, false, NULL,
		"bf57e4e0d0bffc0fbaedce64d59add5e"},
	{&sip_smith, DIGEST_MD5, DIGEST_QOP_AUTH, false, NULL,
		"89eb0059246c02b2f6ee02c7961d5ea3"},
	{&sip_smith, DIGEST_MD5, DIGEST_QOP_AUTH_INT, false, NULL,
		"bdbeebb2da6adb6bca02599c2239e192"},
	{&sip_smith, DIGEST_MD5_SESS, DIGEST_QOP_NONE, false, NULL,
		"fff17611bcbbf00c9116a2c922dea8e1"},
	{&sip_smith, DIGEST_MD5_SESS, DIGEST_QOP_AUTH, false, NULL,
		"e4e4ea61d186d07a92c9e1f6919902e9"},
	{&sip_smith, DIGEST_MD5_SESS, DIGEST_QOP_AUTH_INT, false, NULL,
		"91984da2d8663716e91554859c22ca70"},
	{&sip_smith, DIGEST_SHA_256, DIGEST_QOP_NONE, false, NULL,
		"38aad98c50c33abe72c5f88dd17246ffcfa6b1f68852c855719ff0659386c0ca"},
	{&sip_smith, DIGEST_SHA_256, DIGEST_QOP_AUTH, false, NULL,
		"b3b5a6c69453abafaab9ae4dccdac90a076b6c80615d5f3498e7433b6e93bf4f"},
	{&sip_smith, DIGEST_SHA_256, DIGEST_QOP_AUTH_INT, false, NULL,
		"c54fb1136ee077c9b9b31e2865b25b1326515c2b0ce1584c40f267672401d647"},
	{&sip_smith, DIGEST_SHA_256_SESS, DIGEST_QOP_AUTH, false, NULL,
		"5da59c9ca40954be9d5063a15a174066c8251be2c10cf47c144c366dc7daf792"},
	{&sip_smith, DIGEST_SHA_256_SESS, DIGEST_QOP_AUTH_INT, false, NULL,
		"9ab810cc06168ee4a9a3564bbab9cd95fcca15efde8c529c856174863d56813a"},
	{&sip_smith, DIGEST_SHA_512_256, DIGEST_QOP_NONE, false, NULL,
		"9e960b3a01beb63f1ea5d45d43bd8a2178879d3c9ddbbdb0624187ca823c6eca"},
	{&sip_smith, DIGEST_SHA_512_256, DIGEST_QOP_AUTH_INT, false, NULL,
		"05fec0126aa34195c417d63037f4e226cc15fa737015ae0ce9a6fcf3d2ea4ed7"},
	{&sip_smith, DIGEST_SHA_512_256_SESS, DIGEST_QOP_AUTH, false, NULL,
		"077d9677be83f41f162d1a4453dc163389919f81e5927391d972f477da767633"},
};

static struct digest_answer answer_of(const struct scene *scene)
{
	return (struct digest_answer){.user = span_of(scene->user),
		.secret = span_of(scene->secret),
		.method = span_of(scene->method),
		.uri = span_of(scene->uri),
		.body = span_of(offer),
		.cnonce = span_of(scene->cnonce),
		.nc = 1};
}

static struct digest_challenge challenge_of(
	const struct scene *scene, enum digest_algorithm algorithm, enum digest_qop qop)
{
	return (struct digest_challenge){.realm = span_of(scene->realm),
		.nonce = span_of(scene->nonce),
		.opaque = span_of(scene->opaque),
		.algorithm = algorithm,
		.algorithm_named = true,
		.qops = BIT(qop)};
}

static bool is_computed(enum digest_algorithm algorithm)
{
	return !policy_fips_active() || algorithm == DIGEST_SHA_256 ||
	       algorithm == DIGEST_SHA_256_SESS;
}

/* What is behind "Authorization: " in OUT. */
static struct span value_of(struct buf *out)
{
	const char *text = buf_str(out);

	assert_non_null(text);
	text = strchr(text, ' ');
	assert_non_null(text);
	return span_trim((struct span){text, strlen(text) - 2});
}

static void published_vectors_come_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		const struct scene *scene = vectors[i].scene;
		struct digest_challenge challenge =
			challenge_of(scene, vectors[i].algorithm, vectors[i].qop);
		struct digest_answer answer = answer_of(scene);
		struct digest_credentials credentials;
		struct buf out;

		if (!is_computed(vectors[i].algorithm))
			continue;
		challenge.userhash = vectors[i].userhash;
		buf_init(&out, 0);
		assert_int_equal(digest_answer_write(&out, &challenge, &answer), 0);
		assert_int_equal(
			digest_credentials_read(&credentials, value_of(&out)), 0);
		if (!span_equal_str(credentials.response, vectors[i].response))
			fail_msg("vector %zu: %s", i, buf_str(&out));
		assert_true(span_equal_str(credentials.user,
			vectors[i].user ? vectors[i].user : scene->user));
		assert_true(digest_credentials_prove(&credentials, &answer));
		buf_free(&out);
	}
}

/* RFC 7616 3.9.1, the header as the RFC has it but for the order of its parameters. */
static void an_answer_has_all_that_was_asked(void **state)
{
	struct digest_challenge challenge =
		challenge_of(&http_7616, DIGEST_SHA_256, DIGEST_QOP_AUTH);
	const struct digest_answer answer = answer_of(&http_7616);
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	challenge.proxy = true;
	assert_int_equal(digest_answer_write(&out, &challenge, &answer), 0);
	assert_string_equal(buf_str(&out),
		"Proxy-Authorization: Digest username=\"Mufasa\", "
		"realm=\"http-auth@example.org\", "
		"nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
		"uri=\"/dir/index.html\", response=\""
		"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "
		"algorithm=SHA-256, "
		"cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", "
		"opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", "
		"qop=auth, nc=00000001\r\n");
	buf_free(&out);
}

/* A server of RFC 2069 knows neither: what it did not send does not come back. */
static void an_answer_has_nothing_that_was_not_asked(void **state)
{
	struct digest_challenge challenge =
		challenge_of(&sip_smith, DIGEST_MD5, DIGEST_QOP_NONE);
	const struct digest_answer answer = answer_of(&sip_smith);
	struct buf out;

	(void)state;
	if (!is_computed(DIGEST_MD5))
		skip();
	buf_init(&out, 0);
	challenge.algorithm_named = false;
	challenge.opaque = (struct span){0};
	assert_int_equal(digest_answer_write(&out, &challenge, &answer), 0);
	assert_string_equal(buf_str(&out),
		"Authorization: Digest username=\"bob\", realm=\"biloxi.com\", "
		"nonce=\"" NONCE "\", uri=\"sip:bob@biloxi.com\", "
		"response=\"bf57e4e0d0bffc0fbaedce64d59add5e\"\r\n");
	buf_free(&out);
}

static void what_would_end_a_quoted_text_is_not_written(void **state)
{
	static const char *const bad[] = {"a\"b", "a\\", "a\r\nX: y", "a\x7f"};
	const struct digest_challenge challenge =
		challenge_of(&sip_smith, DIGEST_SHA_256, DIGEST_QOP_AUTH);
	struct digest_answer answer;
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		answer = answer_of(&sip_smith);
		answer.user = span_of(bad[i]);
		assert_int_equal(
			digest_answer_write(&out, &challenge, &answer), ERR_FORMAT);
		answer = answer_of(&sip_smith);
		answer.uri = span_of(bad[i]);
		assert_int_equal(
			digest_answer_write(&out, &challenge, &answer), ERR_FORMAT);
		answer = answer_of(&sip_smith);
		answer.cnonce = span_of(bad[i]);
		assert_int_equal(
			digest_answer_write(&out, &challenge, &answer), ERR_FORMAT);
	}
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static void a_nonce_is_counted_in_eight_digits(void **state)
{
	const struct digest_challenge challenge =
		challenge_of(&sip_smith, DIGEST_SHA_256, DIGEST_QOP_AUTH);
	struct digest_answer answer = answer_of(&sip_smith);
	struct digest_credentials credentials;
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	answer.nc = 0x89abcdef;
	assert_int_equal(digest_answer_write(&out, &challenge, &answer), 0);
	assert_int_equal(digest_credentials_read(&credentials, value_of(&out)), 0);
	assert_true(span_equal_str(credentials.nc_text, "89abcdef"));
	assert_true(credentials.nc == 0x89abcdef);
	buf_free(&out);
}

/* ---- challenges ---- */

#define LEAST "Digest realm=\"r\",nonce=\"n\""

static const struct {
	const char *line;
	int err;
	const char *realm, *nonce, *opaque; /* NULL: none */
	enum digest_algorithm algorithm;
	unsigned qops;
	bool stale, userhash;
} lines[] = {
	{LEAST, 0, "r", "n", NULL, DIGEST_MD5, BIT(DIGEST_QOP_NONE), false, false},
	{"  dIGEST\t realm = \"r\" ,\r\n , nonce\t=\t\"n\" ,", 0, "r", "n", NULL,
		DIGEST_MD5, BIT(DIGEST_QOP_NONE), false, false},
	{"Digest REALM=\"a \\\"b\\\" c\",NONCE=\"n\"", 0, "a \\\"b\\\" c", "n", NULL,
		DIGEST_MD5, BIT(DIGEST_QOP_NONE), false, false},
	{"Digest realm=r,nonce=abc+/==,opaque=\"\",stale=\"TRUE\"", 0, "r", "abc+/==", "",
		DIGEST_MD5, BIT(DIGEST_QOP_NONE), true, false},
	{"Digest realm=\"\",nonce=\"\"", 0, "", "", NULL, DIGEST_MD5,
		BIT(DIGEST_QOP_NONE), false, false},
	{LEAST ",algorithm=sha-256,qop=\"auth,auth-int\",userhash=True", 0, "r", "n",
		NULL, DIGEST_SHA_256, BIT(DIGEST_QOP_AUTH) | BIT(DIGEST_QOP_AUTH_INT),
		false, true},
	{LEAST ",algorithm=\"SHA-512-256-SESS\",qop=auth", 0, "r", "n", NULL,
		DIGEST_SHA_512_256_SESS, BIT(DIGEST_QOP_AUTH), false, false},
	{LEAST ",qop=\" new , AUTH \",stale=false,domain=\"sip:a sip:b\",x=y", 0, "r",
		"n", NULL, DIGEST_MD5, BIT(DIGEST_QOP_AUTH), false, false},
	{LEAST ",algorithm=SHA-1", ERR_SUPPORT, .realm = NULL},
	{LEAST ",algorithm=SHA-512", ERR_SUPPORT, .realm = NULL},
	{LEAST ",qop=\"auth-conf\"", ERR_SUPPORT, .realm = NULL},
	{LEAST ",qop=\"\"", ERR_SUPPORT, .realm = NULL},
	{"Basic realm=\"r\"", ERR_SUPPORT, .realm = NULL},
	{"Negotiate abc==", ERR_SUPPORT, .realm = NULL},
	{"", -ENOENT, .realm = NULL},
	{" \t", -ENOENT, .realm = NULL},
	{"Digest", ERR_FORMAT, .realm = NULL},
	{"Digest ", ERR_FORMAT, .realm = NULL},
	{"Digest realm=\"r\"", ERR_FORMAT, .realm = NULL},
	{"Digest nonce=\"n\"", ERR_FORMAT, .realm = NULL},
	{"Digest realm=\"r,nonce=\"n\"", ERR_FORMAT, .realm = NULL},
	{"Digest realm=\"r\\", ERR_FORMAT, .realm = NULL},
	{"Digest realm=\"r\\\",nonce=n", ERR_FORMAT, .realm = NULL},
	{"Digest realm=,nonce=n", ERR_FORMAT, .realm = NULL},
	{"Digest =r,nonce=n", ERR_FORMAT, .realm = NULL},
	{"Digest realm=\"r\" nonce=\"n\"", ERR_FORMAT, .realm = NULL},
	{"Digest realm=\"r\"nonce=\"n\"", ERR_FORMAT, .realm = NULL},
	{"Digest realm=\"\x01\",nonce=\"n\"", ERR_FORMAT, .realm = NULL},
	{"Digest realm=\"\\\x01\",nonce=\"n\"", ERR_FORMAT, .realm = NULL},
	{"Digest realm=\"\x7f\",nonce=\"n\"", ERR_FORMAT, .realm = NULL},
	{LEAST ",nonce=\"m\"", ERR_FORMAT, .realm = NULL},
	{LEAST ",realm=\"r\"", ERR_FORMAT, .realm = NULL},
	{LEAST ",qop=auth,qop=auth-int", ERR_FORMAT, .realm = NULL},
	{"\"Digest\" realm=\"r\",nonce=\"n\"", ERR_FORMAT, .realm = NULL},
};

static void a_challenge_is_read_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct span line = span_of(lines[i].line);
		struct digest_challenge c = {.qops = 99};
		int err = digest_challenge_next(&line, &c);

		if (err != lines[i].err)
			fail_msg("%s: %d", lines[i].line, err);
		if (err) {
			assert_int_equal(c.qops, 99);
			assert_int_equal(line.len, 0);
			continue;
		}
		if (!span_equal_str(c.realm, lines[i].realm) ||
			!span_equal_str(c.nonce, lines[i].nonce) ||
			!c.opaque.p != !lines[i].opaque ||
			c.algorithm != lines[i].algorithm || c.qops != lines[i].qops ||
			c.stale != lines[i].stale || c.userhash != lines[i].userhash)
			fail_msg("%s", lines[i].line);
		assert_int_equal(digest_challenge_next(&line, &c), -ENOENT);
	}
}

static void several_challenges_may_share_a_line(void **state)
{
	struct span line = span_of("Basic realm=\"b\", Digest realm=\"1\", nonce=\"n\", "
				   "algorithm=X, , Digest realm=\"2\",nonce=\"n\","
				   "NTLM , Digest realm=\"3\", nonce=\"n\"");
	struct digest_challenge c;

	(void)state;
	assert_int_equal(digest_challenge_next(&line, &c), ERR_SUPPORT);
	assert_int_equal(digest_challenge_next(&line, &c), ERR_SUPPORT);
	assert_int_equal(digest_challenge_next(&line, &c), 0);
	assert_true(span_equal_str(c.realm, "2"));
	assert_int_equal(digest_challenge_next(&line, &c), ERR_SUPPORT);
	assert_int_equal(digest_challenge_next(&line, &c), 0);
	assert_true(span_equal_str(c.realm, "3"));
	assert_int_equal(digest_challenge_next(&line, &c), -ENOENT);
}

static void what_is_too_long_is_refused(void **state)
{
	char text[2 * DIGEST_MAX_VALUE];
	struct digest_challenge c;
	struct span line;
	struct buf out;

	(void)state;
	memset(text, 'a', sizeof text);
	for (unsigned over = 0; over < 2; over++) {
		buf_init(&out, 0);
		buf_printf(&out, "Digest realm=\"r\",nonce=\"%.*s\"",
			DIGEST_MAX_VALUE + (int)over, text);
		line = buf_span(&out);
		assert_int_equal(digest_challenge_next(&line, &c), over ? ERR_LIMIT : 0);
		buf_free(&out);
		buf_init(&out, 0);
		buf_add_str(&out, LEAST);
		for (unsigned i = 0; i < 30 + over; i++)
			buf_add_str(&out, ",x=y");
		line = buf_span(&out);
		assert_int_equal(digest_challenge_next(&line, &c), over ? ERR_LIMIT : 0);
		buf_free(&out);
	}
}

/* ---- of a response ---- */

static struct message *response_with(const char *headers)
{
	struct message_fault fault;
	struct message *message = NULL;
	struct buf out;

	buf_init(&out, 0);
	buf_printf(&out,
		"SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\n"
		"CSeq: 1 INVITE\r\n%sContent-Length: 0\r\n\r\n",
		headers);
	assert_int_equal(message_parse(&message, out.data, out.len, &fault), 0);
	buf_free(&out);
	return message;
}

#define W "WWW-Authenticate: "
#define P "Proxy-Authenticate: "
#define AUTH ",qop=\"auth\"\r\n"
#define SHA_256 ",algorithm=SHA-256" AUTH
#define SHA_512 ",algorithm=SHA-512-256" AUTH
#define ANY (DIGEST_STRONG | DIGEST_WEAK)

static const struct {
	const char *headers;
	unsigned allowed;
	const char *realm;
	const char *chosen; /* algorithm, '*' for a proxy's, realm: "SHA-256 r; MD5* s" */
} choices[] = {
	/* RFC 8760 2.3: in their order, if all are good */
	{W LEAST SHA_256 W LEAST SHA_512, ANY, NULL, "SHA-256 r"},
	{W LEAST SHA_512 W LEAST SHA_256, ANY, NULL, "SHA-512-256 r"},
	/* MD5 is the last, wherever it stands */
	{W LEAST AUTH W LEAST SHA_256, ANY, NULL, "SHA-256 r"},
	{W LEAST SHA_256 W LEAST AUTH, ANY, NULL, "SHA-256 r"},
	{W LEAST AUTH, ANY, NULL, "MD5 r"},
	{W LEAST AUTH, DIGEST_STRONG, NULL,
		"an algorithm that auth-algorithms does not allow"},
	{W LEAST AUTH W LEAST SHA_512 W LEAST SHA_256, DIGEST_BIT(DIGEST_SHA_256), NULL,
		"SHA-256 r"},
	/* without qop it is as weak */
	{W LEAST ",algorithm=SHA-256\r\n" W LEAST SHA_512, ANY, NULL, "SHA-512-256 r"},
	{W LEAST ",algorithm=SHA-256\r\n", ANY, NULL, "SHA-256 r"},
	{W LEAST ",algorithm=SHA-256\r\n", DIGEST_STRONG, NULL,
		"no qop, which is as weak as MD5, and auth-algorithms does not allow "
		"that"},
	/* realms */
	{W LEAST SHA_256, ANY, "r", "SHA-256 r"},
	{W LEAST SHA_256, ANY, "R", "another realm than auth-realm"},
	{W LEAST SHA_256, ANY, "", "SHA-256 r"},
	{W "Digest realm=\"a\\\"b\",nonce=\"n\"" SHA_256, ANY, "a\"b", "SHA-256 a\\\"b"},
	{W LEAST SHA_256 P LEAST SHA_256, ANY, NULL, "SHA-256 r; SHA-256* r"},
	{P LEAST SHA_256 P "Digest realm=\"s\",nonce=\"n\"" SHA_512 P
			   "Digest realm=\"t\",nonce=\"n\"" AUTH,
		DIGEST_STRONG, NULL, "SHA-256* r; SHA-512-256* s"},
	/* what nobody knows */
	{W "Digest realm=\"r\",nonce=\"n\",algorithm=X\r\n", ANY, NULL,
		"nothing but an unknown scheme, algorithm or qop"},
	{W "Basic realm=\"r\"\r\n" W LEAST SHA_256, ANY, NULL, "SHA-256 r"},
	{W "Digest\r\n" W LEAST SHA_256, ANY, NULL, "SHA-256 r"},
	{"", ANY, NULL, "no challenge"},
};

static void the_best_that_is_allowed_is_chosen(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
		const struct digest_terms terms = {
			.algorithms = choices[i].allowed, .realm = choices[i].realm};
		struct digest_challenge chosen[DIGEST_MAX_REALMS];
		struct message *response = response_with(choices[i].headers);
		struct digest_challenges all;
		const char *why = "";
		struct buf out;
		unsigned count;

		digest_challenges_read(&all, response);
		count = digest_choose(&all, &terms, chosen, &why);
		buf_init(&out, 0);
		for (unsigned n = 0; n < count; n++)
			buf_printf(&out, "%s%s%s %.*s", n ? "; " : "",
				digest_algorithm_name(chosen[n].algorithm),
				chosen[n].proxy ? "*" : "", SPAN_ARG(chosen[n].realm));
		buf_add_str(&out, why);
		if (strcmp(buf_str(&out), choices[i].chosen) != 0)
			fail_msg("%s\n gives %s", choices[i].headers, buf_str(&out));
		buf_free(&out);
		message_unref(response);
	}
}

static void more_challenges_than_anybody_sends_are_left_out(void **state)
{
	const struct digest_terms terms = {.algorithms = ANY};
	struct digest_challenge chosen[DIGEST_MAX_REALMS];
	struct digest_challenges all;
	struct message *response;
	const char *why = NULL;
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (unsigned i = 0; i < 2 * DIGEST_MAX_CHALLENGES; i++)
		buf_printf(&out, W "Digest realm=\"%u\",nonce=\"n\"" SHA_256, i);
	response = response_with(buf_str(&out));
	digest_challenges_read(&all, response);
	assert_int_equal(all.count, DIGEST_MAX_CHALLENGES);
	assert_int_equal(all.unknown, DIGEST_MAX_CHALLENGES);
	assert_int_equal(digest_choose(&all, &terms, chosen, &why), DIGEST_MAX_REALMS);
	assert_true(span_equal_str(chosen[DIGEST_MAX_REALMS - 1].realm, "3"));
	message_unref(response);
	buf_free(&out);
}

/* ---- credentials ---- */

#define GIVEN                                                                            \
	"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:x\",response=\"00\""

static const struct {
	const char *line;
	int err;
} given[] = {
	{GIVEN, 0},
	{GIVEN ",qop=auth,nc=00000001,cnonce=\"c\"", 0},
	{GIVEN ",qop=\"auth-int\",nc=ABCDEF01,cnonce=\"c\",algorithm=SHA-256", 0},
	{GIVEN ",opaque=\"\",userhash=true", 0},
	{GIVEN ",qop=auth,nc=00000001", ERR_FORMAT},
	{GIVEN ",qop=auth,cnonce=\"c\"", ERR_FORMAT},
	{GIVEN ",qop=auth,nc=1,cnonce=\"c\"", ERR_FORMAT},
	{GIVEN ",qop=auth,nc=0000000g,cnonce=\"c\"", ERR_FORMAT},
	{GIVEN ",nc=00000001", ERR_FORMAT},
	{GIVEN ",algorithm=MD5-sess", ERR_FORMAT},
	{GIVEN ",algorithm=SHA-1", ERR_SUPPORT},
	{GIVEN ",qop=auth-conf,nc=00000001,cnonce=\"c\"", ERR_SUPPORT},
	{GIVEN ",response=\"01\"", ERR_FORMAT},
	{GIVEN ",Digest realm=\"r\"", ERR_FORMAT},
	{"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:x\"", ERR_FORMAT},
	{"Digest username=\"u\",realm=\"r\",nonce=\"n\",response=\"0\"", ERR_FORMAT},
	{"Digest username=\"u\",realm=\"r\",uri=\"sip:x\",response=\"0\"", ERR_FORMAT},
	{"Digest username=\"u\",nonce=\"n\",uri=\"sip:x\",response=\"0\"", ERR_FORMAT},
	{"Digest realm=\"r\",nonce=\"n\",uri=\"sip:x\",response=\"0\"", ERR_FORMAT},
	{"Basic dTpw", ERR_SUPPORT},
	{"Digest", ERR_FORMAT},
	{"", ERR_FORMAT},
};

static void credentials_are_read_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
		struct digest_credentials c = {.nc = 99};
		int err = digest_credentials_read(&c, span_of(given[i].line));

		if (err != given[i].err)
			fail_msg("%s: %d", given[i].line, err);
		assert_true(!err == (c.nc != 99));
	}
}

/* Whatever is not what was agreed proves nothing. */
static void every_part_counts(void **state)
{
	const struct digest_challenge challenge =
		challenge_of(&sip_smith, DIGEST_SHA_256, DIGEST_QOP_AUTH_INT);
	const struct digest_answer answer = answer_of(&sip_smith);
	struct digest_credentials credentials, wrong;
	struct digest_answer other;
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(digest_answer_write(&out, &challenge, &answer), 0);
	assert_int_equal(digest_credentials_read(&credentials, value_of(&out)), 0);
	assert_true(digest_credentials_prove(&credentials, &answer));
#define WRONG(member, text)                                                              \
	wrong = credentials;                                                             \
	wrong.member = span_of(text);                                                    \
	assert_false(digest_credentials_prove(&wrong, &answer))
	WRONG(user, "alice");
	WRONG(realm, "other");
	WRONG(nonce, "other");
	WRONG(uri, "sip:alice@biloxi.com");
	WRONG(cnonce, "other");
	WRONG(nc_text, "00000002");
	WRONG(response, "");
#define OTHER(member, text)                                                              \
	other = answer;                                                                  \
	other.member = span_of(text);                                                    \
	assert_false(digest_credentials_prove(&credentials, &other))
	OTHER(user, "alice");
	OTHER(secret, "Zanzibar");
	OTHER(method, "BYE");
	OTHER(body, "");
	wrong = credentials;
	wrong.userhash = true;
	assert_false(digest_credentials_prove(&wrong, &answer));
	wrong = credentials;
	wrong.algorithm = DIGEST_SHA_256_SESS;
	assert_false(digest_credentials_prove(&wrong, &answer));
	buf_free(&out);
}

static void the_next_nonce_is_found(void **state)
{
	struct span nonce;

	(void)state;
	assert_true(digest_next_nonce(
		span_of("qop=auth, rspauth=\"0\", nextnonce=\"abc\", nc=00000001"),
		&nonce));
	assert_true(span_equal_str(nonce, "abc"));
	assert_false(digest_next_nonce(span_of("qop=auth, rspauth=\"0\""), &nonce));
	assert_false(digest_next_nonce(span_of("nextnonce=\"\""), &nonce));
	assert_false(digest_next_nonce(span_of("nextnonce=\"a"), &nonce));
	assert_false(digest_next_nonce(span_of("nextnonce=a,nextnonce=b"), &nonce));
	assert_false(digest_next_nonce(span_of("Digest nextnonce=a"), &nonce));
	assert_false(digest_next_nonce(span_of(""), &nonce));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors_come_out),
		cmocka_unit_test(an_answer_has_all_that_was_asked),
		cmocka_unit_test(an_answer_has_nothing_that_was_not_asked),
		cmocka_unit_test(what_would_end_a_quoted_text_is_not_written),
		cmocka_unit_test(a_nonce_is_counted_in_eight_digits),
		cmocka_unit_test(a_challenge_is_read_or_refused),
		cmocka_unit_test(several_challenges_may_share_a_line),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(the_best_that_is_allowed_is_chosen),
		cmocka_unit_test(more_challenges_than_anybody_sends_are_left_out),
		cmocka_unit_test(credentials_are_read_or_refused),
		cmocka_unit_test(every_part_counts),
		cmocka_unit_test(the_next_nonce_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
