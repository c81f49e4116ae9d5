/*
 * OCSP responses for our certificates in the state folder, so that a restart has them at once,
 * also while the responder is down. Whoever reads one has to check it again. They are written and removed
 * beside the loop. Loop thread.
 */
#pragma once

#include "base/filing.h"

#include <stddef.h>

/* The response kept under ID in FOLDER; *RET is to be freed. 0, or negative: none. */
int staple_store_read(
	const char *folder, const char *id, unsigned char **ret, size_t *ret_len);
/* Keeps it, whole or not at all, for the owner and the group to read. 0: DONE_H, which may be NULL, is told as
 * filing_put() has it. Or negative. */
int staple_store_write(struct filing *filing, const char *folder, const char *id,
	struct span response, void (*done_h)(void *arg, int err), void *arg);
/* One that is still being written too. */
void staple_store_forget(struct filing *filing, const char *folder, const char *id);
