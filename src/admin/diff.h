/*
 * What a reload would change: each key that differs between what is in force and what was read, with the
 * trunks, calls and connections that it concerns. Loop thread.
 */
#pragma once

#include <jansson.h>

struct config;
struct verbs_context;

/* The answer of `config diff`. NULL: out of memory. */
json_t *diff_json(const struct verbs_context *context, const struct config *old,
	const struct config *fresh);
