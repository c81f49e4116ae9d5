#include "flood_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct flood_kind kinds[] = {
	{"invite", "INVITE", false},
	{"options", "OPTIONS", false},
	{"register", "REGISTER", false},
	{"bye", "BYE", true},
	{"cancel", "CANCEL", false},
	{"unknown", "FROBNICATE", false},
	{"password", "INVITE", false},
	{"garbage", NULL, false},
};

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.10\r\ns=-\r\n"
			  "c=IN IP4 127.0.0.10\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8\r\n";

const struct flood_kind *flood_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

int flood_write(const struct flood *flood, unsigned nth, char *buf)
{
	const struct flood_kind *kind = flood->kind;
	const bool invite = !strcmp(kind->name, "invite");
	char proof[1024] = "";

	if (flood->nonce[0])
		snprintf(proof, sizeof(proof),
			"Authorization: Digest username=\"flood\", realm=\"%s\", "
			"nonce=\"%s\", "
			"uri=\"sip:+4930100@127.0.0.1\", algorithm=SHA-256, qop=auth, "
			"cnonce=\"c\", "
			"nc=%08x, response=\"%064x\"\r\n",
			flood->realm, flood->nonce, nth + 1, nth);
	if (!kind->method) {
		for (unsigned i = 0; i < 200; i++)
			buf[i] = (char)(nth * 2654435761U >> (i % 24));
		return 200;
	}
	return snprintf(buf, FLOOD_REQUEST_SIZE,
		"%s sip:+4930100@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/%s 127.0.0.1:%u;branch=z9hG4bK%u-%u;rport\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:flood@127.0.0.1>;tag=f%u\r\n"
		"To: <sip:+4930100@127.0.0.1>%s\r\nCall-ID: %u.%u\r\nCSeq: 1 %s\r\n"
		"Contact: <sip:flood@127.0.0.1:%u;transport=%s>\r\n%s%sContent-Length: "
		"%zu\r\n\r\n%s",
		kind->method, flood->transport, flood->port, flood->port, nth, nth,
		kind->to_tag ? ";tag=nobody" : "", flood->port, nth, kind->method,
		flood->port, flood->transport, proof,
		invite ? "Content-Type: application/sdp\r\n" : "",
		invite ? strlen(sdp) : 0, invite ? sdp : "");
}

/* Of the header NAME in ANSWER, whole. */
static int copy_line(const char *answer, const char *name, char *ret, size_t size)
{
	const char *at = strstr(answer, name);
	const char *end = at ? strstr(at + 2, "\r\n") : NULL;

	return end ? snprintf(ret, size, "%.*s", (int)(end - at), at) : 0;
}

static int write_ack(
	const struct flood *flood, unsigned nth, const char *answer, char *buf)
{
	char to[512];

	if (!copy_line(answer, "\r\nTo:", to, sizeof(to)))
		return 0;
	return snprintf(buf, FLOOD_REQUEST_SIZE,
		"ACK sip:+4930100@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/%s 127.0.0.1:%u;branch=z9hG4bK%u-%u;rport\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:flood@127.0.0.1>;tag=f%u%s\r\n"
		"Call-ID: %u.%u\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
		flood->transport, flood->port, flood->port, nth, nth, to, flood->port,
		nth);
}

/* The value of NAME="..." in ANSWER. */
static void copy_value(const char *answer, const char *name, char *ret, size_t size)
{
	const char *at = strstr(answer, name);

	if (at)
		snprintf(ret, size, "%.*s", (int)strcspn(at + strlen(name), "\""),
			at + strlen(name));
}

int flood_take(struct flood *flood, const char *answer, char *buf)
{
	const char *call_id = strstr(answer, "\r\nCall-ID: ");
	const char *dot = call_id ? strchr(call_id, '.') : NULL;
	const unsigned nth = dot ? (unsigned)strtoul(dot + 1, NULL, 10) : flood->count;
	const int status =
		!strncmp(answer, "SIP/2.0 ", 8) ? (int)strtol(answer + 8, NULL, 10) : 0;

	if (nth >= flood->count || status < 200 || status >= FLOOD_STATUSES)
		return 0;
	if (!strcmp(flood->kind->name, "password") && !flood->nonce[0]) {
		copy_value(answer, "realm=\"", flood->realm, sizeof(flood->realm));
		copy_value(answer, "nonce=\"", flood->nonce, sizeof(flood->nonce));
	}
	if (!flood->seen[nth]) {
		flood->seen[nth] = 1;
		flood->statuses[status]++;
		flood->answered++;
	}
	return flood->acks && !strcmp(flood->kind->name, "invite")
		       ? write_ack(flood, nth, answer, buf)
		       : 0;
}

void flood_print(const struct flood *flood)
{
	const char *separator = "";

	printf("\"sent\": %u, \"answered\": %u, \"by_status\": {", flood->sent,
		flood->answered);
	for (unsigned i = 0; i < FLOOD_STATUSES; i++) {
		if (!flood->statuses[i])
			continue;
		printf("%s\"%u\": %u", separator, i, flood->statuses[i]);
		separator = ", ";
	}
	printf("}");
}
