/* What happens to a channel's bytes: cut, held back, replayed, mixed up. */
#include "tls/channel.h"

#include "../unit.h"
#include "far.h"

#include "tls/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "sbc.carrier.example"

static struct world {
	struct lab_id root, us, them;
	struct cred *us_cred;
	struct cred *them_cred;
	struct trust *trust;
	struct peer *us_peer;
	struct peer *them_peer;
} world;

static int make_world(void **state)
{
	(void)state;
	lab_start();
	lab_root(&world.root, "Lab CA");
	lab_host(&world.us, "med1.example.test", &world.root);
	lab_host(&world.them, HOST, &world.root);
	world.us_cred = lab_cred(&world.us);
	world.them_cred = lab_cred(&world.them);
	world.trust = lab_trust(&world.root);
	world.us_peer = lab_peer("med1.example.test", world.trust);
	world.them_peer = lab_peer(HOST, world.trust);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	peer_set_unref(world.us_peer->set);
	peer_set_unref(world.them_peer->set);
	trust_unref(world.trust);
	cred_unref(world.us_cred);
	cred_unref(world.them_cred);
	lab_drop(&world.them);
	lab_drop(&world.us);
	lab_drop(&world.root);
	lab_stop();
	return 0;
}

static void make_sockets(int fds[static 2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
		0);
}

/* Ours: it accepts HOST. Theirs: it connects to us. */
static struct channel *make_channel(int fd, bool accept)
{
	struct channel_params params = {.fd = fd, .accept = accept};
	struct err_text text = {""};
	struct channel *channel = NULL;

	params.cred = accept ? world.us_cred : world.them_cred;
	if (accept)
		params.peers = world.them_peer->set;
	else
		params.peer = world.us_peer;
	assert_int_equal(channel_new(&channel, &params, &text), 0);
	return channel;
}

static void shake(struct channel *a, struct channel *b)
{
	for (int i = 0; i < 50; i++) {
		int x = channel_handshake(a);
		int y = channel_handshake(b);

		if (x == 0 && y == 0)
			return;
		assert_true(x == 0 || x == -EAGAIN);
		assert_true(y == 0 || y == -EAGAIN);
	}
	fail_msg("no end");
}

/* Two channels with a wire between them that passes at most a number of bytes. */
struct wire {
	int near[2]; /* channel, wire */
	int far[2];
	struct channel *server;
	struct channel *client;
	size_t left;    /* bytes that still pass */
	size_t at_once; /* and in one turn and direction */
};

static void wire_open(struct wire *wire, size_t left, size_t at_once)
{
	make_sockets(wire->near);
	make_sockets(wire->far);
	wire->server = make_channel(wire->near[0], true);
	wire->client = make_channel(wire->far[0], false);
	wire->left = left;
	wire->at_once = at_once;
}

static void wire_pass(struct wire *wire, int from, int to)
{
	char bytes[4096];
	size_t want = wire->at_once < sizeof(bytes) ? wire->at_once : sizeof(bytes);
	ssize_t n;

	if (want > wire->left)
		want = wire->left;
	n = want > 0 ? recv(from, bytes, want, 0) : 0;
	if (n <= 0)
		return;
	assert_int_equal(send(to, bytes, (size_t)n, MSG_NOSIGNAL), n);
	wire->left -= (size_t)n;
}

static void wire_cut(struct wire *wire)
{
	close(wire->near[1]);
	close(wire->far[1]);
	wire->near[1] = wire->far[1] = -1;
}

static void wire_close(struct wire *wire)
{
	channel_free(wire->server);
	channel_free(wire->client);
	close(wire->near[0]);
	close(wire->far[0]);
	if (wire->near[1] >= 0)
		wire_cut(wire);
}

/* Returns the bytes that the handshake took, or 0 when the wire ended before. */
static size_t wire_shake(struct wire *wire)
{
	size_t had = wire->left;

	for (;;) {
		int x = channel_handshake(wire->server);
		int y = channel_handshake(wire->client);

		if (x == 0 && y == 0)
			return had - wire->left;
		assert_true(x == 0 || x == -EAGAIN);
		assert_true(y == 0 || y == -EAGAIN);
		if (wire->left == 0)
			return 0;
		wire_pass(wire, wire->near[1], wire->far[1]);
		wire_pass(wire, wire->far[1], wire->near[1]);
	}
}

static void a_cut_at_any_byte_ends_both_sides(void **state)
{
	struct wire wire;
	size_t total;

	(void)state;
	wire_open(&wire, 100000, 4096);
	total = wire_shake(&wire);
	wire_close(&wire);
	assert_true(total > 1000);

	/* Signatures vary by a few bytes from one handshake to the next. */
	for (size_t cut = 0; cut < total - 16; cut++) {
		struct peer_verdict const *verdict;
		int result;

		wire_open(&wire, cut, 4096);
		assert_int_equal(wire_shake(&wire), 0);
		wire_cut(&wire);
		result = channel_handshake(wire.server);
		assert_true(result < 0 && result != -EAGAIN);
		assert_null(channel_peer(wire.server));
		verdict = channel_verdict(wire.server);
		assert_true(!verdict || verdict->rule == PEER_OK);
		/* A TLS 1.3 client may be done without the server: then its read fails. */
		result = channel_handshake(wire.client);
		if (result == 0) {
			char byte;

			result = (int)channel_read(wire.client, &byte, 1);
		}
		if (result != -ECONNRESET)
			fail_msg("cut at %zu: %s", cut,
				channel_failure(wire.client)->error);
		wire_close(&wire);
	}
}

static void bytes_one_by_one_make_a_handshake(void **state)
{
	static const char text[] = "OPTIONS sip:a SIP/2.0\r\n";
	struct wire wire;
	char got[64];
	ssize_t n = -EAGAIN;

	(void)state;
	wire_open(&wire, 100000, 1);
	assert_true(wire_shake(&wire) > 1000);
	assert_int_equal(channel_write(wire.client, text, sizeof(text)), sizeof(text));
	for (int i = 0; i < 200 && n == -EAGAIN; i++) {
		wire_pass(&wire, wire.far[1], wire.near[1]);
		n = channel_read(wire.server, got, sizeof(got));
	}
	assert_int_equal(n, sizeof(text));
	assert_string_equal(got, text);
	wire_close(&wire);
}

/* One way of a wire, as records: a header of five bytes (type, version, length), then so many more. */
struct records {
	unsigned in_header; /* bytes of it that have passed */
	unsigned left;      /* bytes that follow it */
	unsigned char type;
};

/* Whether this, the next byte, is there for middleboxes alone and means nothing in TLS 1.3: a record's
 * version, which "MUST be ignored for all purposes" (RFC 8446 5.1), or what is in a ChangeCipherSpec, which
 * is dropped (5). GnuTLS 3.7 looks at both, 3.8 at neither. */
static bool records_idle(struct records *records, unsigned char byte)
{
	enum { CHANGE_CIPHER_SPEC = 20 };
	const unsigned at = records->in_header;

	if (at == 5) {
		if (--records->left == 0)
			records->in_header = 0;
		return records->type == CHANGE_CIPHER_SPEC;
	}
	records->in_header++;
	if (at == 0)
		records->type = byte;
	if (at >= 3)
		records->left = records->left << 8 | byte;
	if (at == 4 && records->left == 0)
		records->in_header = 0;
	return at == 1 || at == 2;
}

static void a_changed_byte_is_never_let_in(void **state)
{
	unsigned refused = 0;

	(void)state;
	for (size_t at = 0; at < 2500; at += 7) {
		struct records records[2] = {{0}};
		bool ignored = false;
		int fds[4];
		struct channel *a;
		struct channel *b;
		size_t passed = 0;
		int x = -EAGAIN;

		make_sockets(fds);
		make_sockets(fds + 2);
		a = make_channel(fds[0], true);
		b = make_channel(fds[3], false);
		for (int turn = 0; turn < 12; turn++) {
			int y = channel_handshake(b);

			if (x == -EAGAIN)
				x = channel_handshake(a);
			if (y != -EAGAIN && x != -EAGAIN)
				break;
			for (int way = 0; way < 2; way++) {
				unsigned char bytes[8192];
				ssize_t n =
					recv(fds[way ? 1 : 2], bytes, sizeof(bytes), 0);

				if (n <= 0)
					continue;
				for (ssize_t i = 0; i < n; i++, passed++) {
					bool idle = records_idle(&records[way], bytes[i]);

					if (passed != at)
						continue;
					ignored = idle;
					bytes[i] ^= 0x55;
				}
				assert_int_equal(send(fds[way ? 2 : 1], bytes, (size_t)n,
							 MSG_NOSIGNAL),
					n);
			}
		}
		if (at < passed && !ignored) {
			assert_int_not_equal(x, 0);
			refused++;
		}
		channel_free(a);
		channel_free(b);
		for (int i = 0; i < 4; i++)
			close(fds[i]);
	}
	assert_true(refused > 200);
}

static void what_is_no_tls_is_called_so(void **state)
{
	static const char plain[] = "OPTIONS sip:med1.example.test SIP/2.0\r\n\r\n";
	struct channel *channel;
	struct buf out;
	int fds[2];

	(void)state;
	make_sockets(fds);
	channel = make_channel(fds[0], true);
	assert_int_equal(write(fds[1], plain, sizeof(plain)), sizeof(plain));
	assert_int_equal(channel_handshake(channel), ERR_LIBRARY);
	buf_init(&out, 0);
	explain_channel(channel, &out);
	assert_string_equal(buf_str(&out),
		"tls failed error=\"the far end does not speak TLS on this port, "
		"but SIP OPTIONS\"");
	buf_free(&out);
	channel_free(channel);
	close(fds[0]);
	close(fds[1]);
}

static void random_bytes_do_no_harm(void **state)
{
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 500; i++) {
		unsigned char bytes[600] = {22, 3, 1, 2, 0};
		struct channel *channel;
		int fds[2];

		make_sockets(fds);
		channel = make_channel(fds[0], i & 1);
		if (!(i & 1))
			assert_int_equal(channel_handshake(channel), -EAGAIN);
		for (size_t k = i & 2 ? 5 : 0; k < sizeof(bytes); k++)
			bytes[k] = (unsigned char)random();
		if (i & 4)
			bytes[5] = i & 1 ? 1 : 2;
		assert_int_equal(write(fds[1], bytes, sizeof(bytes)), sizeof(bytes));
		shutdown(fds[1], SHUT_WR);
		assert_true(channel_handshake(channel) < 0);
		assert_null(channel_peer(channel));
		channel_free(channel);
		close(fds[0]);
		close(fds[1]);
	}
}

/* --- data --- */

struct joined {
	int fds[2];
	struct channel *a;
	struct channel *b;
};

static void join(struct joined *joined)
{
	make_sockets(joined->fds);
	joined->a = make_channel(joined->fds[0], true);
	joined->b = make_channel(joined->fds[1], false);
	shake(joined->a, joined->b);
}

static void part(struct joined *joined)
{
	channel_free(joined->a);
	channel_free(joined->b);
	close(joined->fds[0]);
	close(joined->fds[1]);
}

static void both_ends_know_each_other(void **state)
{
	struct joined joined;

	(void)state;
	join(&joined);
	assert_ptr_equal(channel_peer(joined.a), world.them_peer);
	assert_ptr_equal(channel_peer(joined.b), world.us_peer);
	assert_string_equal(channel_peer_names(joined.a), "DNS:" HOST);
	assert_string_equal(channel_version(joined.a), "TLS1.3");
	assert_string_equal(channel_cipher(joined.b), "AES-256-GCM");
	part(&joined);
}

static void nothing_passes_before_the_judgement(void **state)
{
	struct channel *channel;
	char byte;
	int fds[2];

	(void)state;
	make_sockets(fds);
	channel = make_channel(fds[0], true);
	assert_int_equal(channel_read(channel, &byte, 1), ERR_STATE);
	assert_int_equal(channel_write(channel, "x", 1), ERR_STATE);
	assert_string_equal(channel_version(channel), "");
	assert_string_equal(channel_cipher(channel), "");
	assert_string_equal(channel_peer_names(channel), "");
	assert_null(channel_verdict(channel));
	channel_close(channel);
	assert_int_equal(recv(fds[1], &byte, 1, 0), -1);
	channel_free(channel);
	close(fds[0]);
	close(fds[1]);
}

static void many_records_are_read_whole_and_in_order(void **state)
{
	struct joined joined;
	size_t received = 0;
	ssize_t n;

	(void)state;
	join(&joined);
	for (unsigned i = 0; i < 40; i++) {
		unsigned char text[500];

		memset(text, (int)i, sizeof(text));
		assert_int_equal(
			channel_write(joined.a, text, sizeof(text)), sizeof(text));
	}
	for (;;) {
		unsigned char bytes[333];

		n = channel_read(joined.b, bytes, sizeof(bytes));
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(bytes[i], received++ / 500);
	}
	assert_int_equal(n, -EAGAIN);
	assert_int_equal(received, 40 * 500);
	part(&joined);
}

static void a_full_socket_loses_and_doubles_nothing(void **state)
{
	static unsigned char out[400000];
	static unsigned char in[sizeof(out)];
	struct joined joined;
	size_t sent = 0;
	size_t received = 0;
	int small = 4096;
	bool waited = false;

	(void)state;
	join(&joined);
	setsockopt(joined.fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 2654435761u >> 13);
	while (received < sizeof(out)) {
		/* The caller's queue may grow between two tries. */
		size_t want = waited ? 5000 : 3000;
		ssize_t n = 0;

		if (want > sizeof(out) - sent)
			want = sizeof(out) - sent;
		n = channel_write(joined.a, out + sent, want);
		assert_true(n >= 0 || n == -EAGAIN);
		if (n > 0)
			sent += (size_t)n;
		waited |= n == -EAGAIN;
		assert_int_equal(channel_wants_write(joined.a), n == -EAGAIN);
		if (n == -EAGAIN || sent == sizeof(out)) {
			n = channel_read(joined.b, in + received, sizeof(in) - received);
			if (n > 0)
				received += (size_t)n;
		}
	}
	assert_true(waited);
	assert_memory_equal(in, out, sizeof(out));
	part(&joined);
}

static void an_orderly_end_is_told_from_a_cut(void **state)
{
	struct joined joined;
	char byte;

	(void)state;
	join(&joined);
	channel_close(joined.a);
	assert_int_equal(channel_read(joined.b, &byte, 1), ERR_CLOSED);
	assert_int_equal(channel_read(joined.b, &byte, 1), ERR_CLOSED);
	assert_int_equal(channel_write(joined.b, "x", 1), ERR_CLOSED);
	part(&joined);

	join(&joined);
	shutdown(joined.fds[0], SHUT_RDWR);
	assert_int_equal(channel_read(joined.b, &byte, 1), -ECONNRESET);
	assert_int_equal(channel_write(joined.b, "x", 1), -ECONNRESET);
	part(&joined);
}

static void a_peer_outlives_its_set_in_a_reload(void **state)
{
	struct channel_params params = {.accept = true, .cred = world.us_cred};
	struct peer *peer = lab_peer(HOST, world.trust);
	struct err_text text = {""};
	struct channel *server = NULL;
	struct channel *client;
	int fds[2];

	(void)state;
	make_sockets(fds);
	params.fd = fds[0];
	params.peers = peer->set;
	assert_int_equal(channel_new(&server, &params, &text), 0);
	client = make_channel(fds[1], false);
	peer_set_unref(peer->set);
	shake(server, client);
	assert_string_equal(channel_peer(server)->name, HOST);
	channel_free(server);
	channel_free(client);
	close(fds[0]);
	close(fds[1]);
}

/* --- what the far end may not do --- */

static void bare_shake(struct far *far, struct channel *channel)
{
	int result = -EAGAIN;

	for (int i = 0; i < 50; i++) {
		if (result == -EAGAIN)
			result = channel_handshake(channel);
		if (far_handshake(far) == 0 && result == 0)
			return;
	}
	fail_msg("the handshake gave %d and %d", result, far->result);
}

static void no_session_is_resumed(void **state)
{
	static const char *const versions[] = {FAR_13, FAR_12};

	(void)state;
	for (int i = 0; i < 2; i++) {
		gnutls_datum_t ticket = {NULL, 0};

		for (int turn = 0; turn < 2; turn++) {
			struct channel *channel;
			struct far far;
			char byte;
			int fds[2];

			make_sockets(fds);
			channel = make_channel(fds[0], true);
			far_start(&far, fds[1], false, &world.them, versions[i]);
			if (turn == 1)
				gnutls_session_set_data(
					far.session, ticket.data, ticket.size);
			bare_shake(&far, channel);
			gnutls_record_recv(far.session, &byte, 1);
			assert_int_equal(gnutls_session_is_resumed(far.session), 0);
			assert_int_equal(gnutls_session_get_flags(far.session) &
						 GNUTLS_SFLAGS_SESSION_TICKET,
				0);
			if (turn == 0)
				gnutls_session_get_data2(far.session, &ticket);
			channel_free(channel);
			close(fds[0]);
			far_stop(&far);
		}
		gnutls_free(ticket.data);
	}
}

static void a_renegotiation_ends_the_channel(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct channel *channel;
		struct far far;
		char byte;
		int fds[2];

		make_sockets(fds);
		channel = make_channel(fds[0], i == 0);
		far_start(&far, fds[1], i != 0, i == 0 ? &world.them : &world.us, FAR_12);
		bare_shake(&far, channel);
		if (i == 0)
			gnutls_handshake(far.session);
		else
			gnutls_rehandshake(far.session);
		assert_int_equal(channel_read(channel, &byte, 1), ERR_LIBRARY);
		assert_non_null(strstr(channel_failure(channel)->error, "renegotiate"));
		channel_free(channel);
		close(fds[0]);
		far_stop(&far);
	}
}

static void keys_may_be_updated(void **state)
{
	struct channel *channel;
	struct far far;
	ssize_t n;
	char text[8];
	int fds[2];

	(void)state;
	make_sockets(fds);
	channel = make_channel(fds[0], true);
	far_start(&far, fds[1], false, &world.them, FAR_13);
	bare_shake(&far, channel);
	assert_int_equal(gnutls_session_key_update(far.session, GNUTLS_KU_PEER), 0);
	assert_int_equal(gnutls_record_send(far.session, "ping", 4), 4);
	assert_int_equal(channel_read(channel, text, sizeof(text)), 4);
	assert_int_equal(channel_write(channel, "pong", 4), 4);
	/* First our own key update, then the data. */
	n = gnutls_record_recv(far.session, text, sizeof(text));
	if (n == GNUTLS_E_AGAIN)
		n = gnutls_record_recv(far.session, text, sizeof(text));
	assert_int_equal(n, 4);
	assert_memory_equal(text, "pong", 4);
	channel_free(channel);
	close(fds[0]);
	far_stop(&far);
}

static void we_name_whom_we_call(void **state)
{
	struct channel *channel;
	struct far far;
	char name[64];
	size_t len = sizeof(name);
	unsigned type = 0;
	int fds[2];

	(void)state;
	make_sockets(fds);
	channel = make_channel(fds[0], false);
	far_start(&far, fds[1], true, &world.us, FAR_13);
	bare_shake(&far, channel);
	assert_int_equal(gnutls_server_name_get(far.session, name, &len, &type, 0), 0);
	assert_string_equal(name, "med1.example.test");
	channel_free(channel);
	close(fds[0]);
	far_stop(&far);
}

/* The allocator's own count tells nothing under a sanitizer: then this proves nothing. */
static void an_idle_channel_is_small(void **state)
{
	struct joined joined[20];
	size_t before = mallinfo2().uordblks;
	size_t each;

	(void)state;
	for (int i = 0; i < 20; i++)
		join(&joined[i]);
	each = (mallinfo2().uordblks - before) / 40;
	if (before > 0)
		print_message("%zu bytes an idle channel\n", each);
	assert_true(each < 15000);
	for (int i = 0; i < 20; i++)
		part(&joined[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_at_any_byte_ends_both_sides),
		cmocka_unit_test(bytes_one_by_one_make_a_handshake),
		cmocka_unit_test(a_changed_byte_is_never_let_in),
		cmocka_unit_test(what_is_no_tls_is_called_so),
		cmocka_unit_test(random_bytes_do_no_harm),
		cmocka_unit_test(both_ends_know_each_other),
		cmocka_unit_test(nothing_passes_before_the_judgement),
		cmocka_unit_test(many_records_are_read_whole_and_in_order),
		cmocka_unit_test(a_full_socket_loses_and_doubles_nothing),
		cmocka_unit_test(an_orderly_end_is_told_from_a_cut),
		cmocka_unit_test(a_peer_outlives_its_set_in_a_reload),
		cmocka_unit_test(no_session_is_resumed),
		cmocka_unit_test(a_renegotiation_ends_the_channel),
		cmocka_unit_test(keys_may_be_updated),
		cmocka_unit_test(we_name_whom_we_call),
		cmocka_unit_test(an_idle_channel_is_small),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
