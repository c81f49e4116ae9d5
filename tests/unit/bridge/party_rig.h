/* Parties that are read from an INVITE. */
#pragma once

#include "../unit.h"

#include "bridge/party.h"

#include <stdio.h>
#include <string.h>

/* Of an INVITE to CALLED, with HEADERS; where From is not among these it is FROM, a whole line. */
static inline struct party *party_rig_read(
	const char *called, const char *from, const char *headers)
{
	static char text[64 * 1024];
	struct message_fault fault;
	struct message *message;
	struct party *party;

	snprintf(text, sizeof text,
		"INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP a.corp;branch=z9hG4bK1\r\n"
		"To: <sip:b@a.corp>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n%s%s\r\n",
		called, strstr(headers, "From:") ? "" : from, headers);
	assert_int_equal(message_parse(&message, text, strlen(text), &fault), 0);
	assert_int_equal(fault.status, 0);
	assert_int_equal(party_read(&party, message), 0);
	message_unref(message);
	return party;
}
