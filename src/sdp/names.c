/* The words of SDP that stand for our enums. */

#include "sdp/sdp_priv.h"

#include <string.h>

static const char *const directions[] = {
	[SDP_SENDRECV] = "sendrecv",
	[SDP_SENDONLY] = "sendonly",
	[SDP_RECVONLY] = "recvonly",
	[SDP_INACTIVE] = "inactive",
};

enum sdp_direction sdp_direction_reverse(enum sdp_direction direction)
{
	switch (direction) {
	case SDP_SENDONLY:
		return SDP_RECVONLY;
	case SDP_RECVONLY:
		return SDP_SENDONLY;
	case SDP_SENDRECV:
	case SDP_INACTIVE:
		break;
	}
	return direction;
}

bool sdp_direction_sends(enum sdp_direction direction)
{
	return direction == SDP_SENDRECV || direction == SDP_SENDONLY;
}

bool sdp_direction_receives(enum sdp_direction direction)
{
	return direction == SDP_SENDRECV || direction == SDP_RECVONLY;
}

const char *sdp_direction_name(enum sdp_direction direction)
{
	return directions[direction];
}

bool sdp_direction_parse(struct span name, enum sdp_direction *ret)
{
	if (name.len != 8) /* all four have eight letters */
		return false;
	for (size_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++)
		if (memcmp(name.p, directions[i], 8) == 0) {
			*ret = (enum sdp_direction)i;
			return true;
		}
	return false;
}

bool sdp_proto_is_rtp(enum sdp_proto proto)
{
	return proto == SDP_PROTO_AVP || proto == SDP_PROTO_AVPF ||
	       sdp_proto_is_secure(proto);
}

bool sdp_proto_is_secure(enum sdp_proto proto)
{
	return proto == SDP_PROTO_SAVP || proto == SDP_PROTO_SAVPF;
}

bool sdp_proto_has_feedback(enum sdp_proto proto)
{
	return proto == SDP_PROTO_AVPF || proto == SDP_PROTO_SAVPF;
}

const char *sdp_proto_text(enum sdp_proto proto, bool secure)
{
	switch (proto) {
	case SDP_PROTO_AVP:
	case SDP_PROTO_SAVP:
		return secure ? "RTP/SAVP" : "RTP/AVP";
	case SDP_PROTO_AVPF:
	case SDP_PROTO_SAVPF:
		return secure ? "RTP/SAVPF" : "RTP/AVPF";
	case SDP_PROTO_UDPTL:
		return "udptl";
	case SDP_PROTO_OTHER:
		break;
	}
	return NULL;
}
