/*
 * `tandemctl complete -- WORD...`: what the last WORD may become. For the shells' completion, which so
 * knows nothing by itself. tandemctl's only thread.
 */
#pragma once

#include "ctl/options.h"

/* Prints a candidate a line, with a tab and what it is behind it. Says nothing of errors. Returns what to
 * exit with. */
int complete_run(const struct options *options);
