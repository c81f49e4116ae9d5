#include "audit/courier.h"

#include "base/err.h"
#include "sip/resolve.h"
#include "tls/fetch.h"

#include <errno.h>
#include <stdlib.h>

#define LOOK_MS 200

/* One letter that is carried. */
struct ride {
	struct courier *courier;
	unsigned box;
	const struct mail_letter *letter; /* NULL: none */
	struct resolve *resolving;
	struct fetch *fetch;
	long status;
};

struct courier {
	struct loop *loop;
	struct resolver *resolver;
	struct mail *mail;
	struct fetcher *fetcher;
	struct timer timer;
	struct ride rides[MAIL_BOXES];
};

static void end(struct ride *ride, int err, const gnutls_datum_t *body, const char *why)
{
	ride->letter = NULL;
	mail_answer(ride->courier->mail, ride->box, err, ride->status,
		body ? body->data : NULL, body ? body->size : 0, why);
}

static void fetched_h(void *arg, int err, const gnutls_datum_t *body, const char *why)
{
	struct ride *ride = arg;

	ride->fetch = NULL;
	end(ride, err, body, why);
}

static void resolved_h(void *arg, const struct resolve_answer *answer)
{
	struct ride *ride = arg;
	struct err_text text = {""};
	const struct fetch_params params = {.url = ride->letter->url,
		.authorities =
			ride->letter->authorities[0] ? ride->letter->authorities : NULL,
		.addrs = answer->addrs,
		.addr_count = answer->count,
		.body = {(unsigned char *)ride->letter->body.data,
			(unsigned)ride->letter->body.len},
		.type = ride->letter->type,
		.want = ride->letter->want,
		.ret_status = &ride->status,
		.h = fetched_h,
		.arg = ride};
	int err;

	ride->resolving = NULL;
	if (answer->err) {
		end(ride, answer->err, NULL, answer->why);
		return;
	}
	err = fetch_begin(ride->courier->fetcher, &params, &ride->fetch, &text);
	if (err)
		end(ride, err, NULL, text.text);
}

static void set_out(struct ride *ride)
{
	char host[FETCH_HOST_SIZE];
	uint16_t port;
	int err;

	ride->status = 0;
	err = ride->letter->authorities[0]
		      ? fetch_parse_https(ride->letter->url, host, &port)
		      : fetch_parse(ride->letter->url, host, &port);
	if (err) {
		end(ride, ERR_FORMAT, NULL, "that is no http: or https: URL");
		return;
	}
	err = resolver_ask(ride->courier->resolver,
		&(struct resolve_question){.host = host,
			.port = port,
			.kind = TRANSPORT_TCP,
			.h = resolved_h,
			.arg = ride},
		&ride->resolving);
	if (err)
		end(ride, err, NULL, "its name cannot be looked up");
}

static void look_h(void *arg)
{
	struct courier *courier = arg;

	for (unsigned i = 0; i < MAIL_BOXES; i++) {
		struct ride *ride = &courier->rides[i];

		if (ride->letter)
			continue;
		ride->letter = mail_carry(courier->mail, i);
		if (ride->letter)
			set_out(ride);
	}
	timer_start(
		loop_timers(courier->loop), &courier->timer, LOOK_MS, look_h, courier);
}

int courier_new(struct courier **ret, struct loop *loop, struct resolver *resolver,
	struct mail *mail)
{
	struct courier *courier = calloc(1, sizeof(*courier));
	int err;

	if (!courier)
		return -ENOMEM;
	courier->loop = loop;
	courier->resolver = resolver;
	courier->mail = mail;
	for (unsigned i = 0; i < MAIL_BOXES; i++) {
		courier->rides[i].courier = courier;
		courier->rides[i].box = i;
	}
	err = fetcher_new(&courier->fetcher, loop);
	if (err) {
		free(courier);
		return err;
	}
	timer_start(loop_timers(loop), &courier->timer, LOOK_MS, look_h, courier);
	*ret = courier;
	return 0;
}

void courier_free(struct courier *courier)
{
	if (!courier)
		return;
	timer_stop(&courier->timer);
	for (unsigned i = 0; i < MAIL_BOXES; i++) {
		resolve_cancel(courier->rides[i].resolving);
		fetch_cancel(courier->rides[i].fetch);
	}
	fetcher_free(courier->fetcher);
	free(courier);
}
