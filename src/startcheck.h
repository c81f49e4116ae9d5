/*
 * The check of a configuration and its machine (check/check.h), put together with what the process may do
 * (privilege.h): for tandemd -t, for a start, and for a server that runs. Loop thread.
 */
#pragma once

#include "base/err.h"
#include "config/config.h"

#include <jansson.h>
#include <stdbool.h>

/* tandemd -t: checks all of FILE and changes nothing, but becomes [tandem] user where it can, whose rights
 * count. Prints what it found, a line each, how every trunk is protected, and a verdict; with AS_JSON the
 * same as one object. Whether it would start. */
bool startcheck_test(const char *file, bool as_json);

/* At a start: *RET is the configuration in FILE. 0; ERR_CONFIG after the mistakes were written to stderr,
 * with TEXT. */
int startcheck_load(struct config **ret, const char *file, struct err_text *text);
/* At a start, before anything is changed: what it would run into. 0; ERR_CONFIG after the mistakes were
 * written to stderr, with TEXT. Warnings are logged. */
int startcheck_machine(struct config *config, struct err_text *text);
/* privilege_become(), with what the user cannot read said. 0; ERR_CONFIG after the mistakes were written to
 * stderr, with TEXT. */
int startcheck_become(struct config **config, bool *ret_changed, struct err_text *text);
/* At a start, as [tandem] user. Likewise. */
int startcheck_rights(struct config *config, struct err_text *text);
/* After the certificates of CONFIG were refused: writes each that is wrong to stderr. */
void startcheck_explain(struct config *config, struct err_text *text);

/* At a reload, likewise, as lines, which are the caller's; none where all is right by now. NULL: out of
 * memory. */
json_t *startcheck_refusals(struct config *config);

/* By a server that runs, for `config check`: the same object as that of tandemd -t --json. What the
 * server cannot know of a start of its own (other users' rights, names that resolve) is left out.
 * NULL: out of memory. */
json_t *startcheck_live(const char *file, bool *ret_good);
