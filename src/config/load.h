/*
 * Loading a main file's text from memory, for the fuzzer. Loop thread.
 */
#pragma once

#include "config/ini.h"

/* As config_load() with DATA for FILE's contents, and a reader that may serve again. */
int load_text(struct config **ret, struct ini_reader *reader, const char *file,
	const char *data, size_t len, struct config_errors *errors);
