#include "media/relay.h"

#include "fakes.h"

void relay_totals(const struct relay *relay, struct relay_totals *ret)
{
	(void)relay;
	*ret = (struct relay_totals){.io = "sockets", .workers = 2, .ports_total = 5000};
}

const char *relay_crypto_name(void)
{
	return fakes.crypto;
}
