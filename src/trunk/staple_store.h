/*
 * OCSP responses for our certificates in the state folder, so that a restart has them at once,
 * also while the responder is down. Whoever reads one has to check it again. Loop thread.
 */
#pragma once

#include "base/err.h"

#include <stddef.h>

/* The response kept under ID in FOLDER; *RET is to be freed. 0, or negative: none. */
int staple_store_read(
	const char *folder, const char *id, unsigned char **ret, size_t *ret_len);
/* Keeps it, whole or not at all, for the owner and the group to read. 0, or negative with
 * TEXT. */
int staple_store_write(const char *folder, const char *id, const unsigned char *data,
	size_t len, struct err_text *text);
void staple_store_forget(const char *folder, const char *id);
