/* What benchmarks of one function share: numbers by chance that are the same each time, and rows of a table. */
#pragma once

/* A number below LIMIT. */
unsigned bench_chance(unsigned limit);
/* CALL is called with ARG and 0, 1, ... CALLS - 1, in rounds; prints what one call takes of the processor, whoever
 * else uses the machine, as a row of Markdown: NAME, least and median of the rounds in microseconds. */
void bench_measure(const char *name, void (*call)(const void *arg, unsigned nth),
	const void *arg, unsigned calls);
