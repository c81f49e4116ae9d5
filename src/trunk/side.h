/*
 * The trunks of one side as one configuration has them: built completely beside those in use,
 * then exchanged for them. Others get at them by trunk_priv.h. Loop thread.
 */
#pragma once

#include "trunk/material.h"
#include "trunk/trunk.h"

/* The trunks of one kind, in order of priority. */
struct trunk_side {
	struct trunk **trunks;
	unsigned count;
	struct cred *cred;
	struct cred *next;     /* takes its place at next_from; NULL: none */
	struct config *config; /* that all this is of; owned reference */
	struct peer_set *peers;
};

/*
 * Fills the zeroed SIDE by CONFIG and loads every file that it names; OLD is what runs.
 * 0, or negative with TEXT; give SIDE to side_free() in either case.
 */
int side_build(struct trunk_side *side, const struct trunk_side *old,
	enum trunk_kind kind, struct config *config, struct material *material,
	struct err_text *text);
/* The same without any file: for questions about routes, never for calls. 0 or -ENOMEM. */
int side_plan(struct trunk_side *side, enum trunk_kind kind, struct config *config);
void side_free(struct trunk_side *side);
/* What its trunks have now is what is presented to whom. 0, or negative with TEXT: all is as it was. */
int side_present(struct trunk_side *side, struct err_text *text);
struct trunk *side_find(const struct trunk_side *side, const char *id);

/* A trunk with one reference and the settings in CONFIG that SERVER or GATEWAY is, the other
 * NULL. NULL: out of memory. */
struct trunk *trunk_new(enum trunk_kind kind, struct config *config,
	const struct config_server *server, const struct config_gateway *gateway);
