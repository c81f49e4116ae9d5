/* A line that goes on in another relay, as after a restart. */
#define PORT_MIN 63000
#include "relay_test.h"

#include "base/clock.h"
#include "tls/seal.h"

/* What one relay wrote, for the next one. */
struct estate {
	struct seal *seal;
	struct saved_sealer sealer;
	char *text;
};

static uint64_t now_us(void)
{
	return clock_real()->mono_us(clock_real());
}

/* The relay ends, and what it wrote of stream 0 is kept. */
static void write_down(struct fixture *f, struct estate *estate)
{
	struct secret key;
	struct saved saved;
	struct buf text;

	assert_int_equal(secret_random(&key, SEAL_KEY_LEN), 0);
	assert_int_equal(seal_new(&estate->seal, &key), 0);
	estate->sealer = seal_sealer(estate->seal);
	buf_init(&text, 0);
	relay_stop(f->relay);
	assert_int_equal(saved_new(&saved, now_us(), &estate->sealer), 0);
	assert_int_equal(relay_stream_save(f->session, 0, saved), 0);
	assert_int_equal(saved_print(saved, &text), 0);
	saved_free(&saved);
	assert_non_null(buf_str(&text));
	estate->text = buf_steal(&text, NULL);
	relay_close(f->session);
	f->session = NULL;
	relay_free(f->relay);
	f->relay = NULL;
}

static int read_stream(
	struct fixture *f, const struct estate *estate, struct err_text *error)
{
	struct saved saved;
	int err = saved_parse(
		&saved, span_of(estate->text), now_us(), &estate->sealer, error);

	if (err)
		fail_msg("%s", error ? error->text : "");
	err = relay_stream_load(f->session, 0, saved, error);
	saved_free(&saved);
	return err;
}

static void open_session(struct fixture *f)
{
	const struct relay_open open = {.call = CALL, .address = {f->host, f->host}};

	start_relay(f, "127.0.0.1", NULL);
	assert_int_equal(relay_open(f->relay, &f->session, &open), 0);
}

/* Another relay goes on with it. */
static void read_back(struct fixture *f, struct estate *estate)
{
	struct err_text error = {""};
	int err;

	open_session(f);
	err = read_stream(f, estate, &error);
	if (err)
		fail_msg("%s: %s", err_str(err), error.text);
	for (enum relay_end end = 0; end < 2; end++)
		assert_int_equal(
			relay_stream_set(f->session, 0, end, &f->remote[end]), 0);
	settle(f);
}

static void drop(struct estate *estate)
{
	seal_free(estate->seal);
	free(estate->text);
}

static void rebirth(struct fixture *f)
{
	struct estate estate;

	write_down(f, &estate);
	read_back(f, &estate);
	drop(&estate);
}

/* What the peer at END receives next, opened. */
static void receive(struct fixture *f, enum relay_end end, struct test_packet *packet)
{
	struct pollfd ready = {.fd = f->peer[end][0], .events = POLLIN};
	struct addr source = {.len = sizeof(source.v6)};
	ssize_t len;

	assert_int_equal(poll(&ready, 1, DEADLINE_MS), 1);
	len = recvfrom(
		ready.fd, packet->data, sizeof(packet->data), 0, &source.sa, &source.len);
	assert_true(len > 0);
	packet->len = (size_t)len;
	assert_true(addr_equal(&source, &f->local[end][0]));
	if (f->open[end])
		assert_int_equal(srtp_context_open(
					 f->open[end], false, packet->data, &packet->len),
			0);
}

/* One packet from FROM, and how it arrives. */
static void cross(
	struct fixture *f, enum relay_end from, uint16_t seq, struct test_packet *arrived)
{
	struct test_packet packet;

	test_rtp(&packet, 77U + from, seq, 160);
	peer_send(f, from, 0, false, &packet);
	receive(f, !from, arrived);
	assert_memory_equal(arrived->data + 12, packet.data + 12, 160);
}

static uint32_t word(const struct test_packet *packet, size_t at)
{
	const uint8_t *p = packet->data + at;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t seq_of(const struct test_packet *packet)
{
	return (uint16_t)word(packet, 0);
}

static const enum relay_suite suites[] = {
	RELAY_PLAIN, RELAY_AEAD_AES_256_GCM, RELAY_AES_CM_128_HMAC_SHA1_80};

static void numbers_go_on_under_another_ssrc(struct fixture *f, enum relay_suite suite)
{
	struct test_packet before, after;
	struct relay_stats stats;

	announce_both(f, suite, RELAY_PLAIN);
	for (enum relay_end from = 0; from < 2; from++)
		for (uint16_t seq = 1; seq < 4; seq++)
			cross(f, from, seq, &before);
	cross(f, RELAY_A, 4, &before);
	rebirth(f);
	cross(f, RELAY_A, 5, &after);
	assert_int_equal(seq_of(&after), (uint16_t)(seq_of(&before) + 1));
	assert_int_equal(word(&after, 4), word(&before, 4) + 160);
	assert_int_not_equal(word(&after, 8), word(&before, 8));
	cross(f, RELAY_B, 4, &after);
	relay_stats(f->session, 0, RELAY_A, &stats);
	assert_int_equal(stats.rx_packets, 5);
	assert_int_equal(stats.rx_lost, 0);
	assert_int_equal(stats.ssrc_changes, 0);
	assert_true(stats.last_rx_us > 0 && stats.last_rx_us <= now_us());
}

static void a_line_goes_on_where_it_was(void **state)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		struct fixture *f;

		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
		f = *state;
		numbers_go_on_under_another_ssrc(f, suites[i]);
	}
}

static void it_may_happen_again_and_again(void **state)
{
	struct fixture *f = *state;
	struct test_packet before, after;

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	cross(f, RELAY_B, 1, &before);
	for (uint16_t seq = 2; seq < 6; seq++) {
		rebirth(f);
		cross(f, RELAY_B, seq, &after);
		assert_int_equal(seq_of(&after), (uint16_t)(seq_of(&before) + 1));
		assert_int_not_equal(word(&after, 8), word(&before, 8));
		before = after;
	}
}

/* As the peer sealed it, for a second time. */
static void what_came_before_does_not_come_again(void **state)
{
	struct fixture *f = *state;
	struct test_packet sealed[3], arrived;
	struct relay_stats stats;

	announce_both(f, RELAY_AEAD_AES_256_GCM, RELAY_PLAIN);
	for (uint16_t i = 0; i < 3; i++) {
		test_rtp(&sealed[i], 77, (uint16_t)(i + 10), 160);
		assert_int_equal(srtp_context_seal(f->seal[0], false, sealed[i].data,
					 &sealed[i].len),
			0);
		if (i != 1) /* the second one never came */
			send_bytes(f->peer[0][0], &f->local[0][0], &sealed[i]);
		if (i != 1)
			receive(f, RELAY_B, &arrived);
	}
	rebirth(f);
	for (unsigned i = 0; i < 3; i++)
		send_bytes(f->peer[0][0], &f->local[0][0], &sealed[i]);
	cross(f, RELAY_A, 13, &arrived);
	assert_nothing_at(f->peer[1][0]);
	relay_stats(f->session, 0, RELAY_A, &stats);
	assert_int_equal(stats.dropped_replay, 3);
	assert_int_equal(stats.dropped_auth, 0);
}

static void the_roll_over_counter_is_known(void **state)
{
	struct fixture *f = *state;
	struct relay_stats stats;
	struct test_packet arrived;

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	cross(f, RELAY_A, 65534, &arrived);
	cross(f, RELAY_A, 65535, &arrived);
	cross(f, RELAY_A, 0, &arrived);
	rebirth(f);
	cross(f, RELAY_A, 1, &arrived);
	relay_stats(f->session, 0, RELAY_A, &stats);
	assert_int_equal(stats.roll_overs, 1);
	assert_int_equal(stats.roc_changes, 0); /* it was not searched for */
}

static void where_an_end_was_found_stays_known(void **state)
{
	struct fixture *f = *state;
	struct addr said = f->peer_addr[1][0];
	struct test_packet packet, arrived;

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	addr_set_port(&said, 9);
	f->remote[1].rtp = said;
	f->remote[1].latch = true;
	f->remote[1].payload_types[0] = 1;
	assert_int_equal(relay_stream_set(f->session, 0, RELAY_B, &f->remote[1]), 0);
	settle(f);
	cross(f, RELAY_B, 1, &arrived);
	cross(f, RELAY_A, 1, &arrived);
	rebirth(f);
	/* nothing came from there yet */
	test_rtp(&packet, 77, 2, 160);
	peer_send(f, RELAY_A, 0, false, &packet);
	receive(f, RELAY_B, &arrived);
}

static void a_key_that_comes_back_goes_on(void **state)
{
	struct fixture *f = *state;
	const struct relay_key first = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, 1);
	struct test_packet sealed, arrived;
	struct relay_stats stats;

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	test_rtp(&sealed, 77, 1, 160);
	assert_int_equal(
		srtp_context_seal(f->seal[0], false, sealed.data, &sealed.len), 0);
	send_bytes(f->peer[0][0], &f->local[0][0], &sealed);
	receive(f, RELAY_B, &arrived);
	f->remote[0].rx = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, 9);
	assert_int_equal(relay_stream_set(f->session, 0, RELAY_A, &f->remote[0]), 0);
	settle(f);
	rebirth(f);
	f->remote[0].rx = first;
	assert_int_equal(relay_stream_set(f->session, 0, RELAY_A, &f->remote[0]), 0);
	settle(f);
	send_bytes(f->peer[0][0], &f->local[0][0], &sealed);
	cross(f, RELAY_A, 2, &arrived);
	assert_nothing_at(f->peer[1][0]);
	relay_stats(f->session, 0, RELAY_A, &stats);
	assert_int_equal(stats.dropped_replay, 1);
}

static void no_key_is_in_the_text(void **state)
{
	struct fixture *f = *state;
	const struct relay_key keys[] = {
		test_key(RELAY_AEAD_AES_128_GCM, 1), test_key(RELAY_AEAD_AES_128_GCM, 3)};
	struct test_packet arrived;
	struct estate estate;

	announce_both(f, RELAY_AEAD_AES_128_GCM, RELAY_PLAIN);
	cross(f, RELAY_A, 1, &arrived);
	cross(f, RELAY_B, 1, &arrived);
	write_down(f, &estate);
	for (unsigned i = 0; i < 2; i++) {
		char hex[17];

		for (unsigned j = 0; j < 8; j++)
			snprintf(hex + 2 * j, 3, "%02x", keys[i].key.bytes[j]);
		assert_null(strstr(estate.text, hex));
	}
	read_back(f, &estate);
	cross(f, RELAY_A, 2, &arrived);
	drop(&estate);
}

static void its_ports_may_be_in_use(void **state)
{
	struct fixture *f = *state;
	struct relay_session *other;
	struct relay_totals totals;
	struct estate estate;

	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	write_down(f, &estate);
	open_session(f);
	assert_int_equal(read_stream(f, &estate, NULL), 0);
	other = f->session;
	assert_int_equal(
		relay_open(f->relay, &f->session,
			&(struct relay_open){.call = 1, .address = {f->host, f->host}}),
		0);
	assert_int_equal(read_stream(f, &estate, NULL), -EADDRNOTAVAIL);
	relay_totals(f->relay, &totals);
	assert_int_equal(totals.streams, 1);
	assert_int_equal(totals.ports_used, 2);
	relay_close(other);
	drop(&estate);
}

static void replace(char **text, const char *what, const char *with)
{
	const char *at = strstr(*text, what);
	struct buf out;

	assert_non_null(at);
	buf_init(&out, 0);
	buf_add(&out, *text, (size_t)(at - *text));
	buf_add_str(&out, with);
	buf_add_str(&out, at + strlen(what));
	free(*text);
	*text = buf_str(&out) ? buf_steal(&out, NULL) : NULL;
}

static void what_cannot_be_is_refused_and_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	static const char *const changes[][3] = {
		{"\"max_seq\":", "\"max_seq\":9", "max_seq"},
		{"\"outgoing\":{", "\"outgoing\":{\"latest\":8,", "latest"},
		{"\"outgoing\":{", "\"outgoing\":{\"latest\":1,",
			"a stream that there is"},
		{"\"outgoing\":{", "\"outgoing\":{\"last\":2,", "a stream that there is"},
		{"\"source\":255", "\"source\":2", "a stream that there is"},
		{"\"stream\":255", "\"stream\":1", "a stream that there is"},
		{"\"suite\":1", "\"suite\":6", "suite"},
		{"\"key\":\"", "\"key\":\"00", "key"},
		{"\"ssrcs\":[{", "\"ssrcs\":[{\"roc\":-1,", "roc"},
		{"127.0.0.1:", "127.0.0.300:", "local_rtp"},
	};
	struct relay_totals totals;
	struct test_packet arrived;
	struct estate estate;

	announce_both(f, RELAY_AEAD_AES_128_GCM, RELAY_PLAIN);
	cross(f, RELAY_A, 12345, &arrived);
	write_down(f, &estate);
	open_session(f);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct estate changed = estate;
		struct err_text error = {""};

		changed.text = strdup(estate.text);
		replace(&changed.text, changes[i][0], changes[i][1]);
		assert_true(read_stream(f, &changed, &error) < 0);
		if (!strstr(error.text, changes[i][2]))
			fail_msg("%s: \"%s\"", changes[i][1], error.text);
		free(changed.text);
		relay_totals(f->relay, &totals);
		assert_int_equal(totals.streams, 0);
		assert_int_equal(totals.ports_used, 0);
	}
	drop(&estate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_goes_on_where_it_was),
		TEST(it_may_happen_again_and_again),
		TEST(what_came_before_does_not_come_again),
		TEST(the_roll_over_counter_is_known),
		TEST(where_an_end_was_found_stays_known),
		TEST(a_key_that_comes_back_goes_on),
		TEST(no_key_is_in_the_text),
		TEST(its_ports_may_be_in_use),
		TEST(what_cannot_be_is_refused_and_leaves_nothing),
	};
	int failed = 0;

	for (back_end = RELAY_IO_SOCKETS; back_end <= RELAY_IO_STEER; back_end++)
		if (back_end_is_allowed())
			failed += cmocka_run_group_tests(tests, test_start_srtp, NULL);
	return failed;
}
