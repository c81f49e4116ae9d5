/*
 * The world of a program whose cases share one (pair.h): make_world() and drop_world() are those of its group.
 */
#pragma once

#include "../unit.h"
#include "pair.h"

static struct pair_world world;

static inline int make_world(void **state)
{
	(void)state;
	pair_world_make(&world);
	return 0;
}

static inline int drop_world(void **state)
{
	(void)state;
	pair_world_drop(&world);
	return 0;
}
