#include "upkeep/register_flow.h"

#include "base/secret.h"
#include "upkeep/keepalive.h"

static void due_h(void *arg);

static void wait_ms(struct register_flow *keep, uint64_t ms)
{
	timer_start(keep->timers, &keep->timer, ms, due_h, keep);
}

/* From 80 to 100 % of what the registrar said. */
static void pause_behind(struct register_flow *keep, uint64_t passed_ms)
{
	const uint64_t pause_ms = keep->every_ms - secret_below(keep->every_ms / 5 + 1);

	keep->asked = false;
	wait_ms(keep, pause_ms > passed_ms ? pause_ms - passed_ms : 0);
}

static void ask(struct register_flow *keep)
{
	keep->asked = true;
	keep->sent_ms = timers_now_ms(keep->timers);
	(void)flow_keep_alive(keep->flow);
	wait_ms(keep, KEEPALIVE_WITHIN_MS);
}

static void due_h(void *arg)
{
	struct register_flow *keep = arg;

	if (!keep->asked)
		ask(keep);
	else if (keep->flow->heard_ms >= keep->sent_ms)
		pause_behind(keep, KEEPALIVE_WITHIN_MS);
	else
		transport_cut_flow(
			keep->flow, "dead: no answer to a CRLF keep-alive in 10 s");
}

void register_flow_keep(struct register_flow *keep, struct timers *timers,
	struct flow *flow, uint64_t every_ms)
{
	if (keep->flow == flow && keep->every_ms == every_ms)
		return;
	register_flow_stop(keep);
	if (!every_ms)
		return;
	*keep = (struct register_flow){
		.timers = timers, .flow = flow, .every_ms = every_ms};
	pause_behind(keep, 0);
}

void register_flow_stop(struct register_flow *keep)
{
	timer_stop(&keep->timer);
	keep->flow = NULL;
	keep->every_ms = 0;
}
