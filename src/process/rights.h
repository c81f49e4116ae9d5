/*
 * The capabilities of the process: which it had at the start, what for, and which it has now. Loop thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Who we are from now on: asked once, since it may take a while. */
void rights_note_user(void);
/* His name, or number; "" before rights_note_user(). */
const char *rights_user(void);

/* CAPABILITY (CAP_NET_RAW...) is being used for WHAT, a literal. Noted where we have it. */
void rights_note(int capability, const char *what);

struct rights_use {
	int capability;
	const char *what;
};

/* What was noted, in order. */
size_t rights_uses(const struct rights_use **ret);

/* The first port that anybody may listen on: those below are for CAP_NET_BIND_SERVICE. */
unsigned rights_first_port(void);

/* Whether it is in force now. */
bool rights_have(int capability);
/* "CAP_NET_RAW"; NULL past the last. */
const char *rights_name(int capability);
