#include "sip/transport.h"

#include "fakes.h"

void transport_totals(const struct transport *transport, struct transport_totals *ret)
{
	(void)transport;
	*ret = (struct transport_totals){.connections = 3, .refused = 4};
}

void transport_each(
	struct transport *transport, void (*h)(void *arg, struct flow *flow), void *arg)
{
	(void)transport;
	if (fakes.flow)
		h(arg, fakes.flow);
}

void transport_strangers(const struct transport *transport, strangers_h *h, void *arg)
{
	(void)transport;
	if (fakes.stranger)
		h(arg, fakes.stranger, 1000000, 61000000);
}
