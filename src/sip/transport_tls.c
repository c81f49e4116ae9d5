/* Byte operations of a TLS connection: a channel over the stream's socket. */
#include "sip/transport_priv.h"
#include "tls/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What a record holds at most (RFC 8446 5.1): more in one write would only be split. */
#define TLS_RECORD_BYTES (16 * 1024)

static int tls_start(struct stream *stream, struct err_text *text)
{
	struct channel_params params = {
		.fd = stream->fd,
		.accept = stream->accepted,
		.cred = stream->cred,
		.peers = stream->peers,
		.peer = stream->expected,
		.host = stream->host,
	};

	return channel_new(&stream->channel, &params, text);
}

static void tls_witness(const struct stream *stream)
{
	const struct transport_witness *witness = &stream->transport->witness;
	unsigned count = 0;
	const gnutls_datum_t *chain = channel_chain(stream->channel, &count);

	if (witness->h && chain)
		witness->h(witness->arg, stream->flow.peer, chain, count);
}

/* What was presented: the server name may have chosen another one than the transport's. */
static void tls_take_cred(struct stream *stream)
{
	struct cred *old = stream->cred;

	stream->cred = cred_ref(channel_cred(stream->channel));
	cred_unref(old);
}

static int tls_handshake(struct stream *stream)
{
	struct flow *flow = &stream->flow;
	int err = channel_handshake(stream->channel);

	if (err < 0)
		return err;
	stream->peer_names = strdup(channel_peer_names(stream->channel));
	stream->server_name = strdup(channel_server_name(stream->channel));
	if (!stream->peer_names || !stream->server_name)
		return -ENOMEM;
	tls_take_cred(stream);
	snprintf(stream->version, sizeof(stream->version), "%s",
		channel_version(stream->channel));
	snprintf(stream->cipher, sizeof(stream->cipher), "%s",
		channel_cipher(stream->channel));
	flow->version = stream->version;
	flow->cipher = stream->cipher;
	flow->peer_names = stream->peer_names;
	flow->server_name = stream->server_name;
	flow->ours = cred_file(stream->cred);
	flow->peer = channel_peer(stream->channel);
	if (!stream->accepted)
		flow->asked = channel_was_asked(stream->channel) ? FLOW_ASKED_YES
								 : FLOW_ASKED_NO;
	tls_witness(stream);
	return 0;
}

static bool tls_wants_write(const struct stream *stream)
{
	return channel_wants_write(stream->channel);
}

static ssize_t tls_read(struct stream *stream, void *data, size_t len)
{
	return channel_read(stream->channel, data, len);
}

static ssize_t tls_write(struct stream *stream, const void *data, size_t len)
{
	return channel_write(stream->channel, data, len);
}

static void tls_close(struct stream *stream)
{
	channel_close(stream->channel);
}

static void tls_explain(const struct stream *stream, int err, struct buf *out)
{
	const char *advice = explain_advice(stream->channel);

	(void)err; /* the channel knows more */
	explain_channel(stream->channel, out);
	if (advice[0])
		buf_printf(out, " do=\"%s\"", advice);
}

const struct stream_ops stream_tls_ops = {
	.kind = TRANSPORT_TLS,
	.write_max = TLS_RECORD_BYTES,
	.start = tls_start,
	.handshake = tls_handshake,
	.wants_write = tls_wants_write,
	.read = tls_read,
	.write = tls_write,
	.close = tls_close,
	.explain = tls_explain,
};
