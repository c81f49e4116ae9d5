/*
 * `tandem-verify bundle`: what is found is printed. One thread.
 */
#pragma once

#include "evidence/verify.h"

#include <jansson.h>

struct bundle_wanted {
	const struct note_key *key;
	const char *
		authorities; /* of time stamps: a PEM file; NULL: stamps are not checked */
	const struct verify_witnesses *witnesses;
	json_t *cosigned; /* what their handler made of what they said; borrowed */
	bool json, quiet;
};

/* Prints what bundle_check() finds in PATH. 0: it is good; 1: it is not; 3: it cannot be read. */
int bundle_report(const char *path, const struct bundle_wanted *wanted);
