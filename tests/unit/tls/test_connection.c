/* What a connection says and hears of refusals, whom it names, and that it keeps nothing. */
#include "tls/alert.h"
#include "tls/channel.h"

#include "../heap.h"
#include "../unit.h"
#include "pair_fixture.h"

#include "tls/explain.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void pair_start(struct pair *pair, bool accept, const struct peer *peer,
	const struct lab_id *id, const char *priorities)
{
	pair_open(pair, accept, world.cred, peer, id, priorities);
}

static int far_refuses(gnutls_session_t session)
{
	(void)session;
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* explain_channel() of CHANNEL begins with WORDS. */
static void assert_begins(const struct channel *channel, const char *words)
{
	struct buf out;

	buf_init(&out, 0);
	explain_channel(channel, &out);
	assert_non_null(buf_str(&out));
	if (strncmp(out.data, words, strlen(words)) != 0)
		fail_msg("%s", out.data);
	buf_free(&out);
}

/*
 * As OpenSSL's client does when it does not trust a server of TLS 1.3: its alert is in clear, though
 * both have keys by then. One that is only a warning, and a record of another length, is no such alert.
 */
static void an_alert_in_clear_is_told_as_theirs(void **state)
{
	static const struct {
		unsigned char record[8];
		size_t len;
		int err;
		const char *words;
	} rows[] = {
		{{21, 3, 3, 0, 2, 2, GNUTLS_A_UNKNOWN_CA}, 7, ERR_TRUST,
			"tls refused by=them alert=\"unknown_ca\" encrypted=no ours="},
		{{21, 3, 3, 0, 2, 2, GNUTLS_A_HANDSHAKE_FAILURE}, 7, ERR_LIBRARY,
			"tls refused by=them alert=\"handshake_failure\" encrypted=no "},
		{{21, 3, 3, 0, 2, 1, GNUTLS_A_UNKNOWN_CA}, 7, ERR_LIBRARY, "tls failed "},
		{{21, 3, 3, 0, 3, 2, GNUTLS_A_UNKNOWN_CA, 0}, 8, ERR_LIBRARY,
			"tls failed "},
		{{23, 3, 3, 0, 2, 2, GNUTLS_A_UNKNOWN_CA}, 7, ERR_LIBRARY, "tls failed "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair pair;

		pair_start(&pair, true, world.peer, &world.good, FAR_13);
		far_handshake(&pair.far);
		assert_int_equal(channel_handshake(pair.channel), -EAGAIN);
		assert_int_equal(
			write(pair.far.fd, rows[i].record, rows[i].len), rows[i].len);
		assert_int_equal(channel_handshake(pair.channel), rows[i].err);
		assert_begins(pair.channel, rows[i].words);
		pair_stop(&pair);
	}
}

static void their_refusal_is_told_as_theirs(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		bool accept = i & 1;
		struct pair pair;
		char byte;

		pair_start(
			&pair, accept, world.peer, &world.good, i & 2 ? FAR_12 : FAR_13);
		gnutls_session_set_verify_function(pair.far.session, far_refuses);
		for (int turn = 0;
			turn < 20 && far_handshake(&pair.far) == GNUTLS_E_AGAIN; turn++)
			channel_handshake(pair.channel);
		assert_int_equal(pair.far.result, GNUTLS_E_CERTIFICATE_ERROR);
		gnutls_alert_send(pair.far.session, GNUTLS_AL_FATAL, GNUTLS_A_UNKNOWN_CA);
		pair_shake(&pair);
		/* In TLS 1.3 a client is done before its server has judged. */
		if (!accept && i < 2)
			assert_int_equal(pair.result, 0);
		if (pair.result == 0)
			pair.result = (int)channel_read(pair.channel, &byte, 1);
		assert_int_equal(pair.result, ERR_TRUST);
		assert_begins(
			pair.channel, "tls refused by=them alert=\"unknown_ca\" ours=");
		assert_non_null(
			strstr(explain_advice(pair.channel), "our CA certificate"));
		pair_stop(&pair);
	}
}

/* Of what is not our certificate's fault another try may come to another end. */
static void their_alert_tells_distrust_from_the_rest(void **state)
{
	static const struct {
		int alert, code;
	} rows[] = {
		{GNUTLS_A_BAD_CERTIFICATE, ERR_TRUST},
		{GNUTLS_A_UNSUPPORTED_CERTIFICATE, ERR_TRUST},
		{GNUTLS_A_CERTIFICATE_REVOKED, ERR_TRUST},
		{GNUTLS_A_CERTIFICATE_EXPIRED, ERR_TRUST},
		{GNUTLS_A_CERTIFICATE_UNKNOWN, ERR_TRUST},
		{GNUTLS_A_UNKNOWN_CA, ERR_TRUST},
		{ALERT_BAD_STATUS_RESPONSE, ERR_TRUST},
		{GNUTLS_A_ACCESS_DENIED, ERR_TRUST},
		{GNUTLS_A_CERTIFICATE_REQUIRED, ERR_TRUST},
		{GNUTLS_A_HANDSHAKE_FAILURE, ERR_LIBRARY},
		{GNUTLS_A_INTERNAL_ERROR, ERR_LIBRARY},
		{GNUTLS_A_PROTOCOL_VERSION, ERR_LIBRARY},
		{GNUTLS_A_DECODE_ERROR, ERR_LIBRARY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair pair;
		char byte;

		pair_start(&pair, i % 2, world.peer, &world.good, FAR_12);
		assert_int_equal(pair_shake(&pair), 0);
		gnutls_alert_send(pair.far.session, GNUTLS_AL_FATAL,
			(gnutls_alert_description_t)rows[i].alert);
		assert_int_equal(channel_read(pair.channel, &byte, 1), rows[i].code);
		assert_int_equal(
			channel_failure(pair.channel)->fault, CHANNEL_REFUSED_BY_THEM);
		assert_int_equal(channel_failure(pair.channel)->alert, rows[i].alert);
		pair_stop(&pair);
	}
}

/* RFC 6066 3: a host name without the root's dot, and no address. */
static void only_a_host_name_is_named(void **state)
{
	static const char *const names[][2] = {{PAIR_HOST, PAIR_HOST},
		{PAIR_HOST ".", PAIR_HOST}, {"192.0.2.1", NULL}, {"2001:db8::1", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct peer *peer = lab_peer(names[i][0], world.trust);
		unsigned type = 0;
		char name[64];
		size_t len = sizeof(name);
		struct pair pair;
		int err;

		pair_start(&pair, false, peer, &world.good, FAR_13);
		pair_shake(&pair);
		err = gnutls_server_name_get(pair.far.session, name, &len, &type, 0);
		assert_int_equal(err == 0, names[i][1] != NULL);
		if (names[i][1])
			assert_string_equal(name, names[i][1]);
		pair_stop(&pair);
		peer_set_unref(peer->set);
	}
}

static void connect_and_part(void *arg)
{
	const struct lab_id *const ids[] = {&world.good, arg, NULL};

	for (unsigned i = 0; i < 6; i++) {
		struct pair pair;

		pair_start(&pair, i % 2, world.peer, ids[i / 2], FAR_13);
		(void)pair_shake(&pair);
		/* Left unread: another record waits in the channel. */
		if (pair.result == 0)
			gnutls_record_send(pair.far.session, "INVITE", 6);
		if (pair.result == 0)
			(void)channel_read(pair.channel, &(char){0}, 1);
		pair_stop(&pair);
	}
}

/* Good, refused, without a certificate; and cut while something waits to be read. */
static void connections_keep_nothing(void **state)
{
	struct lab_id rogue, bad;

	(void)state;
	lab_root(&rogue, "Rogue CA");
	lab_host(&bad, PAIR_HOST, &rogue);
	assert_keeps_nothing(connect_and_part, &bad);
	lab_drop(&bad);
	lab_drop(&rogue);
}

static void a_write_tells_their_refusal(void **state)
{
	struct pair pair;
	ssize_t n = 0;

	(void)state;
	pair_start(&pair, false, world.peer, &world.good, FAR_13);
	gnutls_session_set_verify_function(pair.far.session, far_refuses);
	pair_shake(&pair);
	gnutls_alert_send(
		pair.far.session, GNUTLS_AL_FATAL, GNUTLS_A_CERTIFICATE_EXPIRED);
	shutdown(pair.far.fd, SHUT_RDWR);
	n = channel_write(pair.channel, "INVITE", 6);
	assert_int_equal(n, ERR_TRUST);
	assert_words(pair.channel, "by=them alert=\"certificate_expired\"");
	pair_stop(&pair);
}

/* RFC 8446 4.4.2.2: the handshake is signed with it. What the library finds is told as a rule
 * of ours. */
static void a_key_that_may_not_sign_is_refused_for_its_usage(void **state)
{
	const struct lab_spec spec = {
		.sans = {{'D', PAIR_HOST, 0}}, .key_usage = GNUTLS_KEY_KEY_AGREEMENT};
	struct lab_id id;

	(void)state;
	lab_issue(&id, &spec, &world.root);
	pair_refuse(world.cred, world.peer, &id, PEER_PURPOSE,
		GNUTLS_A_UNSUPPORTED_CERTIFICATE,
		"detail=\"its key usage does not allow digital signatures\"");
	lab_drop(&id);
}

/* Whoever asks without saying who may be there has judged nothing, and closed nothing. */
static void judged_again_by_nobody_it_stays_as_it_was(void **state)
{
	(void)state;
	for (int kind = 0; kind < PAIR_KINDS; kind++) {
		bool accept = kind & 1;
		struct peer_set *set = world.peer->set;
		struct pair pair;

		pair_start(&pair, accept, world.peer, &world.good,
			kind & 2 ? FAR_12 : FAR_13);
		assert_int_equal(pair_shake(&pair), 0);
		assert_int_equal(channel_judge_again(pair.channel, accept ? NULL : set,
					 accept ? world.peer : NULL),
			-EINVAL);
		assert_ptr_equal(channel_peer(pair.channel), world.peer);
		assert_int_equal(channel_write(pair.channel, "x", 1), 1);
		pair_stop(&pair);
	}
}

/* The extension of TYPE in the ClientHello of LEN bytes, behind its length; NULL: it has none. */
static const unsigned char *find_extension(
	const unsigned char *hello, size_t len, unsigned type, unsigned *ret_len)
{
	size_t at = 5 + 4 + 2 + 32;

	at += 1U + hello[at];
	at += 2U + ((unsigned)hello[at] << 8 | hello[at + 1]); /* suites */
	at += 1U + hello[at];
	at += 2;
	while (at + 4 <= len) {
		unsigned found = (unsigned)(hello[at] << 8 | hello[at + 1]);

		*ret_len = (unsigned)(hello[at + 2] << 8 | hello[at + 3]);
		if (found == type)
			return hello + at + 4;
		at += 4 + *ret_len;
	}
	return NULL;
}

/* Nothing that could resume a session (tickets, pre-shared keys, early data), no heartbeat; an OCSP
 * response is asked for. */
static void our_hello_asks_for_no_resumption(void **state)
{
	static const unsigned wanted[] = {0, 5, 10, 13, 43, 51};
	static const unsigned unwanted[] = {15, 35, 41, 42, 44};
	unsigned char hello[2048];
	const unsigned char *shares;
	struct pair pair;
	unsigned len = 0;
	ssize_t n;

	(void)state;
	pair_start(&pair, false, world.peer, &world.good, FAR_13);
	assert_int_equal(channel_handshake(pair.channel), -EAGAIN);
	n = recv(pair.far.fd, hello, sizeof(hello), MSG_PEEK);
	assert_in_range(n, 100, sizeof(hello) - 1);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_non_null(find_extension(hello, (size_t)n, wanted[i], &len));
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		assert_null(find_extension(hello, (size_t)n, unwanted[i], &len));
	/* One key share, of P-256. */
	shares = find_extension(hello, (size_t)n, 51, &len);
	assert_int_equal(len, 2 + 4 + 65);
	assert_int_equal(shares[2] << 8 | shares[3], 23);
	pair_stop(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_in_clear_is_told_as_theirs),
		cmocka_unit_test(their_refusal_is_told_as_theirs),
		cmocka_unit_test(their_alert_tells_distrust_from_the_rest),
		cmocka_unit_test(only_a_host_name_is_named),
		cmocka_unit_test(connections_keep_nothing),
		cmocka_unit_test(a_write_tells_their_refusal),
		cmocka_unit_test(a_key_that_may_not_sign_is_refused_for_its_usage),
		cmocka_unit_test(judged_again_by_nobody_it_stays_as_it_was),
		cmocka_unit_test(our_hello_asks_for_no_resumption),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
