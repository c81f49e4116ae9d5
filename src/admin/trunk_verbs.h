/*
 * Verbs on trunks and servers; see verb_list.h for what each does. ARG: a struct verbs_context.
 * Loop thread.
 */
#pragma once

#include "admin/verbs.h"
#include "trunk/trunk.h"

api_h trunk_verb_list;
api_h trunk_verb_show;
api_h trunk_verb_tls;
api_h server_verb_list;
api_h server_verb_show;

/* "trunk" or "server". */
const char *trunk_verb_kind(enum trunk_kind kind);
/* NULL: with TEXT. */
struct trunk *trunk_verb_find(const struct verbs_context *context, enum trunk_kind kind,
	const char *id, struct err_text *text);
/* Whether it is drained, as drain and resume answer it. */
json_t *trunk_verb_drained(
	const struct verbs_context *context, const struct trunk *trunk);
