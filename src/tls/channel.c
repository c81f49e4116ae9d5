#include "tls/channel.h"

#include "base/addr.h"
#include "base/secret.h"
#include "tls/alert.h"
#include "tls/chain.h"
#include "tls/escape.h"
#include "tls/intake.h"
#include "tls/keylog.h"
#include "tls/policy.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Warnings and post-handshake messages in a row that bring no data. */
#define IDLE_RECORDS_MAX 16

enum channel_state { STATE_HANDSHAKE, STATE_OPEN, STATE_FAILED };

struct channel {
	gnutls_session_t session;
	bool accept;
	enum channel_state state;
	struct cred *cred;
	struct peer_set
		*peers; /* a reference: who may be there, accepting; or PEER's set */
	const struct peer *peer;   /* connecting: who must be there */
	char *host;                /* connecting: by which of its hosts; NULL: any */
	struct policy_terms terms; /* by which the session was made */
	uint16_t suite;            /* that the server's hello named; 0 before */

	struct intake intake;
	gnutls_packet_t
		record;     /* that was decrypted, and is not read out yet; NULL: none */
	size_t record_read; /* bytes of it that were */
	size_t unsent;      /* bytes that the library took and could not send yet */
	bool judged;        /* the verdict is about this peer */
	struct peer_verdict verdict;
	struct channel_failure failure;
	char server_name[256]; /* that the far end asked for, escaped; "" */
	char asked[256];       /* the same, in the letters of DNS */
	char error[160];       /* what failure.error points to when it names the terms */
};

/* NAME in the letters of DNS, as certificates and settings have it. */
static void channel_note_asked(struct channel *channel, const char *name)
{
	gnutls_datum_t plain = {NULL, 0};

	if (gnutls_idna_map(name, (unsigned)strlen(name), &plain, 0) < 0)
		return;
	if (plain.size < sizeof(channel->asked))
		memcpy(channel->asked, plain.data, plain.size + 1);
	gnutls_free(plain.data);
}

/*
 * RFC 6066 3: what the far end believes to call. The library gives valid names only, in Unicode
 * where they were in punycode.
 */
static void channel_hear_name(struct channel *channel)
{
	char name[256];
	size_t len = sizeof(name) - 1;
	unsigned type;

	if (!channel->accept || channel->server_name[0] != '\0' ||
		gnutls_server_name_get(channel->session, name, &len, &type, 0) < 0 ||
		type != GNUTLS_NAME_DNS || len >= sizeof(name))
		return;
	name[len] = '\0';
	escape_add_str(channel->server_name, sizeof(channel->server_name), name);
	channel_note_asked(channel, name);
}

/* --- failure --- */

/* Final: returns CODE, as every later call does. */
static int channel_fail(
	struct channel *channel, enum channel_fault fault, int code, const char *error)
{
	channel_hear_name(channel);
	channel->state = STATE_FAILED;
	channel->failure.fault = fault;
	channel->failure.code = code;
	channel->failure.error = error;
	return code;
}

/* An alert that cannot leave at once is lost: nobody waits for a refused peer. */
static int channel_refuse(struct channel *channel)
{
	gnutls_alert_send(channel->session, GNUTLS_AL_FATAL,
		alert_for_rule(channel->verdict.rule,
			gnutls_protocol_get_version(channel->session) == GNUTLS_TLS1_3));
	return channel_fail(channel, CHANNEL_REFUSED_BY_US, ERR_TRUST, "");
}

static const char *say_versions(struct channel *channel)
{
	char text[128];

	snprintf(channel->error, sizeof(channel->error), "no version in common: %s",
		policy_versions_text(&channel->terms, text, sizeof(text)));
	return channel->error;
}

static const char *say_ciphers(struct channel *channel)
{
	char text[128];

	snprintf(channel->error, sizeof(channel->error), "no cipher in common: %s",
		policy_ciphers_text(&channel->terms, text, sizeof(text)));
	return channel->error;
}

static const char *say_plain(struct channel *channel)
{
	snprintf(channel->error, sizeof(channel->error),
		"the far end does not speak TLS on this port, but %s",
		channel->intake.spoke);
	return channel->error;
}

/*
 * OpenSSL's client refuses a server's certificate of TLS 1.3 by an alert in clear, though it must be
 * encrypted by then (RFC 8446 5.1). The library finds a record that does not decrypt. It is not
 * authentic, so it is only told: the connection ends in any case.
 */
static bool is_alert_in_clear(const struct channel *channel, int err, int *ret_alert)
{
	return (err == GNUTLS_E_DECRYPTION_FAILED ||
		       err == GNUTLS_E_UNEXPECTED_PACKET_LENGTH ||
		       err == GNUTLS_E_UNEXPECTED_PACKET) &&
	       gnutls_protocol_get_version(channel->session) == GNUTLS_TLS1_3 &&
	       intake_alert(&channel->intake, ret_alert);
}

static int channel_fail_by_alert(struct channel *channel, int alert)
{
	channel->failure.alert = alert;
	return channel_fail(channel, CHANNEL_REFUSED_BY_THEM,
		alert_is_distrust(alert) ? ERR_TRUST : ERR_LIBRARY, "");
}

static int channel_break(struct channel *channel, int err)
{
	const char *error = gnutls_strerror(err);
	int code = ERR_LIBRARY;
	int alert = 0;

	if (err == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return channel_fail_by_alert(
			channel, (int)gnutls_alert_get(channel->session));
	if (is_alert_in_clear(channel, err, &alert)) {
		channel->failure.in_clear = true;
		return channel_fail_by_alert(channel, alert);
	}
	/* An end inside a record the library calls a decoding error. */
	if (channel->intake.ended || err == GNUTLS_E_PREMATURE_TERMINATION ||
		err == GNUTLS_E_PULL_ERROR || err == GNUTLS_E_PUSH_ERROR) {
		code = -ECONNRESET;
		error = channel->state == STATE_HANDSHAKE
				? "the far end closed the connection during the handshake"
				: "the far end broke the connection";
	} else if (channel->intake.plain) {
		error = say_plain(channel);
	} else if (err == GNUTLS_E_REHANDSHAKE) {
		error = "the far end wants to renegotiate, which is not allowed";
		gnutls_alert_send(
			channel->session, GNUTLS_AL_FATAL, GNUTLS_A_NO_RENEGOTIATION);
	} else {
		gnutls_alert_send_appropriate(channel->session, err);
		/* With TLS 1.3 alone the library calls an older far end one without a
		 * cipher; all that speak 1.3 have one of ours. */
		if (err == GNUTLS_E_UNSUPPORTED_VERSION_PACKET ||
			(err == GNUTLS_E_NO_CIPHER_SUITES &&
				channel->terms.min == POLICY_TLS_1_3))
			error = say_versions(channel);
		else if (err == GNUTLS_E_NO_CIPHER_SUITES ||
			 err == GNUTLS_E_UNKNOWN_CIPHER_SUITE)
			error = say_ciphers(channel);
	}
	return channel_fail(channel, CHANNEL_BROKEN, code, error);
}

static bool is_unreadable(int err)
{
	return err == GNUTLS_E_CERTIFICATE_ERROR ||
	       (err <= GNUTLS_E_ASN1_ELEMENT_NOT_FOUND &&
		       err >= GNUTLS_E_ASN1_TYPE_ANY_ERROR);
}

/* The library says the same of our own certificate. */
static bool is_their_key_usage(const struct channel *channel, int err)
{
	unsigned count = 0;
	const gnutls_datum_t *chain =
		gnutls_certificate_get_peers(channel->session, &count);

	return err == GNUTLS_E_KEY_USAGE_VIOLATION && chain && count > 0 &&
	       !chain_may_sign(chain);
}

/* By what the library found before it asked us, or behind that. */
static int channel_refuse_by(
	struct channel *channel, enum peer_rule rule, const char *detail)
{
	channel->verdict.rule = rule;
	channel->verdict.peer = NULL;
	escape_add_str(channel->verdict.detail, sizeof(channel->verdict.detail), detail);
	channel->judged = true;
	return channel_refuse(channel);
}

static bool is_no_certificate(int err)
{
	return err == GNUTLS_E_NO_CERTIFICATE_FOUND ||
	       err == GNUTLS_E_CERTIFICATE_REQUIRED;
}

/* A handshake's end without success. */
static int channel_end_handshake(struct channel *channel, int err)
{
	if (channel->judged && channel->verdict.rule != PEER_OK)
		return channel_refuse(channel);
	if (!channel->judged && is_no_certificate(err)) {
		/* So the library also calls an alert in the certificate's place. */
		if (gnutls_alert_get(channel->session) != GNUTLS_A_CLOSE_NOTIFY)
			return channel_break(channel, GNUTLS_E_FATAL_ALERT_RECEIVED);
		peer_judge(channel->peers, channel->peer, &(struct peer_shown){0},
			&channel->verdict);
		channel->judged = true;
		return channel_refuse(channel);
	}
	if (!channel->judged && is_unreadable(err))
		return channel_refuse_by(channel, PEER_UNREADABLE, "");
	if (is_their_key_usage(channel, err))
		return channel_refuse_by(channel, PEER_PURPOSE,
			"its key usage does not allow digital signatures");
	return channel_break(channel, err);
}

/* --- judgement --- */

/* The new reference comes first: it may be the same set, and the last one to it. */
static void channel_set_peers(
	struct channel *channel, struct peer_set *peers, const struct peer *peer)
{
	struct peer_set *old = channel->peers;

	channel->peer = channel->accept ? NULL : peer;
	channel->peers = peer_set_ref(channel->accept ? peers : peer->set);
	peer_set_unref(old);
}

/*
 * Who does not ask for our certificate lets anybody in under our name: its certificate may
 * be good, but the connection is not mutual.
 */
static int channel_judge_mutual(struct channel *channel)
{
	struct peer_verdict *verdict = &channel->verdict;

	if (channel->accept || !channel->peer->must_ask || channel_was_asked(channel))
		return 0;
	verdict->rule = PEER_NOT_ASKED;
	verdict->peer = NULL;
	return ERR_TRUST;
}

/* The hello of a far end that connected is read, and nothing of the answer is chosen yet. */
static int channel_hello_h(gnutls_session_t session)
{
	struct channel *channel = gnutls_session_get_ptr(session);
	struct cred *old = channel->cred, *chosen = NULL;

	channel_hear_name(channel);
	if (channel->peers->names)
		chosen = server_names_cred(channel->peers->names, channel->asked);
	if (!chosen || chosen == old)
		return 0;
	channel->cred = cred_ref(chosen);
	cred_unref(old);
	return gnutls_credentials_set(
		session, GNUTLS_CRD_CERTIFICATE, cred_handle(chosen));
}

/* What of STAPLES came; it lives as long as the session. */
static void channel_read_staples(const struct channel *channel, struct peer_shown *shown,
	gnutls_datum_t staples[static POLICY_CHAIN_MAX])
{
	shown->cannot_staple =
		channel->accept &&
		gnutls_protocol_get_version(channel->session) != GNUTLS_TLS1_3;
	for (unsigned i = 0; i < shown->chain_len && i < POLICY_CHAIN_MAX; i++) {
		staples[i] = (gnutls_datum_t){NULL, 0};
		if (gnutls_ocsp_status_request_get2(channel->session, i, &staples[i]) < 0)
			staples[i].size = 0;
		else
			shown->staples = staples;
	}
}

static int channel_judge(struct channel *channel)
{
	gnutls_datum_t staples[POLICY_CHAIN_MAX];
	struct policy_agreed agreed;
	struct peer_shown shown = {.agreed = &agreed,
		.server_name = channel->accept ? channel->asked : NULL,
		.host = channel->host};

	shown.chain = gnutls_certificate_get_peers(channel->session, &shown.chain_len);
	if (!shown.chain)
		shown.chain_len = 0;
	channel_read_staples(channel, &shown, staples);
	policy_read(channel->session, channel->suite, &agreed);
	channel->judged = true;
	return peer_judge(channel->peers, channel->peer, &shown, &channel->verdict);
}

/* Inside the handshake, so that the far end is told before it believes to be welcome. */
static int channel_verify_h(gnutls_session_t session)
{
	struct channel *channel = gnutls_session_get_ptr(session);

	if (channel_judge(channel) < 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	/* In TLS 1.2 the question comes behind the certificate: channel_message_h(). */
	if (gnutls_protocol_get_version(session) == GNUTLS_TLS1_3 &&
		channel_judge_mutual(channel) < 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	return 0;
}

/* Behind each message of the handshake. */
static int channel_message_h(gnutls_session_t session, unsigned type, unsigned when,
	unsigned incoming, const gnutls_datum_t *message)
{
	struct channel *channel = gnutls_session_get_ptr(session);

	(void)when;
	if (type == GNUTLS_HANDSHAKE_SERVER_HELLO)
		channel->suite = policy_suite(message->data, message->size);
	/* TLS 1.2: all that the server asks for was read, and nothing is answered yet. */
	if (type == GNUTLS_HANDSHAKE_SERVER_HELLO_DONE && incoming && channel->judged &&
		channel_judge_mutual(channel) < 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	return 0;
}

int channel_judge_again(
	struct channel *channel, struct peer_set *peers, const struct peer *peer)
{
	if (channel->state != STATE_OPEN)
		return channel->state == STATE_FAILED ? channel->failure.code : ERR_STATE;
	if (channel->accept ? !peers : !peer)
		return -EINVAL;
	channel_set_peers(channel, peers, peer);
	if (channel_judge(channel) < 0 || channel_judge_mutual(channel) < 0)
		return channel_refuse(channel);
	return 0;
}

/* --- life --- */

/* RFC 6066 3: host names only, without the root's dot. */
static int channel_name_server(struct channel *channel)
{
	const char *name = channel->host ? channel->host : channel->peer->name;
	size_t len = strlen(name);
	struct addr addr;

	if (addr_parse_host(&addr, name, len, 0) == 0)
		return 0;
	if (len > 0 && name[len - 1] == '.')
		len--;
	return gnutls_server_name_set(channel->session, GNUTLS_NAME_DNS, name, len) < 0
		       ? ERR_LIBRARY
		       : 0;
}

static int channel_start(struct channel *channel, struct err_text *text)
{
	if (gnutls_credentials_set(channel->session, GNUTLS_CRD_CERTIFICATE,
		    cred_handle(channel->cred)) < 0 ||
		(!channel->accept && channel_name_server(channel) < 0))
		return err_set(
			text, ERR_LIBRARY, "GnuTLS refuses the session's settings");
	gnutls_session_set_ptr(channel->session, channel);
	gnutls_session_set_verify_function(channel->session, channel_verify_h);
	if (channel->accept)
		gnutls_handshake_set_post_client_hello_function(
			channel->session, channel_hello_h);
	gnutls_handshake_set_hook_function(channel->session, GNUTLS_HANDSHAKE_ANY,
		GNUTLS_HOOK_POST, channel_message_h);
	gnutls_transport_set_ptr2(channel->session, &channel->intake,
		(gnutls_transport_ptr_t)(intptr_t)channel->intake.fd);
	gnutls_transport_set_pull_function(channel->session, intake_pull_h);
	keylog_watch(channel->session);
	return 0;
}

int channel_new(
	struct channel **ret, const struct channel_params *params, struct err_text *text)
{
	struct channel *channel;
	int err;

	if (!params->cred || (params->accept ? !params->peers : !params->peer))
		return err_set(
			text, -EINVAL, "a TLS channel needs a certificate and a peer");
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return err_set(text, -ENOMEM, "out of memory");
	channel->intake.fd = params->fd;
	channel->accept = params->accept;
	channel_set_peers(channel, params->peers, params->peer);
	channel->verdict.rule = PEER_NO_CERTIFICATE;
	channel->cred = cred_ref(params->cred);
	channel->terms = params->accept ? params->peers->widest : params->peer->terms;
	if (!params->accept && params->host)
		channel->host = strdup(params->host);
	err = !params->accept && params->host && !channel->host
		      ? -ENOMEM
		      : policy_session(
				&channel->session, params->accept, &channel->terms);
	if (err < 0) {
		channel->session = NULL;
		err_set(text, err, "GnuTLS makes no session");
	} else {
		err = channel_start(channel, text);
	}
	if (err < 0) {
		channel_free(channel);
		return err;
	}
	*ret = channel;
	return 0;
}

/* The library frees a record as it is, and what came in it may have been a description with
 * keys. */
static void drop_record(struct channel *channel)
{
	gnutls_datum_t text;

	if (!channel->record)
		return;
	gnutls_packet_get(channel->record, &text, NULL);
	secret_wipe_bytes(text.data, text.size);
	gnutls_packet_deinit(channel->record);
	channel->record = NULL;
}

void channel_free(struct channel *channel)
{
	if (!channel)
		return;
	drop_record(channel);
	if (channel->session)
		gnutls_deinit(channel->session);
	cred_unref(channel->cred);
	peer_set_unref(channel->peers);
	intake_free(&channel->intake);
	free(channel->host);
	free(channel);
}

bool channel_wants_write(const struct channel *channel)
{
	if (channel->state == STATE_HANDSHAKE)
		return gnutls_record_get_direction(channel->session) == 1;
	return channel->unsent > 0;
}

int channel_handshake(struct channel *channel)
{
	int err;

	if (channel->state != STATE_HANDSHAKE)
		return channel->state == STATE_OPEN ? 0 : channel->failure.code;
	channel->intake.drained = false;
	for (int i = 0; i < IDLE_RECORDS_MAX; i++) {
		err = gnutls_handshake(channel->session);
		if (err != GNUTLS_E_INTERRUPTED && err != GNUTLS_E_WARNING_ALERT_RECEIVED)
			break;
	}
	if (err == GNUTLS_E_AGAIN)
		return -EAGAIN;
	if (err < 0)
		return channel_end_handshake(channel, err);
	/* What policy and callback should have made impossible is still looked at. */
	if (!channel->judged || channel->verdict.rule != PEER_OK ||
		channel_judge_mutual(channel) < 0 ||
		gnutls_session_is_resumed(channel->session) != 0)
		return channel_refuse(channel);
	channel_hear_name(channel);
	channel->state = STATE_OPEN;
	channel->intake.drained =
		false; /* what follows the handshake may be there by now */
	return 0;
}

/* --- data --- */

static ssize_t read_record(struct channel *channel, void *data, size_t len)
{
	gnutls_datum_t text;
	size_t left;

	gnutls_packet_get(channel->record, &text, NULL);
	left = text.size - channel->record_read;
	if (len > left)
		len = left;
	memcpy(data, text.data + channel->record_read, len);
	channel->record_read += len;
	if (len == left)
		drop_record(channel);
	return (ssize_t)len;
}

ssize_t channel_read(struct channel *channel, void *data, size_t len)
{
	ssize_t n;

	if (channel->state != STATE_OPEN)
		return channel->state == STATE_FAILED ? channel->failure.code : ERR_STATE;
	if (channel->record)
		return read_record(channel, data, len);
	for (int i = 0; i < IDLE_RECORDS_MAX; i++) {
		n = gnutls_record_recv_packet(channel->session, &channel->record);
		channel->record_read = 0;
		if (n > 0)
			return read_record(channel, data, len);
		channel->record = NULL;
		if (n == 0)
			return channel_fail(channel, CHANNEL_FINE, ERR_CLOSED, "");
		/* The library also says so after a key update or a ticket, though more may
		 * lie in our own buffer, of which no poll knows. */
		if (n == GNUTLS_E_AGAIN && !channel->intake.ahead)
			return -EAGAIN;
		if (n != GNUTLS_E_AGAIN && n != GNUTLS_E_INTERRUPTED &&
			n != GNUTLS_E_WARNING_ALERT_RECEIVED)
			return channel_break(channel, (int)n);
	}
	return channel_break(channel, GNUTLS_E_TOO_MANY_EMPTY_PACKETS);
}

/*
 * A far end that refuses us in TLS 1.3 closes, and our next write may fail before we read
 * its alert: the alert is the better reason.
 */
static int channel_break_write(struct channel *channel, int err)
{
	char scrap[256];
	ssize_t n = GNUTLS_E_AGAIN;

	channel->intake.drained = false;
	if (err == GNUTLS_E_PUSH_ERROR)
		n = gnutls_record_recv(channel->session, scrap, sizeof(scrap));
	secret_wipe_bytes(scrap, sizeof(scrap));
	return channel_break(channel, n == GNUTLS_E_FATAL_ALERT_RECEIVED ? (int)n : err);
}

ssize_t channel_write(struct channel *channel, const void *data, size_t len)
{
	ssize_t n;

	if (channel->state != STATE_OPEN)
		return channel->state == STATE_FAILED ? channel->failure.code : ERR_STATE;
	if (len == 0)
		return 0;
	do {
		/* What was taken is sealed already: it must not be handed in again. */
		if (channel->unsent > 0)
			n = gnutls_record_send(channel->session, NULL, 0);
		else
			n = gnutls_record_send(channel->session, data, len);
	} while (n == GNUTLS_E_INTERRUPTED);
	if (n == GNUTLS_E_AGAIN) {
		channel->unsent = len;
		return -EAGAIN;
	}
	if (n < 0)
		return channel_break_write(channel, (int)n);
	channel->unsent = 0;
	return n;
}

void channel_close(struct channel *channel)
{
	if (channel->state == STATE_OPEN && channel->unsent == 0)
		gnutls_bye(channel->session, GNUTLS_SHUT_WR);
}

/* --- reports --- */

const struct peer *channel_peer(const struct channel *channel)
{
	return channel->state == STATE_OPEN ? channel->verdict.peer : NULL;
}

const struct peer_verdict *channel_verdict(const struct channel *channel)
{
	return channel->judged ? &channel->verdict : NULL;
}

const char *channel_version(const struct channel *channel)
{
	const char *name = NULL;

	if (channel->state == STATE_OPEN)
		name = gnutls_protocol_get_name(
			gnutls_protocol_get_version(channel->session));
	return name ? name : "";
}

const char *channel_cipher(const struct channel *channel)
{
	const char *name = NULL;

	if (channel->state == STATE_OPEN)
		name = gnutls_cipher_get_name(gnutls_cipher_get(channel->session));
	return name ? name : "";
}

const gnutls_datum_t *channel_chain(const struct channel *channel, unsigned *ret_count)
{
	return channel->state == STATE_OPEN
		       ? gnutls_certificate_get_peers(channel->session, ret_count)
		       : NULL;
}

const char *channel_peer_names(const struct channel *channel)
{
	return channel->judged ? channel->verdict.presented : "";
}

struct cred *channel_cred(const struct channel *channel)
{
	return channel->cred;
}

const char *channel_ours(const struct channel *channel)
{
	return cred_file(channel->cred);
}

const char *channel_server_name(const struct channel *channel)
{
	return channel->server_name;
}

bool channel_was_asked(const struct channel *channel)
{
	return gnutls_certificate_client_get_request_status(channel->session) != 0;
}

const char *channel_spoke(const struct channel *channel)
{
	return channel->intake.heard ? channel->intake.spoke : NULL;
}

const struct channel_failure *channel_failure(const struct channel *channel)
{
	return &channel->failure;
}
