/*
 * Media of the parties of a Tandem that runs: packets to the ports that Tandem's latest descriptions
 * name, good and bad ones. Plain RTP: for an end with SRTP it is what must be refused. What becomes of
 * them is not judged; that nothing breaks is.
 */
#pragma once

#include "live_net.h"

#include "dice.h"

struct live_media {
	struct dice dice;
	uint16_t seq;
};

/* Each endpoint of STAGE that got a description sends some packets by it. */
void live_media_play(
	struct live_media *media, const struct stage *stage, const struct live_net *net);
