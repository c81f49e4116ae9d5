/*
 * Tandem ends, and another one goes on in its place, as after a restart: what the first one wrote of
 * its calls is all that the second one knows of them.
 */
#pragma once

#include "stage.h"

/* Connections are lost; calls that cannot go on end. 0, or negative with ERROR: what was written cannot
 * be read, or has a key in it. */
int rebirth(struct stage *stage, struct err_text *error);
