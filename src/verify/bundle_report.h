/*
 * `tandem-verify bundle`: what is found is printed. One thread.
 */
#pragma once

#include "evidence/note.h"

/* Prints what bundle_check() finds in PATH. 0: it is good; 1: it is not; 3: it cannot be read. */
int bundle_report(const char *path, const struct note_key *key, bool json, bool quiet);
