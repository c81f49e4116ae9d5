/*
 * RTCP as collectors take it: no packet, but its reports as JSON, in the words that captagent and rtpengine began with and
 * Homer's pages read. Pure; any thread.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many reports of one packet are shown: what its count of 5 bits may say. */
#define RTCP_JSON_REPORTS 31

/*
 * Appends what the compound packet DATA, in clear and valid (rtcp_is_valid()), reports: of its sender, and of those that it
 * hears. False: it reports nothing, as one that says BYE alone, and nothing was appended. Errors stick in OUT.
 */
bool rtcp_json(const uint8_t *data, size_t len, struct buf *out);
