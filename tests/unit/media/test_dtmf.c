/* Telephone-events in, digits out; digits in, telephone-events out. */
#include "path_test.h"

#include "media/dtmf.h"

#define EVENT_TYPE 101
#define SSRC 7

static const struct dtmf_format format = {.type = EVENT_TYPE, .rate = 8000};

/* One packet of an event, and the digits that it ends. */
struct row {
	uint8_t event;
	bool end;
	uint16_t duration;
	uint32_t timestamp;
	uint64_t ms;
	unsigned count;
	struct dtmf_digit digits[2];
};

static void test_event(struct test_packet *packet, const struct row *row)
{
	test_rtp(packet, SSRC, 1, 4);
	packet->data[1] = EVENT_TYPE;
	test_put32(packet->data + 4, row->timestamp);
	packet->data[12] = row->event;
	packet->data[13] = (uint8_t)(10 | (row->end ? 0x80 : 0));
	packet->data[14] = (uint8_t)(row->duration >> 8);
	packet->data[15] = (uint8_t)row->duration;
}

static void read_row(struct dtmf_reader *reader, const struct row *row)
{
	struct test_packet packet;
	struct dtmf_digit digits[2];

	test_event(&packet, row);
	assert_int_equal(dtmf_reader_packet(reader, &format, packet.data, packet.len,
				 row->ms * 1000, digits),
		row->count);
	for (unsigned i = 0; i < row->count; i++) {
		assert_int_equal(digits[i].event, row->digits[i].event);
		assert_int_equal(digits[i].duration_ms, row->digits[i].duration_ms);
	}
}

static void read_rows(const struct row *rows, size_t count)
{
	struct dtmf_reader reader = {0};

	for (size_t i = 0; i < count; i++)
		read_row(&reader, &rows[i]);
}

#define NONE                                                                             \
	0,                                                                               \
	{                                                                                \
		{                                                                        \
			0, 0                                                             \
		}                                                                        \
	}

#define READ(...)                                                                        \
	do {                                                                             \
		static const struct row rows[] = {__VA_ARGS__};                          \
		read_rows(rows, sizeof(rows) / sizeof(rows[0]));                         \
	} while (0)

static void an_event_is_one_digit_however_often_its_end_comes(void **state)
{
	(void)state;
	READ({5, false, 160, 1000, 0, NONE}, {5, false, 400, 1000, 50, NONE},
		{5, true, 1280, 1000, 160, 1, {{5, 160}}},
		{5, true, 1280, 1000, 160, NONE}, {5, true, 1280, 1000, 160, NONE},
		{5, false, 400, 1000, 170, NONE},
		/* the same again */
		{5, false, 160, 4000, 400, NONE},
		{5, true, 800, 4000, 500, 1, {{5, 100}}},
		{5, true, 1280, 1000, 510, NONE}, {5, true, 800, 4000, 520, NONE});
}

static void lost_packets_lose_no_digit(void **state)
{
	(void)state;
	/* all but one end */
	READ({11, true, 1280, 1000, 0, 1, {{11, 160}}});
	/* all ends: the next event tells, though it is the same, and though it is all there is */
	READ({1, false, 160, 1000, 0, NONE}, {1, false, 160, 4000, 300, 1, {{1, 20}}},
		{2, true, 800, 8000, 900, 2, {{1, 20}, {2, 100}}});
	/* updates that overtake each other */
	READ({1, false, 800, 1000, 0, NONE}, {1, false, 160, 1000, 10, NONE},
		{2, false, 160, 3000, 20, 1, {{1, 100}}});
}

static void timestamps_wrap_and_begin_anew(void **state)
{
	(void)state;
	READ({1, true, 800, 0xffffff00, 0, 1, {{1, 100}}},
		{1, true, 800, 0x00000400, 200, 1, {{1, 100}}},
		{1, true, 800, 0xffffff00, 210, NONE},
		/* far back: not late, but another beginning */
		{1, true, 800, 0x80000000, 400, 1, {{1, 100}}});
}

static void an_event_longer_than_its_field_is_one_digit(void **state)
{
	(void)state;
	READ({9, false, 0xffff, 1000, 0, NONE},
		{9, false, 800, 1000 + 0xffff, 8300, NONE},
		{9, true, 1600, 1000 + 0xffff, 8400, 1, {{9, 8391}}},
		{9, true, 1600, 1000 + 0xffff, 8410, NONE});
}

static void other_events_and_cut_ones_are_no_digits(void **state)
{
	struct dtmf_reader reader = {0};
	struct dtmf_digit digits[2];
	struct test_packet packet;

	(void)state;
	READ({17, true, 800, 1000, 0, NONE}, {36, true, 800, 4000, 0, NONE},
		{255, true, 800, 9000, 0, NONE},
		{16, true, 800, 20000, 0, 1, {{16, 100}}});
	for (size_t len = 12; len < 16; len++) {
		test_event(&packet, &(struct row){.event = 5, .end = true});
		assert_int_equal(
			dtmf_reader_packet(&reader, &format, packet.data, len, 0, digits),
			0);
	}
}

static void a_digit_without_end_ends_after_silence(void **state)
{
	const struct row begin = {
		.event = 3, .duration = 800, .timestamp = 1000, .ms = 100};
	const struct row late = {
		.event = 3, .end = true, .duration = 900, .timestamp = 1000, .ms = 700};
	struct dtmf_reader reader = {0};
	struct dtmf_digit digit = {0};

	(void)state;
	assert_false(dtmf_reader_expire(&reader, 9000000, &digit));
	read_row(&reader, &begin);
	assert_false(dtmf_reader_expire(&reader, 100000 + DTMF_SILENCE_US - 1, &digit));
	assert_true(dtmf_reader_expire(&reader, 100000 + DTMF_SILENCE_US, &digit));
	assert_int_equal(digit.event, 3);
	assert_int_equal(digit.duration_ms, 100);
	assert_false(dtmf_reader_expire(&reader, 9000000, &digit));
	read_row(&reader, &late); /* no second digit */
}

static void digits_of_a_second_are_bounded(void **state)
{
	struct dtmf_reader reader = {0};
	struct row row = {.event = 1,
		.end = true,
		.duration = 800,
		.count = 1,
		.digits = {{1, 100}}};

	(void)state;
	for (unsigned i = 0; i < 2 * DTMF_PER_SECOND; i++) {
		row.timestamp += 1000;
		row.count = i < DTMF_PER_SECOND;
		read_row(&reader, &row);
	}
	assert_int_equal(reader.lost, DTMF_PER_SECOND);
	row.timestamp += 1000;
	row.ms = 1000;
	row.count = 1;
	read_row(&reader, &row);
}

/* ---- playing ---- */

struct play {
	struct dtmf_player player;
	struct dtmf_terms terms;
	struct test_packet packet;
	uint16_t seq;
	uint64_t now_us;
};

/* The next packet of audio, 20 ms of it; true when it became one of an event. */
static bool play_next(struct play *play)
{
	struct test_packet before;

	test_rtp(&play->packet, SSRC, ++play->seq, 160);
	play->now_us += 20000;
	before = play->packet;
	play->packet.len = dtmf_player_packet(&play->player, &play->terms,
		play->packet.data, play->packet.len, play->now_us);
	if (play->packet.len == before.len) {
		assert_memory_equal(play->packet.data, before.data, before.len);
		return false;
	}
	assert_int_equal(play->packet.len, 16);
	assert_int_equal(play->packet.data[0], 0x80);
	assert_int_equal(play->packet.data[1] & 0x7f, EVENT_TYPE);
	/* its own sequence number and source */
	assert_memory_equal(play->packet.data + 2, before.data + 2, 2);
	assert_memory_equal(play->packet.data + 8, before.data + 8, 4);
	return true;
}

static struct play new_play(void)
{
	return (struct play){
		.terms = {.count = 1, .formats = {format}, .audio_rate = 8000}};
}

static unsigned played_duration(const struct play *play)
{
	return (unsigned)(play->packet.data[14] << 8 | play->packet.data[15]);
}

/* A digit of MS is played from the next packet on. */
static void check_burst(struct play *play, uint8_t event, unsigned ms)
{
	unsigned packets = (ms + 19) / 20 + 2;
	uint32_t start = (uint32_t)(play->seq + 1) * 160;
	uint8_t timestamp[4];

	test_put32(timestamp, start);
	for (unsigned i = 0; i < packets; i++) {
		unsigned units = 160 * (i + 1);

		assert_true(play_next(play));
		assert_int_equal(play->packet.data[1] >> 7, i == 0);
		assert_memory_equal(play->packet.data + 4, timestamp, 4);
		assert_int_equal(play->packet.data[12], event);
		assert_int_equal(play->packet.data[13] >> 7, i + 3 >= packets);
		assert_int_equal(played_duration(play), units < ms * 8 ? units : ms * 8);
	}
}

static void a_digit_takes_the_place_of_audio(void **state)
{
	static const unsigned lengths[] = {40, 100, 110, 160, 1000, 5000};
	struct play play = new_play();

	(void)state;
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		assert_false(play_next(&play));
		assert_false(play_next(&play));
		dtmf_player_add(&play.player,
			&(struct dtmf_digit){(uint8_t)i, (uint16_t)lengths[i]},
			play.now_us);
		check_burst(&play, (uint8_t)i, lengths[i]);
	}
	assert_false(play_next(&play));
}

static void digits_wait_for_each_other_with_a_pause(void **state)
{
	struct play play = new_play();

	(void)state;
	play_next(&play);
	for (uint8_t event = 0; event < DTMF_EVENTS; event++)
		dtmf_player_add(
			&play.player, &(struct dtmf_digit){event, 100}, play.now_us);
	for (uint8_t event = 0; event < DTMF_EVENTS; event++) {
		check_burst(&play, event, 100);
		/* 40 ms of 50 have gone by with the two repeated ends */
		assert_false(play_next(&play));
	}
	assert_false(play_next(&play));
	assert_int_equal(play.player.lost, 0);
}

static void lengths_stay_within_bounds(void **state)
{
	struct play play = new_play();

	(void)state;
	play_next(&play);
	dtmf_player_add(&play.player, &(struct dtmf_digit){1, 1}, play.now_us);
	check_burst(&play, 1, DTMF_SHORTEST_MS);
	play_next(&play);
	dtmf_player_add(&play.player, &(struct dtmf_digit){2, 60000}, play.now_us);
	check_burst(&play, 2, DTMF_LONGEST_MS);
}

static void digits_without_audio_wait_and_expire(void **state)
{
	struct play play = new_play();

	(void)state;
	/* there is none yet: it waits */
	dtmf_player_add(&play.player, &(struct dtmf_digit){1, 40}, play.now_us);
	play.now_us += DTMF_EXPIRY_MS * 1000 - 20001;
	check_burst(&play, 1, 40);
	play_next(&play);
	/* for too long */
	dtmf_player_add(&play.player, &(struct dtmf_digit){2, 40}, play.now_us);
	play.now_us += DTMF_EXPIRY_MS * 1000;
	dtmf_player_add(&play.player, &(struct dtmf_digit){3, 40}, play.now_us);
	check_burst(&play, 3, 40);
	assert_int_equal(play.player.lost, 1);
	for (unsigned i = 0; i < DTMF_QUEUE + 3; i++)
		dtmf_player_add(&play.player, &(struct dtmf_digit){4, 40}, play.now_us);
	assert_int_equal(play.player.lost, 4);
}

static void late_audio_and_another_stream_are_not_mistaken(void **state)
{
	struct play play = new_play();

	(void)state;
	play_next(&play);
	play_next(&play);
	dtmf_player_add(&play.player, &(struct dtmf_digit){1, 100}, play.now_us);
	assert_true(play_next(&play));
	/* from before the digit: audio still */
	play.seq = 1;
	assert_false(play_next(&play));
	play.seq = 3;
	assert_true(play_next(&play));
	/* another source: what had begun is over */
	test_rtp(&play.packet, SSRC + 1, 900, 160);
	assert_int_equal(dtmf_player_packet(&play.player, &play.terms, play.packet.data,
				 play.packet.len, play.now_us),
		172);
	assert_false(play.player.playing);
}

/* Opus has another clock than the only telephone-event that some have. */
static void lengths_are_in_the_units_of_the_event(void **state)
{
	struct play play = new_play();
	unsigned count = 0;

	(void)state;
	play.terms.audio_rate = 4000; /* so that 160 units are 40 ms */
	play_next(&play);
	play_next(&play);
	dtmf_player_add(&play.player, &(struct dtmf_digit){1, 200}, play.now_us);
	while (play_next(&play))
		count++;
	assert_int_equal(count, 5 + 2);
	assert_int_equal(play.player.playing, false);
}

/* ---- in a path ---- */

static void events_end_at_the_side_without_them(void **state)
{
	struct fixture *f = *state;
	struct row row = {.event = 5, .duration = 160, .timestamp = 1000};

	f->remote[RELAY_A].dtmf = new_play().terms;
	apply(f);
	test_event(&f->packet, &row);
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_false(f->path.due);
	row.end = true;
	row.duration = 800;
	test_event(&f->packet, &row);
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_true(f->path.due);
	assert_int_equal(f->path.dtmf->ended_count, 1);
	assert_int_equal(f->path.dtmf->ended[0].event, 5);
	assert_int_equal(f->path.dtmf->ended[0].duration_ms, 100);
	assert_int_equal(f->tapped.count, 2); /* a full capture has them */
	assert_false(f->tapped.last.sent);
	assert_true(f->tapped.last.event);
	f->path.dtmf->ended_count = 0;
	/* the other end's would be a digit twice */
	row.timestamp = 5000;
	test_event(&f->packet, &row);
	assert_false(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	assert_int_equal(f->path.dtmf->ended_count, 0);
	assert_int_equal(stats(f, RELAY_A).events_taken, 2);
	assert_int_equal(stats(f, RELAY_B).events_taken, 1);
	assert_int_equal(stats(f, RELAY_B).tx_packets, 0);
	/* and without terms they pass */
	f->remote[RELAY_A].dtmf.count = 0;
	apply(f);
	test_event(&f->packet, &row);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_int_equal(f->packet.len, 16);
}

static void digits_are_sealed_within_the_stream(void **state)
{
	struct fixture *f = *state;
	struct srtp_context *peer;
	unsigned events = 0;

	f->remote[RELAY_A].dtmf = new_play().terms;
	use_srtp(f, RELAY_A, RELAY_AEAD_AES_256_GCM);
	peer = test_context(&f->remote[RELAY_A].tx, SRTP_OPEN);
	path_play(&f->path, &(struct dtmf_digit){7, 100}, f->batch.now_us);
	for (uint16_t seq = 65530; seq != 10; seq++) {
		test_rtp(&f->packet, SSRC, seq, 160);
		test_put32(f->packet.data + 4, (uint16_t)(seq + 100) * 160U);
		assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
		assert_int_equal(
			srtp_context_open(peer, false, f->packet.data, &f->packet.len),
			0);
		/* the audio that came, and what took its place */
		assert_true(f->tapped.last.sent && !f->tapped.has_onward);
		assert_int_equal(f->tapped.last.len, f->packet.len);
		assert_memory_equal(f->tapped.data, f->packet.data, f->packet.len);
		if (f->packet.data[1] != 0) {
			events++;
			assert_int_equal(f->packet.len, 16);
			assert_int_equal(f->packet.data[12], 7);
		}
	}
	assert_int_equal(events, 5 + 2);
	srtp_context_free(peer);
}

/* ---- in packets of our own ---- */

/* What a reader of RFC 4733 must find in the events that leave toward the internal end. */
struct listener {
	struct srtp_context *open;
	unsigned packets;
	uint16_t seq; /* of the last packet, of any kind */
	uint32_t ssrc, timestamp;
	unsigned duration, ends;
	unsigned digits;
	uint8_t events[DTMF_QUEUE];
};

static void listen_to(struct listener *l, struct test_packet *packet)
{
	const uint8_t *data = packet->data;

	if (l->open)
		assert_int_equal(
			srtp_context_open(l->open, false, packet->data, &packet->len), 0);
	if (l->packets++ > 0) {
		assert_int_equal(rtp_seq(data), (uint16_t)(l->seq + 1));
		assert_int_equal(rtp_ssrc(data), l->ssrc);
	}
	l->seq = rtp_seq(data);
	l->ssrc = rtp_ssrc(data);
	if (rtp_type(data) != EVENT_TYPE)
		return;
	assert_int_equal(packet->len, 16);
	if (data[1] & RTP_MARKER) {
		assert_true(l->digits == 0 || l->ends == 3);
		/* Behind the one before, and its pause. */
		assert_true(l->digits == 0 ||
			    (int32_t)(rtp_timestamp(data) - l->timestamp) >=
				    (int32_t)(l->duration + 8 * DTMF_PAUSE_MS));
		l->events[l->digits++] = data[12];
		l->timestamp = rtp_timestamp(data);
		l->ends = l->duration = 0;
	}
	assert_int_equal(rtp_timestamp(data), l->timestamp);
	assert_int_equal(data[12], l->events[l->digits - 1]);
	assert_true(rtp_get16(data + 14) > l->duration || l->ends > 0);
	assert_true(l->ends == 0 || rtp_get16(data + 14) == l->duration);
	l->duration = rtp_get16(data + 14);
	assert_true(l->ends == 0 || data[13] & 0x80);
	l->ends += data[13] >> 7;
	assert_true(l->ends <= 3);
}

/* What the worker does for so long, a millisecond at a time. */
static void tick(struct fixture *f, struct listener *l, unsigned ms)
{
	for (unsigned i = 0; i < ms; i++) {
		f->batch.now_us += 1000;
		if (f->path.next_us == 0 || f->batch.now_us < f->path.next_us)
			continue;
		if (!path_tick(&f->path, &f->batch, f->packet.data, &f->out))
			continue;
		assert_true(f->tapped.last.sent && f->tapped.last.event);
		assert_int_equal(f->tapped.data[12], f->path.dtmf->player.digit.event);
		assert_int_equal(f->out.end, RELAY_A);
		assert_int_equal(f->out.kind, PATH_RTP);
		assert_true(goes_to(f, PATH_RTP, INTERNAL_RTP));
		f->packet.len = f->out.len;
		path_sent(&f->path, &f->out, true);
		listen_to(l, &f->packet);
	}
}

static void talk(struct fixture *f, struct listener *l, uint16_t seq, uint32_t timestamp)
{
	test_rtp(&f->packet, SSRC, seq, 160);
	test_put32(f->packet.data + 4, timestamp);
	assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	listen_to(l, &f->packet);
}

static void press(struct fixture *f, uint8_t event, uint16_t ms)
{
	path_play(&f->path, &(struct dtmf_digit){event, ms}, f->batch.now_us);
}

static void start_playing(struct fixture *f, struct listener *l, bool secure)
{
	f->remote[RELAY_A].dtmf = new_play().terms;
	apply(f);
	if (!secure)
		return;
	use_srtp(f, RELAY_A, RELAY_AES_CM_128_HMAC_SHA1_80);
	l->open = test_context(&f->remote[RELAY_A].tx, SRTP_OPEN);
}

static void digits_without_audio_go_in_packets_of_our_own(void **state)
{
	struct fixture *f = *state;

	for (unsigned secure = 0; secure < 2; secure++) {
		struct listener l = {.open = NULL};

		start_playing(f, &l, secure);
		for (uint8_t event = 0; event < 10; event++)
			press(f, event, 100);
		tick(f, &l, 10 * (100 + DTMF_PAUSE_MS + 40) + 100);
		assert_int_equal(l.digits, 10);
		assert_int_equal(l.ends, 3);
		assert_int_equal(l.duration, 800);
		assert_int_equal(l.packets, 10 * (5 + 2));
		for (uint8_t event = 0; event < 10; event++)
			assert_int_equal(l.events[event], event);
		assert_int_equal(f->path.next_us, 0);
		assert_int_equal(stats(f, RELAY_A).digits_lost, 0);
		assert_int_equal(stats(f, RELAY_A).tx_packets, 70 * (secure + 1));
		srtp_context_free(l.open);
	}
}

/* A worker that is late does not make the digit slower: what is late is followed sooner. */
static void an_own_packets_pace_is_even(void **state)
{
	struct fixture *f = *state;
	unsigned count = 0;

	f->remote[RELAY_A].dtmf = new_play().terms;
	apply(f);
	press(f, 1, 1000);
	path_tick(&f->path, &f->batch, f->packet.data, &f->out);
	for (unsigned i = 0; i < 100; i++) {
		f->batch.now_us += 7000;
		if (f->path.next_us != 0 && f->batch.now_us >= f->path.next_us)
			count += path_tick(&f->path, &f->batch, f->packet.data, &f->out);
	}
	assert_int_equal(count, 700000 / DTMF_PACE_US);
}

/* The sender of INFO stops and begins its audio while its digits are played. */
static void digits_go_on_where_audio_stops_and_begins(void **state)
{
	struct fixture *f = *state;
	struct listener l = {.open = NULL};
	uint16_t seq = 500;

	start_playing(f, &l, true);
	for (unsigned round = 0; round < 20; round++) {
		press(f, 1, 200);
		for (unsigned i = 0; i < 4; i++, seq++) {
			talk(f, &l, seq, seq * 160U);
			tick(f, &l, 20);
		}
		tick(f, &l, 137 + 10 * round);
		press(f, 2, 60);
		tick(f, &l, 20);
	}
	tick(f, &l, 10000);
	assert_int_equal(l.digits, 40);
	assert_int_equal(l.ends, 3);
	/* And the audio after them follows on. */
	for (unsigned i = 0; i < 10; i++, seq++) {
		talk(f, &l, seq, seq * 160U);
		tick(f, &l, 20);
	}
	assert_int_equal(stats(f, RELAY_A).digits_lost, 0);
	srtp_context_free(l.open);
}

/* Sender reports of the far end's stream count ours. */
static void reports_count_packets_of_our_own(void **state)
{
	struct fixture *f = *state;
	struct listener l = {.open = NULL};
	struct rtcp_sender sender;

	start_playing(f, &l, false);
	talk(f, &l, 1, 0);
	tick(f, &l, 100);
	press(f, 5, 100);
	tick(f, &l, 500);
	assert_int_equal(l.packets, 1 + 7);
	talk(f, &l, 2, 160); /* its clock stood still meanwhile */
	memset(f->packet.data, 0, 28);
	test_put32(f->packet.data, 0x80c80006);
	test_put32(f->packet.data + 4, SSRC);
	test_put32(f->packet.data + 16, 160);
	test_put32(f->packet.data + 20, 2);
	f->packet.len = 28;
	assert_true(take(f, RELAY_B, PATH_RTCP, EXTERNAL_RTCP));
	assert_true(rtcp_sender(f->packet.data, f->packet.len, &sender));
	assert_int_equal(sender.ssrc, l.ssrc);
	assert_int_equal(sender.packets, 9);
	assert_int_equal(sender.octets, 2 * 160 + 7 * 4);
	/* 600 ms after the first packet. */
	assert_int_equal(sender.timestamp, 600 * 8);
}

static void digits_wait_while_nothing_may_be_sent_and_expire(void **state)
{
	struct fixture *f = *state;
	struct listener l = {.open = NULL};

	start_playing(f, &l, false);
	f->remote[RELAY_A].send = false;
	apply(f);
	press(f, 1, 100);
	tick(f, &l, DTMF_EXPIRY_MS - 100);
	press(f, 2, 100);
	tick(f, &l, 1000);
	assert_int_equal(stats(f, RELAY_A).digits_lost, 1);
	assert_int_equal(l.packets, 0);
	f->remote[RELAY_A].send = true;
	apply(f);
	tick(f, &l, 1000);
	assert_int_equal(l.digits, 1);
	assert_int_equal(l.events[0], 2);
	assert_int_equal(f->path.next_us, 0);
}

/* RFC 3389: payload type 13, a level and coefficients; on its way both ways, as it is. */
static void comfort_noise_passes_unchanged(void **state)
{
	struct fixture *f = *state;
	const char *const sources[] = {INTERNAL_RTP, EXTERNAL_RTP};

	for (unsigned on = 0; on < 2; on++) {
		f->remote[RELAY_A].dtmf = new_play().terms;
		f->remote[RELAY_A].dtmf.count = on;
		apply(f);
		for (enum relay_end end = 0; end < 2; end++) {
			struct test_packet before;

			test_rtp(&f->packet, 5 + end, (uint16_t)(1 + on), 1 + 10 * on);
			f->packet.data[1] = 13;
			before = f->packet;
			assert_true(take(f, end, PATH_RTP, sources[end]));
			assert_true(test_same(&f->packet, &before));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_one_digit_however_often_its_end_comes),
		cmocka_unit_test(lost_packets_lose_no_digit),
		cmocka_unit_test(timestamps_wrap_and_begin_anew),
		cmocka_unit_test(an_event_longer_than_its_field_is_one_digit),
		cmocka_unit_test(other_events_and_cut_ones_are_no_digits),
		cmocka_unit_test(a_digit_without_end_ends_after_silence),
		cmocka_unit_test(digits_of_a_second_are_bounded),
		cmocka_unit_test(a_digit_takes_the_place_of_audio),
		cmocka_unit_test(digits_wait_for_each_other_with_a_pause),
		cmocka_unit_test(lengths_stay_within_bounds),
		cmocka_unit_test(digits_without_audio_wait_and_expire),
		cmocka_unit_test(late_audio_and_another_stream_are_not_mistaken),
		cmocka_unit_test(lengths_are_in_the_units_of_the_event),
		TEST(events_end_at_the_side_without_them),
		TEST(digits_are_sealed_within_the_stream),
		TEST(comfort_noise_passes_unchanged),
		TEST(digits_without_audio_go_in_packets_of_our_own),
		TEST(an_own_packets_pace_is_even),
		TEST(digits_go_on_where_audio_stops_and_begins),
		TEST(reports_count_packets_of_our_own),
		TEST(digits_wait_while_nothing_may_be_sent_and_expire),
	};

	return cmocka_run_group_tests(tests, test_start_srtp, NULL);
}
