#include "sip/session_timer.h"

#define MS 1000ULL /* in microseconds */
#define SECOND (1000 * MS)
/* So long before its end, or a third of it, a session ends that its far end did not refresh. */
#define EARLY_US (32 * SECOND)

/* ---- what a message says ---- */

/* The one line NAME of MESSAGE: its number, and what stands behind that. */
static bool read_seconds(const struct message *message, const char *name,
	uint32_t *ret_seconds, struct span *ret_params)
{
	struct span line, again, number;
	uint64_t seconds;

	if (!message_line(message, name, 0, &line) ||
		message_line(message, name, 1, &again) ||
		!span_next(&line, ';', &number) ||
		span_uint(span_trim(number), UINT32_MAX, &seconds))
		return false;
	*ret_seconds = (uint32_t)seconds;
	*ret_params = line;
	return true;
}

static enum session_refresher read_refresher(struct span params)
{
	struct span value;

	if (!message_param(params, "refresher", &value))
		return SESSION_BY_ANY;
	value = span_trim(value);
	if (span_equal_nocase(value, "uac"))
		return SESSION_BY_UAC;
	return span_equal_nocase(value, "uas") ? SESSION_BY_UAS : SESSION_BY_ANY;
}

void session_read(const struct message *message, struct session_said *ret)
{
	struct span params;

	*ret = (struct session_said){
		.supported = message_lists(message, "Supported", "timer") ||
			     message_lists(message, "Require", "timer")};
	if (read_seconds(message, "Session-Expires", &ret->expires_s, &params)) {
		ret->asked = true;
		ret->refresher = read_refresher(params);
	}
	(void)read_seconds(message, "Min-SE", &ret->min_s, &params);
}

/* ---- what is agreed on ---- */

static uint32_t seconds(uint64_t ms)
{
	return (uint32_t)((ms + 999) / 1000);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static bool is_small(const struct config_timers *policy, const struct session_said *said)
{
	return said->asked && said->expires_s < seconds(policy->min_ms);
}

uint32_t session_too_small(
	const struct config_timers *policy, const struct session_said *said)
{
	const bool refused = policy->mode != CONFIG_SESSION_TIMER_REFUSE &&
			     said->supported && is_small(policy, said);

	return refused ? seconds(policy->min_ms) : 0;
}

/* What we would have, and whoever sent the request takes. */
static uint32_t our_interval(
	const struct config_timers *policy, const struct session_said *said)
{
	return larger(larger(seconds(policy->expires_ms), said->min_s), SESSION_MIN_S);
}

/* Whoever cannot be told 422, for he knows nothing of it, gets no timer. */
static uint32_t answered_interval(const struct config_timers *policy,
	const struct session_said *said, const struct session_timer *session)
{
	const bool wanted = policy->mode == CONFIG_SESSION_TIMER_OFFER;
	uint32_t ours;

	if (policy->mode == CONFIG_SESSION_TIMER_REFUSE || is_small(policy, said) ||
		(!said->asked && !said->supported))
		return 0;
	if (!said->asked && session->interval_s)
		return larger(session->interval_s, said->min_s);
	ours = our_interval(policy, said);
	if (!said->asked)
		return wanted ? ours : 0;
	return wanted && said->expires_s > ours ? ours : said->expires_s;
}

struct session_terms session_answer(const struct config_timers *policy,
	const struct session_said *said, const struct session_timer *session)
{
	const struct session_terms terms = {
		.interval_s = answered_interval(policy, said, session)};
	bool ours = !said->supported || said->refresher == SESSION_BY_UAS;

	/* it is left to us: as it was, else whoever asks */
	if (said->supported && said->refresher == SESSION_BY_ANY)
		ours = session_is_ours(session);
	return (struct session_terms){
		.interval_s = terms.interval_s, .ours = terms.interval_s && ours};
}

struct session_request session_ask(const struct config_timers *policy,
	const struct session_timer *session, bool first)
{
	const uint32_t least = larger(seconds(policy->min_ms), session->min_s);
	struct session_request request = {.expires_s = 0};

	if (policy->mode == CONFIG_SESSION_TIMER_REFUSE)
		return request;
	if (session->interval_s) {
		request.expires_s = session->interval_s;
		request.refresher =
			session_is_ours(session) ? SESSION_BY_UAC : SESSION_BY_UAS;
	} else if (first && policy->mode == CONFIG_SESSION_TIMER_OFFER) {
		request.expires_s = seconds(policy->expires_ms);
	}
	if (!request.expires_s)
		return request;
	request.expires_s = larger(request.expires_s, session->min_s);
	/* 90 is what is meant where nothing is said (RFC 4028 5) */
	request.min_s = least > SESSION_MIN_S && least <= request.expires_s ? least : 0;
	return request;
}

struct session_terms session_accept(const struct session_said *said)
{
	if (!said->asked)
		return (struct session_terms){.interval_s = 0};
	/* who is to refresh must be said; where it is not, it is better done by both than by none */
	return (struct session_terms){
		.interval_s = larger(said->expires_s, SESSION_MIN_S),
		.ours = said->refresher != SESSION_BY_UAS};
}

/* ---- one dialog's timer ---- */

bool session_is_ours(const struct session_timer *session)
{
	return session->state == SESSION_OURS || session->state == SESSION_ASKED;
}

static uint64_t interval_us(const struct session_timer *session)
{
	return session->interval_s * SECOND;
}

static uint64_t early_us(const struct session_timer *session)
{
	const uint64_t third_us = interval_us(session) / 3;

	return third_us < EARLY_US ? third_us : EARLY_US;
}

uint64_t session_end_us(const struct session_timer *session)
{
	if (session->state == SESSION_OFF)
		return 0;
	return session->agreed_us + interval_us(session) -
	       (session->state == SESSION_THEIRS ? early_us(session) : 0);
}

struct session_moment {
	uint64_t now_us, pause_us;
};

typedef enum session_action session_act(
	struct session_timer *session, const struct session_moment *moment);

static enum session_action act_none(
	struct session_timer *session, const struct session_moment *moment)
{
	(void)session;
	(void)moment;
	return SESSION_NOTHING;
}

/* The next step is after PAUSE_US, but never behind the end. */
static enum session_action wait_for(struct session_timer *session,
	const struct session_moment *moment, uint64_t pause_us)
{
	const uint64_t end_us = session_end_us(session);

	session->at_us = moment->now_us + pause_us;
	if (session->at_us > end_us)
		session->at_us = end_us;
	return SESSION_NOTHING;
}

/* ---- what each event does; the table has the state ---- */

static enum session_action act_begin(struct session_timer *session, uint64_t after_us)
{
	session->glares = 0;
	session->at_us = session->agreed_us + after_us;
	return SESSION_NOTHING;
}

static enum session_action act_ours(
	struct session_timer *session, const struct session_moment *moment)
{
	(void)moment;
	return act_begin(session, interval_us(session) / 2);
}

static enum session_action act_theirs(
	struct session_timer *session, const struct session_moment *moment)
{
	(void)moment;
	return act_begin(session, interval_us(session) - early_us(session));
}

static enum session_action act_stop(
	struct session_timer *session, const struct session_moment *moment)
{
	(void)moment;
	session->interval_s = 0;
	session->at_us = 0;
	return SESSION_NOTHING;
}

static enum session_action act_expire(
	struct session_timer *session, const struct session_moment *moment)
{
	act_stop(session, moment);
	return SESSION_EXPIRE;
}

static enum session_action act_refresh(
	struct session_timer *session, const struct session_moment *moment)
{
	(void)moment;
	session->at_us = session_end_us(session);
	return SESSION_REFRESH;
}

static enum session_action act_wait(
	struct session_timer *session, const struct session_moment *moment)
{
	return wait_for(session, moment, SESSION_BUSY_MS * MS);
}

/* Half of the time that is left, so that there are a few more tries, and not many. */
static enum session_action act_retry(
	struct session_timer *session, const struct session_moment *moment)
{
	const uint64_t end_us = session_end_us(session);
	const uint64_t left_us = end_us > moment->now_us ? end_us - moment->now_us : 0;
	const uint64_t least_us = SESSION_RETRY_MS * MS;

	session->glares = 0;
	return wait_for(session, moment, left_us / 2 > least_us ? left_us / 2 : least_us);
}

static enum session_action act_glare(
	struct session_timer *session, const struct session_moment *moment)
{
	if (session->glares == SESSION_GLARES)
		return act_retry(session, moment);
	session->glares++;
	return wait_for(session, moment, moment->pause_us);
}

struct session_rule {
	session_act *act;
	enum session_state next;
};

/* What becomes of a refresh means nothing any more once a 2xx to a request of theirs has agreed anew. */
static const struct session_rule rules[SESSION_STATES][SESSION_EVENTS] =
	{
		[SESSION_OFF] =
			{
				[SESSION_AGREED_OURS] = {act_ours, SESSION_OURS},
				[SESSION_AGREED_THEIRS] = {act_theirs, SESSION_THEIRS},
				[SESSION_DROPPED] = {act_stop, SESSION_OFF},
				[SESSION_DUE] = {act_stop, SESSION_OFF},
				[SESSION_OVER] = {act_stop, SESSION_OFF},
				[SESSION_BUSY] = {act_none, SESSION_OFF},
				[SESSION_GLARE] = {act_none, SESSION_OFF},
				[SESSION_REFUSED] = {act_none, SESSION_OFF},
				[SESSION_GONE] = {act_none, SESSION_OFF},
			},
		[SESSION_OURS] =
			{
				[SESSION_AGREED_OURS] = {act_ours, SESSION_OURS},
				[SESSION_AGREED_THEIRS] = {act_theirs, SESSION_THEIRS},
				[SESSION_DROPPED] = {act_stop, SESSION_OFF},
				[SESSION_DUE] = {act_refresh, SESSION_ASKED},
				[SESSION_OVER] = {act_expire, SESSION_OFF},
				[SESSION_BUSY] = {act_none, SESSION_OURS},
				[SESSION_GLARE] = {act_none, SESSION_OURS},
				[SESSION_REFUSED] = {act_none, SESSION_OURS},
				[SESSION_GONE] = {act_none, SESSION_OURS},
			},
		[SESSION_ASKED] =
			{
				[SESSION_AGREED_OURS] = {act_ours, SESSION_OURS},
				[SESSION_AGREED_THEIRS] = {act_theirs, SESSION_THEIRS},
				[SESSION_DROPPED] = {act_stop, SESSION_OFF},
				[SESSION_DUE] = {act_none, SESSION_ASKED},
				[SESSION_OVER] = {act_expire, SESSION_OFF},
				[SESSION_BUSY] = {act_wait, SESSION_OURS},
				[SESSION_GLARE] = {act_glare, SESSION_OURS},
				[SESSION_REFUSED] = {act_retry, SESSION_OURS},
				[SESSION_GONE] = {act_expire, SESSION_OFF},
			},
		[SESSION_THEIRS] =
			{
				[SESSION_AGREED_OURS] = {act_ours, SESSION_OURS},
				[SESSION_AGREED_THEIRS] = {act_theirs, SESSION_THEIRS},
				[SESSION_DROPPED] = {act_stop, SESSION_OFF},
				[SESSION_DUE] = {act_none, SESSION_THEIRS},
				[SESSION_OVER] = {act_expire, SESSION_OFF},
				[SESSION_BUSY] = {act_none, SESSION_THEIRS},
				[SESSION_GLARE] = {act_none, SESSION_THEIRS},
				[SESSION_REFUSED] = {act_none, SESSION_THEIRS},
				[SESSION_GONE] = {act_none, SESSION_THEIRS},
			},
};

enum session_action session_happens(struct session_timer *session,
	enum session_event event, uint64_t now_us, uint64_t pause_us)
{
	const struct session_moment moment = {now_us, pause_us};
	const struct session_rule *rule = &rules[session->state][event];
	const enum session_action action = rule->act(session, &moment);

	session->state = rule->next;
	return action;
}

enum session_action session_time(struct session_timer *session, uint64_t now_us)
{
	const bool over = now_us >= session_end_us(session);

	return session_happens(session, over ? SESSION_OVER : SESSION_DUE, now_us, 0);
}

void session_agree(
	struct session_timer *session, const struct session_terms *terms, uint64_t now_us)
{
	enum session_event event = SESSION_DROPPED;

	if (terms->interval_s)
		event = terms->ours ? SESSION_AGREED_OURS : SESSION_AGREED_THEIRS;
	session->interval_s = terms->interval_s;
	session->agreed_us = now_us;
	session_happens(session, event, now_us, 0);
}

void session_heed_min(struct session_timer *session, uint32_t min_s)
{
	session->min_s = larger(session->min_s, min_s);
}

void session_resume(struct session_timer *session, uint64_t now_us)
{
	uint64_t age_us = now_us - session->agreed_us;
	uint64_t whole_us, next_us;

	if (!session->interval_s || session->state == SESSION_OFF) {
		*session = (struct session_timer){.min_s = session->min_s};
		return;
	}
	if (session->state == SESSION_ASKED)
		session->state = SESSION_OURS;
	whole_us = session_end_us(session) - session->agreed_us;
	next_us = session_is_ours(session) ? interval_us(session) / 2 : whole_us;
	/* it may have been agreed on before the clock began: the difference holds, its end must not wrap */
	if (age_us > whole_us)
		age_us = whole_us;
	session->agreed_us = now_us - age_us;
	session->at_us = now_us + (next_us > age_us ? next_us - age_us : 0);
}
