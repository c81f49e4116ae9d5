/*
 * Names of audio codecs as people write them in settings and as SDP has them. Any thread.
 */
#pragma once

#include "base/span.h"

#include <stdbool.h>

/* Every name that codec_is_known() takes, NULL-ended; static. */
extern const char *const codec_names[];

/*
 * Whether WORD of a setting can ever match a codec of SDP: a registered name of RFC 4855, an
 * everyday one such as G711 or alaw, or a private one that begins with "x-". Case is ignored.
 */
bool codec_is_known(const char *word);

/* False for telephone-events and comfort noise, which go beside any codec. */
bool codec_is_speech(struct span name);

/*
 * Whether NAME of an rtpmap is what WORD of a setting means: the same name, or one of its family
 * (G711: PCMA and PCMU; G729: with annex A and B too). Case is ignored.
 */
bool codec_matches(const char *word, struct span name);

/* Whether both names of an rtpmap are of one codec: G729, G729A, G729B, G729AB are. */
bool codec_is_same(struct span a, struct span b);
