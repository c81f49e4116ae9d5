#include "bridge/leg_refresh.h"

#include "base/log.h"
#include "bridge/body.h"
#include "bridge/leg_priv.h"
#include "sip/compose.h"

#include <errno.h>
#include <stdio.h>

static uint64_t now_us(const struct leg *leg)
{
	return 1000 * timers_now_ms(leg->home->bridge->timers);
}

/* What its trunk's settings say; a leg without a session timer is as one that refuses them. */
static struct config_timers policy_of(const struct leg *leg)
{
	struct config_timers policy = leg->settings->timers;

	if (leg->refresh.off)
		policy.mode = CONFIG_SESSION_TIMER_REFUSE;
	return policy;
}

static bool has_timers(const struct leg *leg)
{
	return policy_of(leg).mode != CONFIG_SESSION_TIMER_REFUSE;
}

/* ---- its time ---- */

static void start_timer(struct leg *leg);

static void expire(struct leg *leg, int status, const char *why)
{
	const struct leg_report report = {
		.event = LEG_EVENT_EXPIRED, .status = status, .why = why};

	start_timer(leg);
	leg->h(leg->arg, leg, &report);
}

static void time_h(void *arg)
{
	struct leg *leg = arg;
	const bool ours = session_is_ours(&leg->refresh.session);
	const enum session_action action =
		session_time(&leg->refresh.session, now_us(leg));

	start_timer(leg);
	if (action == SESSION_REFRESH)
		leg_report(leg, LEG_EVENT_REFRESH, NULL, 0, NULL);
	else if (action == SESSION_EXPIRE)
		expire(leg, 408,
			ours ? "its session could not be refreshed in time"
			     : "it did not refresh its session in time");
}

/* For the next moment of its session, where there is one. */
static void start_timer(struct leg *leg)
{
	const uint64_t at_us = leg->refresh.session.at_us, now = now_us(leg);

	if (!at_us)
		timer_stop(&leg->refresh.timer);
	else
		timer_start(leg->home->bridge->timers, &leg->refresh.timer,
			at_us > now ? (at_us - now + 999) / 1000 : 0, time_h, leg);
}

static void agree(struct leg *leg, const struct session_terms *terms)
{
	struct session_timer *session = &leg->refresh.session;
	const bool changed = session->interval_s != terms->interval_s ||
			     session_is_ours(session) != terms->ours;

	session_agree(session, terms, now_us(leg));
	leg->refresh.agreed = *terms;
	start_timer(leg);
	if (changed)
		log_debug("leg",
			"call=%s leg=%s event=session-timer interval-s=%u refresher=%s",
			leg->id, leg->name, (unsigned)terms->interval_s,
			terms->ours ? "us" : "peer");
}

void leg_refresh_stop(struct leg *leg)
{
	if (leg->refresh.out)
		txn_client_detach(leg->refresh.out);
	leg->refresh.out = NULL;
	leg->refresh.answering = false;
	leg->refresh.agreed = (struct session_terms){.interval_s = 0};
	leg->refresh.session = (struct session_timer){.state = SESSION_OFF};
	timer_stop(&leg->refresh.timer);
}

void leg_refresh_resume(struct leg *leg)
{
	struct refresh *refresh = &leg->refresh;

	session_resume(&refresh->session, now_us(leg));
	refresh->agreed.interval_s = refresh->session.interval_s;
	refresh->agreed.ours = session_is_ours(&refresh->session);
	start_timer(leg);
}

/* ---- requests of ours ---- */

static void add_expires(
	uint32_t seconds, enum session_refresher refresher, struct buf *out)
{
	static const char *const words[] = {
		[SESSION_BY_ANY] = "",
		[SESSION_BY_UAC] = ";refresher=uac",
		[SESSION_BY_UAS] = ";refresher=uas",
	};

	buf_printf(out, "Session-Expires: %u%s\r\n", (unsigned)seconds, words[refresher]);
}

void leg_refresh_add_supported(const struct leg *leg, const char *others, struct buf *out)
{
	const char *const options[] = {others, has_timers(leg) ? "timer" : NULL,
		leg->settings->transfer.replaces ? "replaces" : NULL,
		leg->may_change_from ? "from-change" : NULL};
	const char *part = "Supported: ";

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!options[i])
			continue;
		buf_add_str(out, part);
		buf_add_str(out, options[i]);
		part = ", ";
	}
	if (part[0] == ',')
		buf_add_str(out, "\r\n");
}

void leg_refresh_add_to_request(const struct leg *leg, bool first, struct buf *out)
{
	const struct config_timers policy = policy_of(leg);
	const struct session_request request =
		session_ask(&policy, &leg->refresh.session, first);

	if (request.expires_s)
		add_expires(request.expires_s, request.refresher, out);
	if (request.min_s)
		compose_header_uint(out, "Min-SE", request.min_s);
}

bool leg_refresh_takes_422(const struct leg *leg)
{
	return has_timers(leg);
}

void leg_refresh_repeated(struct leg *leg, uint32_t min_s)
{
	session_heed_min(&leg->refresh.session, min_s);
}

void leg_refresh_heed(struct leg *leg, const struct message *response)
{
	struct session_said said;
	struct session_terms terms;

	if (!has_timers(leg))
		return;
	session_read(response, &said);
	terms = session_accept(&said);
	agree(leg, &terms);
}

/* ---- requests of theirs ---- */

static bool refuse_for(const struct config_timers *policy, struct txn_server *txn)
{
	const struct message *request = txn_server_request(txn);
	struct session_said said;
	uint32_t min_s;
	char extra[40];

	if (policy->mode == CONFIG_SESSION_TIMER_REFUSE &&
		message_lists(request, "Require", "timer")) {
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 420,
				.where = "Require",
				.why = "timer, and this trunk has session-timer = refuse",
				.extra = "Unsupported: timer\r\n"});
		return true;
	}
	session_read(request, &said);
	min_s = session_too_small(policy, &said);
	if (!min_s)
		return false;
	snprintf(extra, sizeof(extra), "Min-SE: %u\r\n", (unsigned)min_s);
	txn_server_refuse(txn, NULL,
		&(struct txn_refusal){.status = 422,
			.where = "Session-Expires",
			.why = "it is below min-session-expires",
			.extra = extra});
	return true;
}

bool leg_refresh_refuse_first(const struct config_trunk *settings, struct txn_server *txn)
{
	return refuse_for(&settings->timers, txn);
}

bool leg_refresh_refuse(struct leg *leg, struct txn_server *txn)
{
	return !leg->refresh.off && refuse_for(&leg->settings->timers, txn);
}

void leg_refresh_add_to_answer(
	struct leg *leg, const struct message *request, struct buf *out)
{
	const struct config_timers policy = policy_of(leg);
	struct refresh *refresh = &leg->refresh;
	struct session_said said;

	leg_refresh_add_supported(leg, NULL, out);
	if (policy.mode == CONFIG_SESSION_TIMER_REFUSE)
		return;
	session_read(request, &said);
	session_heed_min(&refresh->session, said.min_s);
	refresh->next = session_answer(&policy, &said, &refresh->session);
	refresh->answering = true;
	if (!refresh->next.interval_s)
		return;
	if (said.supported)
		compose_header_str(out, "Require", "timer");
	add_expires(refresh->next.interval_s,
		refresh->next.ours ? SESSION_BY_UAS : SESSION_BY_UAC, out);
}

void leg_refresh_answered(struct leg *leg)
{
	if (leg->refresh.answering)
		agree(leg, &leg->refresh.next);
	leg->refresh.answering = false;
}

/* ---- refreshes of ours ---- */

static void log_failed(const struct leg *leg, int status)
{
	log_warning("leg", "call=%s leg=%s event=refresh-failed status=%d", leg->id,
		leg->name, status);
}

void leg_refresh_failed(struct leg *leg, int status, uint64_t pause_us)
{
	struct session_timer *session = &leg->refresh.session;
	enum session_event event = SESSION_REFUSED;
	enum session_action action;

	/* RFC 4028 10, RFC 3261 12.2.1.2: its dialog is gone */
	if (status == 408 || status == 481)
		event = SESSION_GONE;
	else if (status == 491)
		event = SESSION_GLARE;
	else
		log_failed(leg, status);
	action = session_happens(session, event, now_us(leg), pause_us);
	start_timer(leg);
	if (action == SESSION_EXPIRE)
		expire(leg, status,
			status == 408 ? "it did not answer a refresh of its session"
				      : "it answered 481 to a refresh of its session");
}

void leg_refresh_wait(struct leg *leg)
{
	session_happens(&leg->refresh.session, SESSION_BUSY, now_us(leg), 0);
	start_timer(leg);
}

bool leg_refresh_by_update(const struct leg *leg)
{
	return leg_allows(leg, MESSAGE_UPDATE) &&
	       leg->settings->timers.refresh == CONFIG_SESSION_REFRESH_UPDATE;
}

static void forget(struct leg *leg, struct txn_client *txn)
{
	txn_client_detach(txn);
	leg->refresh.out = NULL;
}

static void refused(struct leg *leg, const struct message *response)
{
	const int status = message_status(response);

	if (status != 405 && status != 501) {
		leg_refresh_failed(leg, status, 1000 * leg_glare_ms(leg));
		return;
	}
	/* its Allow did not mean it: by re-INVITE then */
	leg->allows &= ~(1u << MESSAGE_UPDATE);
	leg_refresh_wait(leg);
}

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct leg *leg = arg;

	if (message_status(response) < 200)
		return;
	forget(leg, txn);
	if (message_status(response) >= 300) {
		refused(leg, response);
		return;
	}
	dialog_refresh(&leg->dialog, response);
	leg_note_allow(leg, response);
	leg_refresh_heed(leg, response);
}

static void failed_h(void *arg, struct txn_client *txn, int err)
{
	forget(arg, txn);
	leg_refresh_failed(arg, err == -ETIMEDOUT ? 408 : 503, 0);
}

static void repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct leg *leg = arg;

	leg->refresh.out = txn;
	leg_refresh_repeated(leg, request->min_se_s);
}

void leg_refresh_update(struct leg *leg)
{
	const struct txn_client_user user = {.repeated_h = repeated_h,
		.response_h = response_h,
		.failed_h = failed_h,
		.arg = leg};
	struct request update;

	leg_follow_route(leg);
	update = leg_begin(leg, MESSAGE_UPDATE);
	leg_add_identity(leg, "User-Agent", &update.text);
	leg_refresh_add_supported(leg, NULL, &update.text);
	leg_refresh_add_to_request(leg, false, &update.text);
	update.takes_422 = true;
	body_add_sdp(&update.text, leg->flow, NULL);
	if (request_send(&update, &user, &leg->refresh.out))
		leg_refresh_wait(leg);
}
