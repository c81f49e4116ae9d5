#include "service.h"

#include "base/log.h"
#include "process/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sentence about our work is for people. */
#define STATUS_MS 10000
/* Looks within the time after which the manager acts: a late one is not fatal. */
#define LOOKS 4
/* So often it is looked whether the disk holds the audit thread up, which is told within a second. */
#define AUDIT_MS 200
/* Over what was promised, for records and files to be closed. */
#define STOP_MARGIN_MS 10000

struct service {
	struct loop *loop;
	const struct bridge *bridge;
	struct relay *relay;
	struct writer *writer;
	struct timer status_timer;
	struct timer watchdog_timer;
	struct timer audit_timer;
	uint64_t look_ms; /* 0: nobody watches */
	size_t trunks;
	bool stopping;
	bool hung;        /* told */
	char status[128]; /* as last told */
};

/* Every thread but this one, which is here. */
static bool all_turn(struct service *service, char ret_name[static 16])
{
	unsigned worker;

	if (!relay_turns(service->relay, &worker)) {
		snprintf(ret_name, 16, "media-%u", worker % 1000);
		return false;
	}
	snprintf(ret_name, 16, "audit");
	return writer_turns(service->writer);
}

static void look_h(void *arg)
{
	struct service *service = arg;
	char name[16];
	bool turn = all_turn(service, name);

	if (turn)
		notify_alive();
	else if (!service->hung)
		log_error("service",
			"event=thread-hangs thread=%s note=\"it has not turned for %llu "
			"ms; unless it does, the service manager starts the server "
			"again\"",
			name, (unsigned long long)service->look_ms);
	service->hung = !turn;
	timer_start(loop_timers(service->loop), &service->watchdog_timer,
		service->look_ms, look_h, service);
}

static void audit_h(void *arg)
{
	struct service *service = arg;

	writer_look(service->writer);
	timer_start(loop_timers(service->loop), &service->audit_timer, AUDIT_MS, audit_h,
		service);
}

static void write_status(const struct service *service, char ret[static 128])
{
	struct bridge_totals totals;

	bridge_totals(service->bridge, &totals);
	snprintf(ret, 128, "%llu calls on %zu servers and gateways",
		(unsigned long long)totals.calls, service->trunks);
}

static void status_h(void *arg)
{
	struct service *service = arg;
	char now[sizeof(service->status)];

	write_status(service, now);
	if (!service->stopping && strcmp(now, service->status) != 0) {
		memcpy(service->status, now, sizeof(now));
		notify_status(now);
	}
	timer_start(loop_timers(service->loop), &service->status_timer, STATUS_MS,
		status_h, service);
}

int service_new(struct service **ret, struct loop *loop, const struct bridge *bridge,
	struct relay *relay, struct writer *writer)
{
	struct service *service = calloc(1, sizeof(*service));
	uint64_t watchdog_us = notify_watchdog_us();

	if (!service)
		return -ENOMEM;
	service->loop = loop;
	service->bridge = bridge;
	service->relay = relay;
	service->writer = writer;
	if (watchdog_us > 0) {
		service->look_ms = watchdog_us / 1000 / LOOKS;
		if (service->look_ms == 0)
			service->look_ms = 1;
		look_h(service);
	}
	audit_h(service);
	*ret = service;
	return 0;
}

void service_free(struct service *service)
{
	if (!service)
		return;
	timer_stop(&service->watchdog_timer);
	timer_stop(&service->audit_timer);
	timer_stop(&service->status_timer);
	free(service);
}

void service_ready(struct service *service, size_t trunks)
{
	service->trunks = trunks;
	write_status(service, service->status);
	notify_ready(service->status);
	timer_start(loop_timers(service->loop), &service->status_timer, STATUS_MS,
		status_h, service);
}

void service_reloading(struct service *service)
{
	(void)service;
	notify_reloading();
}

void service_stopping(struct service *service, uint64_t within_ms)
{
	service->stopping = true;
	notify_stopping((within_ms + STOP_MARGIN_MS) * 1000);
}
