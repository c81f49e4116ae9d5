/* How answers look: as wide as the terminal, in colour or not. tandemctl's only thread. */
#pragma once

#include <stdbool.h>

struct show_style {
	unsigned width; /* columns of text; 0: no limit */
	bool head;      /* tables have a line of titles */
	bool color;
};

/*
 * For stdout. No width where FULL is wanted, or where stdout is no terminal: what a program reads is
 * whole. COLUMNS counts in both cases, so that watch(1) works. Colour only on a terminal, without
 * NO_COLOR (no-color.org), and unless PLAIN.
 */
void show_style_find(struct show_style *ret, bool full, bool plain);
