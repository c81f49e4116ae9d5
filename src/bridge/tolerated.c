#include "bridge/tolerated.h"

#include "base/log.h"

#include <assert.h>

static const char *const names[TOLERATED_COUNT] = {
	[TOLERATED_HEADER] = "header",
	[TOLERATED_SDP_FORM] = "sdp-form",
	[TOLERATED_SDP_LINE_MISSING] = "sdp-line-missing",
	[TOLERATED_SDP_LINE_EXTRA] = "sdp-line-extra",
	[TOLERATED_SDP_LINE_ORDER] = "sdp-line-order",
	[TOLERATED_SDP_LINE_UNUSABLE] = "sdp-line-unusable",
	[TOLERATED_SDP_FORMAT] = "sdp-format",
	[TOLERATED_SDP_PROFILE] = "sdp-profile",
	[TOLERATED_SDES_TAG] = "sdes-tag",
	[TOLERATED_SDES_LINES] = "sdes-lines",
	[TOLERATED_REQUIRE] = "require",
};

const char *tolerated_name(enum tolerated what)
{
	assert(what < TOLERATED_COUNT);
	return names[what];
}

void tolerated_note(struct leg *leg, enum tolerated what)
{
	if (leg->tolerated >> what & 1)
		return;
	leg->tolerated |= 1u << what;
	/* Many phones put their lines in an order of their own: no news to anybody. Which header
	 * it was is said at debug too, of each message. */
	log_write(what == TOLERATED_SDP_FORM || what == TOLERATED_HEADER ? LOG_LEVEL_DEBUG
									 : LOG_LEVEL_INFO,
		"call", "call=%s leg=%s event=tolerated what=%s %s=%s", leg->id,
		leg->name, tolerated_name(what),
		trunk_word(leg->server ? TRUNK_SERVER : TRUNK_GATEWAY),
		leg->settings->id ? leg->settings->id : "");
}
