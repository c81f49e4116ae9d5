/*
 * [hep] as it was read, with the files that it names: what is exported, where to, and as whom. Immutable; loop thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "hep/sender.h"

struct hep_settings {
	struct sender_target target; /* its references are owned */
	struct peer_set *peers;      /* owned reference; NULL: no TLS */
	struct trust *trust;         /* owned reference; NULL likewise */
	enum config_hep_calls calls;
	uint32_t capture_id;
	struct buf key; /* the collector's password; empty: none */
	char *node;     /* our name */
};

/* 0 with *RET, NULL where CONFIG names no collector; or negative with TEXT. Anchors that BEFORE (may be NULL) has are taken from
 * there where their files are unchanged. */
int hep_settings_load(struct hep_settings **ret, const struct config *config,
	const struct hep_settings *before, struct err_text *text);
/* Wipes the password. NULL is fine. */
void hep_settings_free(struct hep_settings *settings);
/* Whether a connection by A may stay under B, which was loaded with A before it: it leads to the same place, with the same
 * certificates and trust. Neither is NULL. */
bool hep_settings_same_way(const struct hep_settings *a, const struct hep_settings *b);
