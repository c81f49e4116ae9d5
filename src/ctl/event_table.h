/*
 * The lines of the log that say what happened (event=), with their meaning. tandemctl's only thread.
 */
#pragma once

struct event_entry {
	const char *module; /* the line's second word; "any" */
	const char *name;
	const char *meaning;
	const char *remedy; /* "": nothing has to be done */
};

/* By name; ends with one whose name is NULL. A name that several modules use has a row for each. */
const struct event_entry *event_table(void);
