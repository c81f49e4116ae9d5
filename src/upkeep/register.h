/*
 * The trunks that register ([register] of a gateway's file), kept registered. Loop thread.
 */
#pragma once

#include "upkeep/upkeep.h"

/* REGISTERs under way at once: as many as five thousand bindings need that all begin at one time. */
#define REGISTERS_MAX 100

struct registers;

int registers_new(
	struct registers **ret, const struct upkeep_params *params); /* 0 or -ENOMEM */
void registers_free(struct registers *registers);                    /* NULL is fine */

/* As upkeep_apply(): what is new is registered, what is gone is removed from its registrar. */
void registers_apply(struct registers *registers);
/* All bindings are removed, and none is made any more. */
void registers_leave(struct registers *registers);
/* Whether one is being removed. */
bool registers_are_leaving(const struct registers *registers);
