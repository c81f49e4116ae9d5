/* What a trunk's registration says of itself: what tandemctl shows. */
#pragma once

#include "stage.h"

#define REGISTERED_SIZE 1200

/*
 * Of the NTH binding of TRUNK, from 0 on: "bindings=1 aor=sip:... state=registered bound=yes expires=3600 next=2900
 * status=200 failures=0 row=0 address=192.0.2.1:5060 flow=yes since=0 why="..."", times in seconds from now. "bindings=0"
 * where there is none. Returns BUF.
 */
const char *registered_text(const struct stage *stage, const struct trunk *trunk,
	unsigned nth, char buf[static REGISTERED_SIZE]);
