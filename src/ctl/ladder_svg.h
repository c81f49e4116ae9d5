/* A call's ladder as a drawing in SVG, for a page. tandemctl's only thread. */
#pragma once

#include "base/buf.h"

#include <jansson.h>

/* Appends LADDER, of call-show.json, as one element. Errors stick in OUT. */
void ladder_svg(const json_t *ladder, struct buf *out);
