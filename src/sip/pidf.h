/*
 * The numbers of a location that a PIDF-LO document names (RFC 4119, RFC 5139): the civic address's ELIN, as
 * telephone systems write it beside the elements of the RFC, or in its old place, NAM. Pure; spans borrow from
 * the document.
 */
#pragma once

#include "base/span.h"

/* More are left out. */
#define PIDF_ELINS_MAX 5

/*
 * The emergency location identification numbers of DOCUMENT, without blanks around them, in their order: how
 * many. Each is a number of 3 to 32 digits, perhaps with a '+' in front. None where the document is not well
 * formed up to them, declares a type (<!DOCTYPE), or is nested more than 32 deep: it is a peer's.
 */
unsigned pidf_elins(struct span document, struct span ret[static PIDF_ELINS_MAX]);
