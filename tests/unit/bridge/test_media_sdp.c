/* Mediation: what one leg's description becomes for the other, and what the relay is told. */
#include "media_sdp_rig.h"

#include "bridge/media_here.h"

static void crosses_both_ways(void **state)
{
	static const char *const offered[] = {"c=IN IP4 192.0.2.1\r\n",
		"m=audio 40000 RTP/AVP 8 0 101\r\n", "a=sendrecv\r\n", "s=-\r\n", NULL};
	static const char *const answered[] = {"c=IN IP4 10.0.0.1\r\n",
		"m=audio 40000 RTP/SAVP 8\r\n",
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:", NULL};
	static const char *const hidden[] = {
		"10.0.0.9", "192.0.2.9", "secret", "alice", KEY30, NULL};
	static const char *const plain[] = {"crypto", NULL};
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_lines(&out, offered, hidden);
	assert_lines(&out, offered, plain);
	/* nothing flows before the answer */
	assert_told(&rig, RELAY_A, 0, "reserved");
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	assert_lines(&out, answered, hidden);
	assert_told(&rig, RELAY_A, 0,
		"rtp=10.0.0.9:20000 suite=AES_CM_128_HMAC_SHA1_80 * send receive "
		"clock=8/8000 rx=" KEY30 " tx=*");
	assert_told(&rig, RELAY_B, 0,
		"rtp=192.0.2.9:30000 suite=RTP * send receive clock=8/8000");
	buf_free(&out);
	rig_free(&rig);
}

struct heard {
	unsigned count;
	char text[400];
};

static void keys_h(void *arg, const struct bridge_media_keys *keys)
{
	char local[ADDR_TEXT_SIZE], remote[ADDR_TEXT_SIZE];
	struct heard *heard = arg;
	struct buf theirs, ours;

	buf_init(&theirs, 0);
	buf_init(&ours, 0);
	sdes_print(keys->theirs, &theirs);
	sdes_print(keys->ours, &ours);
	snprintf(heard->text, sizeof(heard->text), "%s %u %s %s %s | %s", keys->leg,
		keys->line, addr_text(keys->local, local),
		addr_text(keys->remote, remote), buf_str(&theirs), buf_str(&ours));
	heard->count++;
	buf_free(&theirs);
	buf_free(&ours);
}

static void keys_that_are_agreed_are_told(void **state)
{
	struct heard heard = {.count = 0};
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	rig.bridge.keys_h = keys_h;
	rig.bridge.keys_arg = &heard;
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_int_equal(heard.count, 0);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	/* of the leg that has SRTP, and not of the other one */
	assert_int_equal(heard.count, 1);
	if (fnmatch("a 0 10.0.0.1:40000 10.0.0.9:20000 "
		    "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 "* | "
		    "1 AES_CM_128_HMAC_SHA1_80 inline:*",
		    heard.text, 0) != 0)
		fail_msg("%s", heard.text);
	buf_free(&out);
	rig_free(&rig);
}

/* RFC 3264 6.1: every offered direction with every answered one. */
static void mirrors_directions(void **state)
{
	static const struct {
		const char *offered, *answered;
		const char *result;              /* in the answer to a */
		const char *internal, *external; /* what the relay may do there */
	} rows[] = {
		{"sendrecv", "sendrecv", "sendrecv", "* send receive*",
			"* send receive*"},
		{"sendrecv", "sendonly", "sendonly", "* send receive*", "* receive*"},
		{"sendrecv", "recvonly", "recvonly", "* send receive*", "* send*"},
		{"sendrecv", "inactive", "inactive", "* send receive*", "*"},
		{"sendonly", "recvonly", "recvonly", "* receive*", "* send*"},
		/* an answer that claims more than was offered is cut */
		{"sendonly", "sendrecv", "recvonly", "* receive*", "* send*"},
		{"recvonly", "sendonly", "sendonly", "* send*", "* receive*"},
		{"inactive", "inactive", "inactive", "*", "*"},
	};
	char lines[256];
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *none[] = {NULL};
		const char *wanted[] = {lines, NULL};
		struct rig rig;

		rig_init(&rig);
		snprintf(lines, sizeof(lines), AUDIO "a=%s\r\n", rows[i].offered);
		assert_int_equal(offer(&rig, lines, &out), 0);
		snprintf(lines, sizeof(lines), "a=%s\r\n", rows[i].offered);
		assert_lines(&out, wanted, none);
		snprintf(lines, sizeof(lines), "m=audio 30000 RTP/AVP 8\r\na=%s\r\n",
			rows[i].answered);
		assert_int_equal(answer(&rig, lines, &out), 0);
		snprintf(lines, sizeof(lines), "a=%s\r\n", rows[i].result);
		assert_lines(&out, wanted, none);
		assert_told(&rig, RELAY_A, 0, rows[i].internal);
		assert_told(&rig, RELAY_B, 0, rows[i].external);
		rig_free(&rig);
	}
	buf_free(&out);
}

static void refuses_what_it_cannot_serve(void **state)
{
	static const char *const rows[] = {
		"m=audio 20000 RTP/AVP 8\r\n",         /* no SRTP from a server */
		"m=audio 20000 RTP/SAVP 8\r\n",        /* no key */
		"m=image 20000 udptl t38\r\n",         /* by default */
		"m=audio 20000 RTP/SAVP 3\r\n" CRYPTO, /* no codec of ours */
		"m=audio 20000 RTP/SAVP 101\r\na=rtpmap:101 "
		"telephone-event/8000\r\n" CRYPTO,
	};
	char *words[] = {(char[]){"PCMA"}};
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig rig;

		rig_init(&rig);
		rig.gateway.common.codecs = (struct config_words){words, 1};
		if (offer(&rig, rows[i], &out) != ERR_SUPPORT)
			fail_msg("taken: %s", rows[i]);
		assert_told(&rig, RELAY_A, 0, "none");
		rig_free(&rig);
	}
	buf_free(&out);
}

static void serves_one_line_of_two(void **state)
{
	static const char *const wanted[] = {
		"m=audio 40000 RTP/AVP 8 0 101\r\n", "m=video 0 RTP/AVP 96\r\n", NULL};
	static const char *const unwanted[] = {"a=rtpmap:96", NULL};
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(
		offer(&rig,
			AUDIO "m=video 20002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
			&out),
		0);
	assert_lines(&out, wanted, unwanted);
	assert_int_equal(
		answer(&rig, "m=audio 30000 RTP/AVP 8\r\nm=video 0 RTP/AVP 96\r\n", &out),
		0);
	assert_told(&rig, RELAY_B, 1, "none");
	rig_free(&rig);
	buf_free(&out);
}

/* Media of a gateway with an address of its own; the next candidate may have another. */
static void media_is_where_the_gateway_has_it(void **state)
{
	static const char *const first[] = {
		"c=IN IP4 198.51.100.7\r\n", "m=audio 40000 RTP/AVP 8 0 101\r\n", NULL};
	static const char *const second[] = {
		"c=IN IP4 192.0.2.3\r\n", "m=audio 40002 RTP/AVP 8 0 101\r\n", NULL};
	static const char *const third[] = {
		"c=IN IP4 192.0.2.1\r\n", "m=audio 40004 RTP/AVP 8 0 101\r\n", NULL};
	static const char *const unwanted[] = {NULL};
	struct addr local;
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(
		addr_parse(&rig.gateway.common.media.address, "192.0.2.2", 0), 0);
	assert_int_equal(
		addr_parse(&rig.gateway.common.media.advertise, "198.51.100.7", 0), 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_lines(&out, first, unwanted);
	relay_stream_local(rig.session, 0, RELAY_B, &local);
	assert_true(addr_equal_host(&local, &rig.gateway.common.media.address));
	relay_stream_local(rig.session, 0, RELAY_A, &local);
	assert_true(addr_equal_host(&local, &rig.config.media.internal[0]));

	assert_int_equal(
		addr_parse(&rig.gateway.common.media.address, "192.0.2.3", 0), 0);
	rig.gateway.common.media.advertise.len = 0;
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_lines(&out, second, unwanted);
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_lines(&out, second, unwanted);

	rig.gateway.common.media.address.len = 0;
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_lines(&out, third, unwanted);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	rig_free(&rig);
	buf_free(&out);
}

/* Only toward the gateway that asks for it, with what either side may send. */
static void says_what_may_latch(void **state)
{
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	rig.gateway.latch = true;
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8 96\r\n", &out), 0);
	/* 0 and 8; 96 and 101 */
	assert_told(&rig, RELAY_B, 0, "* send receive latch=2100000000:101 clock=8/8000");
	assert_told(&rig, RELAY_A, 0, "* send receive clock=8/8000 rx=*");
	rig_free(&rig);
	buf_free(&out);
}

#define FAX "m=image 20000 udptl t38\r\na=T38FaxVersion:0\r\n"

/* Our key toward the server, as the relay was told. */
static struct secret sealing_key(const struct rig *rig)
{
	return rig->a.streams[0]->now.ours.key;
}

/* Audio, fax in its place, audio: no key crosses the fax, and none is used twice. */
static void fax_in_the_place_of_audio_and_back(void **state)
{
	static const char *const wanted[] = {
		"m=image 40000 udptl t38\r\n", "a=T38FaxVersion:0\r\n", NULL};
	static const char *const unwanted[] = {"crypto", "RTP", "rtcp-mux", NULL};
	struct config_server relaying = server;
	struct secret before, after;
	struct rig rig;
	struct buf out;

	(void)state;
	relaying.common.media.t38 = CONFIG_T38_RELAY;
	rig_init(&rig);
	rig.a.server = &relaying;
	rig.a.settings = &relaying.common;
	rig.gateway.common.media.t38 = CONFIG_T38_RELAY;
	rig.gateway.latch = true;
	rig.gateway.rtcp_mux = true;
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	assert_false(rig.a.udptl || rig.b.udptl);
	before = sealing_key(&rig);
	assert_int_equal(offer(&rig, FAX, &out), 0);
	assert_lines(&out, wanted, unwanted);
	assert_int_equal(answer(&rig, FAX, &out), 0);
	assert_lines(&out, wanted, unwanted);
	assert_true(rig.a.udptl && rig.b.udptl);
	assert_told(&rig, RELAY_A, 0, "rtp=10.0.0.9:20000 suite=UDPTL send receive");
	assert_told(&rig, RELAY_B, 0,
		"rtp=192.0.2.9:20000 suite=UDPTL send receive latch=0:0");
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	assert_told(&rig, RELAY_A, 0, "* suite=AES_CM_128_HMAC_SHA1_80 *");
	assert_told(&rig, RELAY_B, 0, "* suite=RTP *");
	after = sealing_key(&rig);
	assert_false(secret_equal(&before, &after));
	/* what was in clear once is remembered */
	assert_true(rig.a.udptl && rig.b.udptl);
	rig_free(&rig);
	buf_free(&out);
}

/* With TLS a packet that may move the media must be authentic, which UDPTL cannot be. */
static void fax_of_a_gateway_with_tls_does_not_latch(void **state)
{
	struct config_server relaying = server;
	struct rig rig;
	struct buf out;

	(void)state;
	relaying.common.media.t38 = CONFIG_T38_RELAY;
	rig_init(&rig);
	rig.a.server = &relaying;
	rig.a.settings = &relaying.common;
	rig.gateway.common.media.t38 = CONFIG_T38_RELAY;
	rig.gateway.common.tls = CONFIG_TLS_YES;
	rig.gateway.latch = true;
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, FAX, &out), 0);
	assert_int_equal(answer(&rig, FAX, &out), 0);
	assert_told(&rig, RELAY_B, 0, "rtp=192.0.2.9:20000 suite=UDPTL send receive");
	rig_free(&rig);
	buf_free(&out);
}

static void says_when_ports_are_gone(void **state)
{
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	told_set_empty(rig.relay, true);
	assert_int_equal(offer(&rig, AUDIO, &out), -EADDRNOTAVAIL);
	rig_free(&rig);
	buf_free(&out);
}

static void a_cancelled_change_leaves_what_was_agreed(void **state)
{
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	assert_false(media_sdp_on_hold(&rig.a));
	assert_int_equal(offer(&rig,
				 "m=audio 26000 RTP/SAVP 8\r\n" CRYPTO "a=sendonly\r\n"
				 "m=video 26002 RTP/SAVP 96\r\n" CRYPTO,
				 &out),
		0);
	assert_told(&rig, RELAY_A, 1, "reserved");
	media_sdp_cancel(rig.session, &rig.a, &rig.b);
	assert_told(&rig, RELAY_A, 0, "rtp=10.0.0.9:20000 *");
	assert_told(&rig, RELAY_A, 1, "none");
	assert_false(media_sdp_on_hold(&rig.a));
	/* and the next change begins afresh */
	assert_int_equal(offer(&rig, AUDIO "a=sendonly\r\n", &out), 0);
	assert_int_equal(
		answer(&rig, "m=audio 30000 RTP/AVP 8\r\na=recvonly\r\n", &out), 0);
	assert_true(media_sdp_on_hold(&rig.a));
	/* a picture that goes one way beside audio that goes both is no hold */
	assert_int_equal(offer(&rig,
				 AUDIO "m=video 26002 RTP/SAVP 96\r\n" CRYPTO
				       "a=rtpmap:96 H264/90000\r\na=sendonly\r\n",
				 &out),
		0);
	assert_int_equal(answer(&rig,
				 "m=audio 30000 RTP/AVP 8\r\n"
				 "m=video 30002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
				 "a=recvonly\r\n",
				 &out),
		0);
	assert_false(media_sdp_on_hold(&rig.a));
	rig_free(&rig);
	buf_free(&out);
}

static void count_left_out(void *arg, enum log_level level, const char *line)
{
	unsigned *count = arg;

	if (strstr(line, "event=sdp-attribute-left-out"))
		++*count;
	assert_true(level == LOG_LEVEL_DEBUG || !strstr(line, "left-out"));
	assert_null(strstr(line, "value"));
}

/* Once a trunk and name, however often it comes; and no name that each hop has of its own. */
static void attributes_left_out_are_said_once(void **state)
{
	static const char lines[] =
		AUDIO "a=one:value\r\na=two:value\r\na=one:more\r\na=sendrecv\r\n";
	enum log_level before = log_get_level();
	struct config_server named = server;
	char first[] = "pbx1", second[] = "pbx2";
	struct rig rig;
	struct buf out;
	unsigned count = 0;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	named.common.id = first;
	rig.a.settings = &named.common;
	log_set_sink(count_left_out, &count);
	assert_int_equal(offer(&rig, lines, &out), 0);
	assert_int_equal(count, 0);
	log_set_level(LOG_LEVEL_DEBUG);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(offer_again(&rig, &out), 0);
		/* one and two; crypto, tool and sendrecv are the hop's */
		assert_int_equal(count, 2);
	}
	named.common.id = second;
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_int_equal(count, 4);
	log_set_level(before);
	log_set_sink(NULL, NULL);
	rig_free(&rig);
	buf_free(&out);
}

/* The setting of either trunk counts; what belongs to one hop crosses by no setting. */
static void a_trunk_may_add_attributes(void **state)
{
	static const char lines[] = AUDIO "a=x-note:1\r\na=X-Note:2\r\na=acap:3\r\n";
	static const char *const crosses[] = {"a=x-note:1\r\n", NULL};
	static const char *const hidden[] = {"X-Note", "acap", NULL};
	static const char *const none[] = {"note", "acap", NULL};
	static const char *const nothing[] = {NULL};
	char note[] = "x-note", capability[] = "acap";
	char *words[] = {note, capability};
	const struct config_words added = {words, 2};
	struct config_server noting = server;
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, lines, &out), 0);
	assert_lines(&out, nothing, none);
	rig.gateway.common.media.sdp_attributes = added;
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_lines(&out, crosses, hidden);
	rig.gateway.common.media.sdp_attributes = (struct config_words){0};
	noting.common.media.sdp_attributes = added;
	rig.a.settings = &noting.common;
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_lines(&out, crosses, hidden);
	rig_free(&rig);
	buf_free(&out);
}

/* Browsers' video has more than a hundred; what does not cross does not count. */
static void many_attributes_refuse_one_line_at_most(void **state)
{
	static const char *const served[] = {"m=audio 40000 RTP/AVP 8 0 101\r\n",
		"m=video 40002 RTP/AVP 96\r\n", NULL};
	static const char *const refused[] = {
		"m=audio 40000 RTP/AVP 8 0 101\r\n", "m=video 0 RTP/SAVP 96\r\n", NULL};
	static const char *const nothing[] = {NULL};

	(void)state;
	for (unsigned count = 108; count <= 300; count += 192) {
		struct buf lines, out;
		struct rig rig;

		rig_init(&rig);
		buf_init(&lines, 0);
		buf_init(&out, 0);
		buf_add_str(&lines, AUDIO "m=video 20002 RTP/SAVP 96\r\n" CRYPTO);
		for (unsigned i = 1; i < count; i++)
			buf_printf(&lines, "a=x:%u\r\n", i);
		assert_int_equal(offer(&rig, buf_str(&lines), &out), 0);
		assert_lines(&out, count > 256 ? refused : served, nothing);
		rig_free(&rig);
		buf_free(&out);
		buf_free(&lines);
	}
}

/* Offers LINES again on leg a, to be answered without leg b. */
static int answer_here(struct rig *rig, const char *lines, struct buf *out)
{
	struct err_text text = {{0}};
	struct sdp *result = NULL;
	bool is_offer;
	int err;

	assert_int_equal(
		offer_receive(&rig->a.offer, parse("10.0.0.9", lines), &is_offer, &text),
		0);
	assert_true(is_offer);
	err = media_here_answer(
		rig->session, &rig->config, &rig->a, &rig->b, &result, &text);
	buf_clear(out);
	if (err)
		offer_cancel(&rig->a.offer);
	else
		sdp_write(result, out);
	sdp_free(result);
	return err;
}

static void our_key_stays_where_we_answer_alone(void **state)
{
	static const char *const none[] = {NULL};
	const char *wanted[] = {"m=audio 40000 RTP/SAVP 8\r\n", NULL, NULL};
	char line[128];
	const char *at;
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	at = strstr(buf_str(&out), "a=crypto:1 ");
	assert_non_null(at);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\r"), at);
	wanted[1] = line;
	assert_int_equal(
		answer_here(&rig, "m=audio 26000 RTP/SAVP 8 0 101\r\n" CRYPTO, &out), 0);
	assert_lines(&out, wanted, none);
	assert_told(&rig, RELAY_A, 0, "rtp=10.0.0.9:26000 *");
	assert_told(&rig, RELAY_B, 0, "rtp=192.0.2.9:30000 *");
	/* neither what was not agreed, nor less protection */
	assert_int_equal(answer_here(&rig, "m=audio 26002 RTP/SAVP 0\r\n" CRYPTO, &out),
		ERR_SUPPORT);
	assert_int_equal(
		answer_here(&rig, "m=audio 26002 RTP/AVP 8\r\n", &out), ERR_SUPPORT);
	assert_told(&rig, RELAY_A, 0, "rtp=10.0.0.9:26000 *");
	buf_free(&out);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crosses_both_ways),
		cmocka_unit_test(keys_that_are_agreed_are_told),
		cmocka_unit_test(mirrors_directions),
		cmocka_unit_test(refuses_what_it_cannot_serve),
		cmocka_unit_test(serves_one_line_of_two),
		cmocka_unit_test(media_is_where_the_gateway_has_it),
		cmocka_unit_test(says_what_may_latch),
		cmocka_unit_test(fax_in_the_place_of_audio_and_back),
		cmocka_unit_test(fax_of_a_gateway_with_tls_does_not_latch),
		cmocka_unit_test(says_when_ports_are_gone),
		cmocka_unit_test(a_cancelled_change_leaves_what_was_agreed),
		cmocka_unit_test(attributes_left_out_are_said_once),
		cmocka_unit_test(a_trunk_may_add_attributes),
		cmocka_unit_test(many_attributes_refuse_one_line_at_most),
		cmocka_unit_test(our_key_stays_where_we_answer_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
