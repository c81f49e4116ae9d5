#include "rules.h"

#include "sdp/sdp.h"
#include "sip/digest.h"
#include "tls/password.h"
#include "trunk/registration.h"

static const struct config_trunk *settings_of(
	const struct stage *stage, const struct party *party)
{
	const struct config_server *server =
		config_server_find(stage->config, party->name);
	const struct config_gateway *gateway =
		config_gateway_find(stage->config, party->name);

	if (server)
		return &server->common;
	return gateway ? &gateway->common : NULL;
}

/* The credentials of LINE are those of AUTH, for this very request. */
static bool prove(
	const struct config_auth *auth, const struct message *message, struct span line)
{
	const bool is_ack = message_method(message) == MESSAGE_ACK;
	struct digest_answer answer = {.user = span_of(auth->user),
		.method = is_ack ? span_of("INVITE") : message_method_name(message),
		.uri = message_request_uri(message)->whole,
		.body = message_body(message)};
	struct digest_credentials credentials;
	struct buf secret;
	bool proved;

	buf_init(&secret, 0);
	if (digest_credentials_read(&credentials, line) ||
		password_read(&secret, auth->secret, NULL)) {
		buf_free(&secret);
		return false;
	}
	if (is_ack && credentials.qop == DIGEST_QOP_AUTH_INT) {
		/* of the body of its INVITE, which is not here */
		buf_free(&secret);
		return span_equal(credentials.user, answer.user);
	}
	answer.secret = buf_span(&secret);
	/* an ACK repeats those of its INVITE, whose target may have been another */
	proved = digest_credentials_prove(&credentials, &answer) &&
		 (is_ack || span_equal(credentials.uri, answer.uri));
	buf_free(&secret);
	return proved;
}

/* Whose credentials come to PARTY is not certain: a call goes on with the password that it began with, though a
 * reload took that away; or the name of another led here. */
static bool is_uncertain(const struct config_trunk *settings, const struct party *party)
{
	return party->led_to ||
	       (party->known_by && (!settings || !settings->auth.user[0]));
}

/* Whose registrar, or outbound proxy, it is. Of a server of its own nobody here knows. */
static const struct config_trunk *settings_of_registrar(
	const struct stage *stage, const struct party *party)
{
	const struct registration *registration;
	struct trunk *trunk;

	if (!stage->trunks)
		return NULL;
	for (unsigned nth = 0; (trunk = trunks_at(stage->trunks, TRUNK_GATEWAY, nth));
		nth++) {
		registration = trunk->registration;
		for (unsigned i = 0; registration && i < registration->addr_count; i++)
			if (addr_equal_host(&registration->addrs[i], &party->addr))
				return trunk_settings(trunk);
	}
	return NULL;
}

/* RFC 3261 22: credentials are right, and nobody gets those of others. */
static int check_credentials(const struct stage *stage, const struct party *party,
	const struct message *message, struct err_text *error)
{
	static const char *const headers[] = {"Authorization", "Proxy-Authorization"};
	const struct config_trunk *settings = settings_of(stage, party);
	struct span line;

	if (!settings)
		settings = settings_of_registrar(stage, party);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned nth = 0; message_line(message, headers[i], nth, &line);
			nth++)
			if (is_uncertain(settings, party))
				continue;
			else if (!settings || !prove(&settings->auth, message, line))
				return err_set(error, ERR_FORMAT,
					"%s that is none of %s: %.*s", headers[i],
					party->name, SPAN_ARG(line));
	return 0;
}

/* RFC 6665 8.2.1, 4.2.2. */
static int check_event(const struct message *message, struct err_text *error)
{
	enum message_method method = message_method(message);
	struct span line;

	if (method != MESSAGE_SUBSCRIBE && method != MESSAGE_NOTIFY)
		return 0;
	if (!message_line(message, "Event", 0, &line))
		return err_set(error, ERR_FORMAT, "%s without Event",
			message_method_str(method));
	if (method == MESSAGE_NOTIFY && message_to(message)->tag.len &&
		!message_line(message, "Subscription-State", 0, &line))
		return err_set(error, ERR_FORMAT, "a NOTIFY without Subscription-State");
	return 0;
}

static int check_request(const struct message *message, struct err_text *error)
{
	enum message_method method = message_method(message);
	struct message_address contact;

	if (message_tolerated(message))
		return err_set(error, ERR_FORMAT, "a broken %s",
			message_tolerated_name(message, 0));
	if (message_max_forwards(message) < 0)
		return err_set(error, ERR_FORMAT, "a request without Max-Forwards");
	if (message_via_count(message) != 1)
		return err_set(error, ERR_FORMAT, "a request of ours has one Via");
	if (!span_starts(message_via(message)->branch, "z9hG4bK"))
		return err_set(error, ERR_FORMAT, "a branch without the magic cookie");
	if (!message_from(message)->tag.len)
		return err_set(error, ERR_FORMAT, "a From without tag");
	if ((method == MESSAGE_INVITE || method == MESSAGE_SUBSCRIBE ||
		    method == MESSAGE_NOTIFY) &&
		!message_contact(message, 0, &contact))
		return err_set(error, ERR_FORMAT, "%s without Contact",
			message_method_str(method));
	return check_event(message, error);
}

/* L1: the record is handed out before the final answer to a BYE leaves. */
static bool has_record(const struct stage *stage, uint64_t call)
{
	for (unsigned i = 0; i < stage->ended && i < STAGE_OVER; i++)
		if (stage->over[i] == call)
			return true;
	return false;
}

static int check_response(const struct stage *stage, const struct message *message,
	uint64_t call, struct err_text *error)
{
	enum message_method method = message_method(message);
	int status = message_status(message);
	struct message_address contact;
	struct span line;

	if (status > 100 && !message_to(message)->tag.len)
		return err_set(error, ERR_FORMAT, "a response without To tag");
	if (method == MESSAGE_INVITE && status > 100 && status < 300 &&
		!message_contact(message, 0, &contact))
		return err_set(
			error, ERR_FORMAT, "a %d to INVITE without Contact", status);
	/* whoever is redirected is told where to, and nothing but a call is */
	if (status / 100 == 3 &&
		(method != MESSAGE_INVITE || !message_contact(message, 0, &contact)))
		return err_set(error, ERR_FORMAT, "a %d to %s without Contact", status,
			message_method_str(method));
	if (method == MESSAGE_SUBSCRIBE && status / 100 == 2 &&
		(!message_contact(message, 0, &contact) ||
			!message_line(message, "Expires", 0, &line)))
		return err_set(error, ERR_FORMAT,
			"a %d to SUBSCRIBE without Contact or Expires", status);
	if (method == MESSAGE_BYE && status == 200 && call && !stage->outside &&
		!has_record(stage, call) && !stage->referred)
		return err_set(error, ERR_FORMAT, "a BYE is answered before its record");
	return 0;
}

/* A server that says so gets fax in clear, but nothing else. */
static bool is_excepted(const struct stage *stage, const struct party *party,
	const struct sdp_media *media)
{
	const struct config_server *server =
		config_server_find(stage->config, party->name);

	return media->proto == SDP_PROTO_UDPTL && server &&
	       server->common.media.t38 == CONFIG_T38_RELAY;
}

/* Toward servers media is SRTP or refused, whatever the far side said. */
static int check_media(const struct stage *stage, const struct party *party,
	struct span body, struct err_text *error)
{
	struct err_text why = {{0}};
	struct span crypto;
	struct sdp *sdp;

	if (!body.len)
		return 0;
	if (sdp_read(&sdp, body.p, body.len, &why))
		return err_set(
			error, ERR_FORMAT, "SDP that cannot be read: %.200s", why.text);
	if (sdp_was_repaired(sdp)) {
		sdp_free(sdp);
		return err_set(error, ERR_FORMAT, "SDP that is not well formed");
	}
	for (unsigned i = 0; i < sdp_count_media(sdp); i++) {
		const struct sdp_media *media = sdp_media(sdp, i);

		if (party->side != SIDE_INTERNAL || !media->port ||
			is_excepted(stage, party, media))
			continue;
		if (!sdp_proto_is_secure(media->proto) ||
			!sdp_attribute(sdp, (int)i, "crypto", 0, &crypto)) {
			sdp_free(sdp);
			return err_set(error, ERR_FORMAT, "plain RTP toward a server");
		}
	}
	sdp_free(sdp);
	return 0;
}

int rules_check(const struct stage *stage, const struct party *party, uint64_t call,
	const struct message *message, struct err_text *error)
{
	int err;

	if (message_is_request(message)) {
		err = check_request(message, error);
		if (!err)
			err = check_credentials(stage, party, message, error);
	} else {
		err = check_response(stage, message, call, error);
	}
	if (!err && span_equal_nocase(message_content_type(message), "application/sdp"))
		err = check_media(stage, party, message_body(message), error);
	return err;
}
