#include "pair.h"

#include "../unit.h"

#include "tls/explain.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void pair_world_make(struct pair_world *ret)
{
	lab_start();
	lab_root(&ret->root, "Lab CA");
	lab_host(&ret->us, "med1.example.test", &ret->root);
	lab_host(&ret->good, PAIR_HOST, &ret->root);
	ret->cred = lab_cred(&ret->us);
	ret->trust = lab_trust(&ret->root);
	ret->peer = lab_peer(PAIR_HOST, ret->trust);
}

void pair_world_drop(struct pair_world *world)
{
	peer_set_unref(world->peer->set);
	trust_unref(world->trust);
	cred_unref(world->cred);
	lab_drop(&world->good);
	lab_drop(&world->us);
	lab_drop(&world->root);
	lab_stop();
}

void pair_open(struct pair *pair, bool accept, struct cred *cred, const struct peer *peer,
	const struct lab_id *id, const char *priorities)
{
	struct channel_params params = {.accept = accept, .cred = cred};
	struct err_text text = {""};
	int fds[2];

	if (accept)
		params.peers = peer->set;
	else
		params.peer = peer;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
		0);
	pair->fd = params.fd = fds[0];
	pair->result = -EAGAIN;
	assert_int_equal(channel_new(&pair->channel, &params, &text), 0);
	far_start(&pair->far, fds[1], !accept, id, priorities);
}

int pair_shake(struct pair *pair)
{
	for (int i = 0; i < 50; i++) {
		if (pair->result == -EAGAIN)
			pair->result = channel_handshake(pair->channel);
		far_handshake(&pair->far);
		if (pair->result != -EAGAIN && pair->far.result != GNUTLS_E_AGAIN)
			break;
	}
	return pair->result;
}

void pair_stop(struct pair *pair)
{
	channel_free(pair->channel);
	close(pair->fd);
	far_stop(&pair->far);
}

void assert_words(const struct channel *channel, const char *words)
{
	struct buf out;

	buf_init(&out, 0);
	explain_channel(channel, &out);
	if (!strstr(buf_str(&out), words))
		fail_msg("\"%s\" does not say \"%s\"", buf_str(&out), words);
	buf_free(&out);
}

void pair_refuse_kind(int kind, struct cred *cred, const struct peer *peer,
	const struct lab_id *id, enum peer_rule rule, int alert, const char *words)
{
	struct pair pair;

	pair_open(&pair, kind & 1, cred, peer, id, kind & 2 ? FAR_12 : FAR_13);
	assert_int_equal(pair_shake(&pair), ERR_TRUST);
	assert_null(channel_peer(pair.channel));
	assert_int_equal(channel_failure(pair.channel)->fault, CHANNEL_REFUSED_BY_US);
	assert_string_equal(peer_rule_name(channel_verdict(pair.channel)->rule),
		peer_rule_name(rule));
	assert_words(pair.channel, words);
	assert_string_equal(explain_advice(pair.channel), explain_fix(rule));
	assert_int_not_equal(explain_fix(rule)[0], '\0');
	assert_int_equal(far_alert(&pair.far), alert);
	/* Final. */
	assert_int_equal(channel_handshake(pair.channel), ERR_TRUST);
	assert_int_equal(channel_write(pair.channel, "x", 1), ERR_TRUST);
	pair_stop(&pair);
}

void pair_refuse(struct cred *cred, const struct peer *peer, const struct lab_id *id,
	enum peer_rule rule, int alert, const char *words)
{
	for (int kind = 0; kind < PAIR_KINDS; kind++)
		pair_refuse_kind(kind, cred, peer, id, rule, alert, words);
}

void pair_accept_kind(
	int kind, struct cred *cred, const struct peer *peer, const struct lab_id *id)
{
	bool accept = kind & 1;
	struct pair pair;

	pair_open(&pair, accept, cred, peer, id, kind & 2 ? FAR_12 : FAR_13);
	if (pair_shake(&pair) != 0)
		assert_words(pair.channel, "that it was let in");
	assert_int_equal(pair.far.result, 0);
	assert_ptr_equal(channel_peer(pair.channel), peer);
	assert_string_equal(
		channel_version(pair.channel), kind & 2 ? "TLS1.2" : "TLS1.3");
	assert_string_equal(channel_cipher(pair.channel), "AES-256-GCM");
	assert_true(channel_verdict(pair.channel)->until > time(NULL));
	if (!accept)
		assert_true(channel_was_asked(pair.channel));
	assert_string_equal(explain_advice(pair.channel), "");
	pair_stop(&pair);
}

void pair_accept(struct cred *cred, const struct peer *peer, const struct lab_id *id)
{
	for (int kind = 0; kind < PAIR_KINDS; kind++)
		pair_accept_kind(kind, cred, peer, id);
}
