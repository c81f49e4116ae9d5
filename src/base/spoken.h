/*
 * What the first bytes of a far end are: SIP, HTTP, a TLS hello and so on, so that one who speaks
 * the wrong protocol is told so by its name. A guess for people; nothing is decided by it. Any
 * thread.
 */
#pragma once

#include <stddef.h>

enum spoken {
	SPOKEN_NOTHING, /* no byte, or line ends alone, as keep-alives are */
	SPOKEN_SIP,
	SPOKEN_HTTP,
	SPOKEN_TLS,       /* a hello */
	SPOKEN_TLS_ALERT, /* how a TLS server answers what is no TLS */
	SPOKEN_DTLS,
	SPOKEN_STUN,
	SPOKEN_SSH,
	SPOKEN_PROXY, /* HAProxy's header before the protocol itself */
	SPOKEN_OTHER,
};

/* Room for "SIP INVITE" with the longest method that is named. */
#define SPOKEN_TEXT_SIZE 24

enum spoken spoken_kind(const char *data, size_t len);
/* The same in words: "SIP REGISTER", "HTTP GET", "a TLS hello", "no SIP". Printable, without quotes
 * and backslashes, whatever the bytes are. Returns BUF. */
const char *spoken_text(char buf[static SPOKEN_TEXT_SIZE], const char *data, size_t len);
