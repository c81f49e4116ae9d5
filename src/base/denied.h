/*
 * Why a file was refused: by its mode, which its owner can change, or by what this process has forbidden itself,
 * which only a restart changes. Whoever opens a file that the configuration names asks here what to say.
 */
#pragma once

#include <stdbool.h>

/* Whether this process may not reach PATH, whatever its mode is. Set before threads; NULL: it may reach all. */
typedef bool denied_h(const char *path);
void denied_set(denied_h *h);

/* ERR, a negated errno that opening PATH gave: ERR_SANDBOX where it is ours, else as it was. errno is kept. */
int denied_why(const char *path, int err);
