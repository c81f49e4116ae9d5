#include "audit/store_packet.h"

size_t store_packet_build(uint8_t out[static DATAGRAM_MAX],
	const struct store_datagram *datagram, bool onward, size_t *ret_whole)
{
	const struct tap_onward *sent = datagram->onward;

	if (onward)
		return datagram_build_with(out, &sent->source, &sent->destination,
			(struct span){
				.p = (const char *)sent->head, .len = sent->head_len},
			datagram->data, datagram->len, ret_whole);
	return datagram_build(out, &datagram->source, &datagram->destination,
		datagram->data, datagram->len, ret_whole);
}
