/* What a probe says of SRTP, and that its call never stays: against a far end over TLS that
 * answers as each case says. */
#include "../unit.h"

#include "../tls/lab.h"

#include "config/config.h"
#include "probe/probe.h"
#include "sip/compose.h"
#include "sip/transport.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEY "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define SDP(proto, port, lines)                                                          \
	"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"      \
	"m=audio " port " " proto " 8\r\n" lines
#define SECURE SDP("RTP/SAVP", "4000", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n")
#define PLAIN SDP("RTP/AVP", "4000", "")

/* The far end's part. */
struct script {
	const char *options_sdp; /* NULL: without, as the other two */
	int provisional;         /* to INVITE; 0: none */
	const char *provisional_sdp;
	int final; /* to INVITE; 0: none */
	const char *final_sdp;
	bool picks_up_late; /* a CANCEL comes too late: 200 with SECURE */
};

static struct clock_virtual virtual_clock;
static struct loop *loop;
static struct resolver *resolver;
static struct trunks *trunks;
static struct config *config;
static struct transport *far;
static struct lab_id root, gateway_id, us_id;
static struct cred *gateway_cred;
static struct peer *us_peer;
static uint16_t far_port;

static const struct script *script;
static struct message *invite; /* that the far end has not answered for good */
static char seen[200];         /* the methods that it saw */

static struct probe_step srtp;
static enum probe_step_kind failed;
static unsigned ended;

/* ---- the far end ---- */

static void answer(
	struct flow *flow, const struct message *request, int status, const char *sdp)
{
	struct buf out;

	buf_init(&out, 0);
	assert_int_equal(compose_response(&out, request, status, NULL, "far"), 0);
	buf_add_str(&out, "Contact: <sip:far@127.0.0.1;transport=tls>\r\n");
	compose_body(&out, sdp ? "application/sdp" : NULL, span_of(sdp));
	assert_int_equal(out.err, 0);
	assert_int_equal(flow_send(flow, 0, out.data, out.len), 0);
	buf_free(&out);
}

static void end_invite(struct flow *flow, int status, const char *sdp)
{
	if (!invite)
		return;
	answer(flow, invite, status, sdp);
	message_unref(invite);
	invite = NULL;
}

static void receive_invite(struct flow *flow, struct message *message)
{
	invite = message_ref(message);
	answer(flow, message, 100, NULL);
	if (script->provisional)
		answer(flow, message, script->provisional, script->provisional_sdp);
	if (script->final)
		end_invite(flow, script->final, script->final_sdp);
}

static void far_message_h(void *arg, struct flow *flow, struct message *message,
	const struct message_fault *fault)
{
	size_t len = strlen(seen);

	(void)arg;
	assert_int_equal(fault->status, 0);
	assert_true(message_is_request(message));
	snprintf(seen + len, sizeof(seen) - len, "%s%s", len ? " " : "",
		message_method_str(message_method(message)));
	switch (message_method(message)) {
	case MESSAGE_OPTIONS:
		answer(flow, message, 200, script->options_sdp);
		break;
	case MESSAGE_INVITE:
		receive_invite(flow, message);
		break;
	case MESSAGE_CANCEL:
		answer(flow, message, 200, NULL);
		end_invite(flow, script->picks_up_late ? 200 : 487,
			script->picks_up_late ? SECURE : NULL);
		break;
	case MESSAGE_BYE:
		answer(flow, message, 200, NULL);
		break;
	default:
		assert_int_equal(message_method(message), MESSAGE_ACK);
	}
}

static void start_far(void)
{
	const struct transport_params params = {.name = "far",
		.loop = loop,
		.handlers = {.message_h = far_message_h},
		.quiet = true};
	struct err_text text = {""};
	struct addr address, bound;
	int fd;

	assert_int_equal(transport_new(&far, &params), 0);
	transport_set_tls(far, gateway_cred, us_peer->set);
	assert_int_equal(addr_parse(&address, "127.0.0.1", 0), 0);
	if (transport_bind(TRANSPORT_TLS, &address, &fd, &text) ||
		transport_listen(far, TRANSPORT_TLS, fd, &bound, &text))
		fail_msg("%s", text.text);
	far_port = addr_port(&bound);
}

/* ---- the lab ---- */

static void make_certificates(void)
{
	static const struct lab_spec gateway = {
		.cn = "gw", .sans = {{'I', "\x7f\x00\x00\x01", 4}}};

	struct trust *trust;

	lab_root(&root, "Probe CA");
	lab_issue(&gateway_id, &gateway, &root);
	lab_host(&us_id, "us.example.com", &root);
	lab_write_chain("ca.pem", &root);
	lab_write_chain("us.pem", &us_id);
	lab_write_key("us.key", &us_id, 0600);
	gateway_cred = lab_cred(&gateway_id);
	trust = lab_trust(&root);
	us_peer = lab_peer("us.example.com", trust);
	trust_unref(trust);
}

static int setup(void **state)
{
	struct timespec now;

	(void)state;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_virtual_init(&virtual_clock, (uint64_t)now.tv_sec * 1000000);
	lab_start();
	assert_int_equal(mkdir(lab_path("gateways.d"), 0700), 0);
	make_certificates();
	assert_int_equal(loop_new(&loop, &virtual_clock.clock), 0);
	assert_int_equal(resolver_new(&resolver, loop, NULL), 0);
	start_far();
	seen[0] = '\0';
	ended = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	message_unref(invite);
	invite = NULL;
	transport_free(far);
	trunks_free(trunks);
	config_unref(config);
	resolver_free(resolver);
	loop_free(loop);
	cred_unref(gateway_cred);
	peer_set_unref(us_peer->set);
	lab_drop(&us_id);
	lab_drop(&gateway_id);
	lab_drop(&root);
	unlink(lab_path("gateways.d/gw.conf"));
	rmdir(lab_path("gateways.d"));
	lab_stop();
	return 0;
}

/* The gateway at the far end, with these LINES more. */
static struct trunk *make_trunk(const char *lines)
{
	static const char text[] =
		"[tandem]\nfqdn = us.example.com\n"
		"[internal]\ncertificate = us.pem\nkey = us.key\ntrust = ca.pem\n"
		"[server pbx1]\nhost = pbx1.example.com\n"
		"[external]\ntls = 127.0.0.1:5061\nudp = 127.0.0.1:5060\n"
		"certificate = us.pem\nkey = us.key\ntrust = ca.pem\n"
		"[media]\ninternal-address = 127.0.0.1\nexternal-address = 127.0.0.1\n";
	struct config_errors errors;
	struct err_text why = {""};
	char gateway[400];

	snprintf(gateway, sizeof(gateway),
		"[gateway]\nhost = 127.0.0.1\nport = %u\ntls = observe\n"
		"suites = AES_CM_128_HMAC_SHA1_80\n%s",
		(unsigned)far_port, lines);
	lab_write("gateways.d/gw.conf", gateway, strlen(gateway), 0600);
	lab_write("tandem.conf", text, strlen(text), 0600);
	config_errors_init(&errors);
	if (config_load(&config, lab_path("tandem.conf"), &errors))
		fail_msg("%s", buf_str(&errors.text));
	config_errors_free(&errors);
	assert_int_equal(trunks_new(&trunks, loop, resolver), 0);
	if (trunks_apply(trunks, config, &why))
		fail_msg("%s", why.text);
	return trunks_find(trunks, TRUNK_GATEWAY, "gw");
}

static void probed_h(void *arg, const struct probe_result *result)
{
	(void)arg;
	ended++;
	failed = result->failed;
	srtp = result->steps[PROBE_SRTP];
}

static struct probe *start(const struct script *far_script, const char *lines)
{
	struct err_text text = {""};
	struct probe *probe = NULL;
	struct probe_params params = {.loop = loop,
		.resolver = resolver,
		.trunk = make_trunk(lines),
		.quiet = true,
		.h = probed_h};

	script = far_script;
	params.cred = trunks_cred(trunks, TRUNK_GATEWAY);
	if (probe_start(&probe, &params, &text))
		fail_msg("%s", text.text);
	return probe;
}

#define UNTIL(condition)                                                                 \
	do {                                                                             \
		time_t until_end = time(NULL) + 20;                                      \
		while (!(condition)) {                                                   \
			if (time(NULL) > until_end)                                      \
				fail_msg("never: %s; seen: %s", #condition, seen);       \
			assert_int_equal(loop_turn(loop, 50), 0);                        \
		}                                                                        \
	} while (0)

/* The whole probe: what it says, and what the far end saw. */
static void expect(const struct script *far_script, const char *lines,
	enum probe_verdict verdict, const char *words, const char *methods)
{
	start(far_script, lines);
	UNTIL(ended);
	if (srtp.verdict != verdict || !strstr(srtp.words, words))
		fail_msg("%s: %s", probe_verdict_name(srtp.verdict), srtp.words);
	assert_int_equal(failed, verdict == PROBE_FAILED ? PROBE_SRTP : PROBE_STEPS);
	UNTIL(strcmp(seen, methods) == 0);
	assert_null(invite);
}

#define NUMBER "probe-number = +4930999\n"

/* ---- what it says of itself ---- */

static void nothing_is_known_without_sdp(void **state)
{
	static const struct script mute = {0};

	(void)state;
	expect(&mute, "", PROBE_UNKNOWN, "says nothing of media", "OPTIONS");
	assert_non_null(strstr(srtp.fix, "probe-number"));
}

static void a_suite_that_it_names_is_enough(void **state)
{
	static const struct script able = {
		.options_sdp = SDP("RTP/SAVP", "0",
			"a=crypto:1 F8_128_HMAC_SHA1_80 " KEY "\r\na=crypto:2 "
			"AES_CM_128_HMAC_SHA1_80 " KEY "\r\n")};

	(void)state;
	expect(&able, "", PROBE_OK, "AES_CM_128_HMAC_SHA1_80", "OPTIONS");
}

static void a_suite_that_is_not_allowed_is_not(void **state)
{
	static const struct script weak = {
		.options_sdp = SDP("RTP/SAVP", "0",
			"a=crypto:1 "
			"AES_CM_128_HMAC_SHA1_32 " KEY "\r\n")};

	(void)state;
	expect(&weak, "", PROBE_FAILED, "no SRTP suite", "OPTIONS");
}

static void rtp_alone_is_not_enough(void **state)
{
	static const struct script plain = {.options_sdp = PLAIN};

	(void)state;
	expect(&plain, "", PROBE_FAILED, "RTP alone", "OPTIONS");
}

static void rtp_alone_is_enough_where_srtp_is_optional(void **state)
{
	static const struct script plain = {.options_sdp = PLAIN};

	(void)state;
	expect(&plain, "srtp = optional\n", PROBE_OK, "in clear", "OPTIONS");
}

/* ---- what it answers to a call ---- */

static void early_media_tell_and_the_call_is_cancelled(void **state)
{
	static const struct script early = {
		.options_sdp = PLAIN, .provisional = 183, .provisional_sdp = SECURE};

	(void)state;
	expect(&early, NUMBER, PROBE_OK, "takes SRTP with AES_CM_128_HMAC_SHA1_80",
		"OPTIONS INVITE CANCEL ACK");
}

static void a_call_that_is_answered_meanwhile_is_ended(void **state)
{
	static const struct script late = {
		.provisional = 183, .provisional_sdp = SECURE, .picks_up_late = true};

	(void)state;
	expect(&late, NUMBER, PROBE_OK, "takes SRTP", "OPTIONS INVITE CANCEL ACK BYE");
}

static void an_answer_tells_and_the_call_is_ended(void **state)
{
	static const struct script answered = {.final = 200, .final_sdp = SECURE};

	(void)state;
	expect(&answered, NUMBER, PROBE_OK, "takes SRTP", "OPTIONS INVITE ACK BYE");
}

static void an_answer_of_rtp_fails(void **state)
{
	static const struct script plain = {.final = 200, .final_sdp = PLAIN};

	(void)state;
	expect(&plain, NUMBER, PROBE_FAILED, "answered an offer of SRTP with RTP",
		"OPTIONS INVITE ACK BYE");
}

static void an_answer_of_rtp_will_do_where_srtp_is_optional(void **state)
{
	static const struct script plain = {.final = 200, .final_sdp = PLAIN};

	(void)state;
	expect(&plain, NUMBER "srtp = optional\n", PROBE_OK, "in clear",
		"OPTIONS INVITE ACK BYE");
}

static void keys_in_rtp_fail_where_srtp_is_required(void **state)
{
	static const struct script mixed = {.final = 200,
		.final_sdp = SDP("RTP/AVP", "4000",
			"a=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n")};

	(void)state;
	expect(&mixed, NUMBER, PROBE_FAILED, "RTP/AVP and a key",
		"OPTIONS INVITE ACK BYE");
}

static void a_line_that_was_not_offered_fails(void **state)
{
	static const struct script other = {.final = 200,
		.final_sdp = SDP("RTP/SAVP", "4000",
			"a=crypto:2 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n")};

	(void)state;
	expect(&other, NUMBER, PROBE_FAILED, "takes none of ours",
		"OPTIONS INVITE ACK BYE");
}

static void a_refused_line_fails(void **state)
{
	static const struct script closed = {
		.final = 200, .final_sdp = SDP("RTP/SAVP", "0", "")};

	(void)state;
	expect(&closed, NUMBER, PROBE_FAILED, "refused the audio line",
		"OPTIONS INVITE ACK BYE");
}

static void an_answer_without_sdp_fails(void **state)
{
	static const struct script bare = {.final = 200};

	(void)state;
	expect(&bare, NUMBER, PROBE_FAILED, "without SDP", "OPTIONS INVITE ACK BYE");
}

static void media_that_are_refused_fail(void **state)
{
	static const struct script refused = {.final = 488};

	(void)state;
	expect(&refused, NUMBER, PROBE_FAILED, "488", "OPTIONS INVITE ACK");
}

static void a_number_that_is_refused_says_nothing(void **state)
{
	static const struct script unknown = {.final = 404};

	(void)state;
	expect(&unknown, NUMBER, PROBE_UNKNOWN, "404", "OPTIONS INVITE ACK");
}

static void a_phone_that_only_rings_says_nothing(void **state)
{
	static const struct script rings = {.provisional = 180};

	(void)state;
	start(&rings, NUMBER);
	UNTIL(strcmp(seen, "OPTIONS INVITE") == 0);
	for (int i = 0; i < 5; i++) /* what was sent is read */
		assert_int_equal(loop_turn(loop, 50), 0);
	clock_virtual_advance(&virtual_clock, (PROBE_STEP_MS + 100) * 1000);
	UNTIL(ended);
	assert_int_equal(srtp.verdict, PROBE_UNKNOWN);
	assert_non_null(strstr(srtp.words, "no answer that names media"));
	assert_int_equal(failed, PROBE_STEPS);
	UNTIL(strcmp(seen, "OPTIONS INVITE CANCEL ACK") == 0);
}

static void a_probe_that_is_given_up_cancels_its_call(void **state)
{
	static const struct script rings = {.provisional = 180};
	struct probe *probe;

	(void)state;
	probe = start(&rings, NUMBER);
	UNTIL(strcmp(seen, "OPTIONS INVITE") == 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(loop_turn(loop, 50), 0);
	probe_cancel(probe);
	UNTIL(strcmp(seen, "OPTIONS INVITE CANCEL") == 0);
	assert_int_equal(ended, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_is_known_without_sdp),
		CASE(a_suite_that_it_names_is_enough),
		CASE(a_suite_that_is_not_allowed_is_not),
		CASE(rtp_alone_is_not_enough),
		CASE(rtp_alone_is_enough_where_srtp_is_optional),
		CASE(early_media_tell_and_the_call_is_cancelled),
		CASE(a_call_that_is_answered_meanwhile_is_ended),
		CASE(an_answer_tells_and_the_call_is_ended),
		CASE(an_answer_of_rtp_fails),
		CASE(an_answer_of_rtp_will_do_where_srtp_is_optional),
		CASE(keys_in_rtp_fail_where_srtp_is_required),
		CASE(a_line_that_was_not_offered_fails),
		CASE(a_refused_line_fails),
		CASE(an_answer_without_sdp_fails),
		CASE(media_that_are_refused_fail),
		CASE(a_number_that_is_refused_says_nothing),
		CASE(a_phone_that_only_rings_says_nothing),
		CASE(a_probe_that_is_given_up_cancels_its_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
