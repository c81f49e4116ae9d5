/*
 * What the parts of the check have in common; nobody else includes this.
 */
#pragma once

#include "check/check.h"
#include "check/where.h"

/* Room for the name of a process that holds something. */
#define HOLDER_SIZE 64

/* ---- holder.c: other processes ---- */

/* Whether the socket that ADDRESS is taken by can be found; then *RET_PID has it (0: whose it is cannot be
 * seen) and NAME how it is called. */
bool holder_of(enum transport_kind kind, const struct addr *address, long *ret_pid,
	char name[static HOLDER_SIZE]);
/* The process that has locked FILE; 0: none. */
long holder_of_lock(const char *file);
/* The process id in FILE; 0: none. */
long holder_in_file(const char *file);

/* ---- the parts, in the order in which they are asked ---- */

void check_folders(struct check *check);         /* folders.c */
void check_ports(struct check *check);           /* listeners.c */
void check_media(struct check *check);           /* media.c */
void check_limits(struct check *check);          /* limits.c */
void check_folder_contents(struct check *check); /* contents.c */
void check_names(struct check *check);           /* names.c */
void check_gateways(struct check *check);        /* gateways.c */
void check_microsoft(struct check *check);       /* microsoft.c */
