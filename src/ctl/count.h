/* A number that an option has as its value. tandemctl's only thread. */
#pragma once

/* The number behind OPTION in WORDS, from MIN to MAX: in *RET, which stays as it is where OPTION is none of
 * WORDS. 0, or negative after it was said what is wrong. */
int count_option(char *const *words, const char *option, unsigned min, unsigned max,
	unsigned *ret);
