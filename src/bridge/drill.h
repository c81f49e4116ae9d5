/*
 * A drill: a call to the number that a gateway has for tests of emergency calls. It goes as an emergency
 * call would, past the same limits, and after a few seconds it is hung up. Loop thread.
 */
#pragma once

#include "bridge/testcall.h"

/* Calls TRUNK's emergency-test-number: 65 s at most. 0; ERR_STATE: there is no such number; others as
 * testcall_start(). */
int drill_start(struct bridge *bridge, struct trunk *trunk,
	const struct testcall_user *user, struct testcall **ret, struct err_text *text);
