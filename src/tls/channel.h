/*
 * A TLS channel over a connected, non-blocking socket. It is always mutual: there is no
 * way to make one that does not judge its peer. Nothing is sent or received before the
 * judgement. Loop thread.
 */
#pragma once

#include "tls/cred.h"
#include "tls/peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct channel;

struct channel_params {
	int fd;      /* borrowed */
	bool accept; /* we are the TLS server */
	/* What we present; a reference is taken. Accepting, the server name that the far end asks
	 * for may choose another one of PEERS: see server_names.h. */
	struct cred *cred;
	struct peer_set *peers;  /* accepting: who may be there; a reference is taken */
	const struct peer *peer; /* connecting: who must be there; likewise of its set */
	const char *
		host; /* connecting: which of the peer's hosts; copied; NULL: its name, and any will do */
};

/* 0, or negative with TEXT. */
int channel_new(
	struct channel **ret, const struct channel_params *params, struct err_text *text);
/* Without close_notify; see channel_close(). NULL is fine. */
void channel_free(struct channel *channel);

/* What the channel waits for after -EAGAIN. */
bool channel_wants_write(const struct channel *channel);

/*
 * Goes on with the handshake. 0 when it is done and the peer is judged; -EAGAIN; otherwise
 * negative, final, and explain_channel() says why.
 */
int channel_handshake(struct channel *channel);

/*
 * Bytes read (1..LEN), -EAGAIN, ERR_CLOSED at an orderly end, or negative: ERR_TRUST when
 * the far end refuses our certificate (in TLS 1.3 it may do so after our handshake is
 * done), -ECONNRESET when the connection broke. Call until it is not positive: decrypted
 * bytes, or an end, may wait that no poll announces.
 */
ssize_t channel_read(struct channel *channel, void *data, size_t len);
/*
 * Bytes taken (may be fewer), -EAGAIN (offer the same bytes again, more may follow them), or
 * negative as above.
 */
ssize_t channel_write(struct channel *channel, const void *data, size_t len);
/* Sends close_notify if it can without waiting. */
void channel_close(struct channel *channel);

/*
 * Judges an open channel's peer anew, after a reload (then by the new PEERS or PEER, as for
 * channel_new()) or when the verdict's `until` is over. 0, or ERR_TRUST: then an alert
 * was sent and the channel can only be freed.
 */
int channel_judge_again(
	struct channel *channel, struct peer_set *peers, const struct peer *peer);

/* Who is there. NULL before the handshake is done. It lives as long as the channel. */
const struct peer *channel_peer(const struct channel *channel);
const struct peer_verdict *channel_verdict(const struct channel *channel);
/* "TLS1.3", "AES-256-GCM"; "" before the handshake is done. */
const char *channel_version(const struct channel *channel);
const char *channel_cipher(const struct channel *channel);
/* What the peer showed, DER, leaf first; lives as long as the channel. NULL before the
 * handshake is done. */
const gnutls_datum_t *channel_chain(const struct channel *channel, unsigned *ret_count);
/* The names that the peer's certificate carries: "DNS:pbx1.example.com". */
const char *channel_peer_names(const struct channel *channel);
/* The certificate that we present, and its file. Accepting, it may change in the handshake. */
struct cred *channel_cred(const struct channel *channel);
const char *channel_ours(const struct channel *channel);
/* Accepting: the server name that the far end asked for (RFC 6066 3), escaped; "" when none.
 * Known when the handshake is over, well or not. */
const char *channel_server_name(const struct channel *channel);
/* Whether the far end asked for our certificate (meaningful when connecting). */
bool channel_was_asked(const struct channel *channel);

/* What came where no TLS did, in words of spoken_text(); "" where TLS came; NULL where nothing did. */
const char *channel_spoke(const struct channel *channel);

/* Why the channel is of no use, for explain_channel(). */
enum channel_fault {
	CHANNEL_FINE,
	CHANNEL_REFUSED_BY_US,   /* channel_verdict() says why */
	CHANNEL_REFUSED_BY_THEM, /* by an alert */
	CHANNEL_BROKEN,
};

struct channel_failure {
	enum channel_fault fault;
	int code;  /* what the functions above return from now on */
	int alert; /* gnutls_alert_description_t: what they sent */
	/* The alert came in clear behind keys: no proof that the far end sent it, and no other reason
	 * will come. */
	bool in_clear;
	const char *error; /* a sentence, lives as the channel: what broke */
};

const struct channel_failure *channel_failure(const struct channel *channel);
