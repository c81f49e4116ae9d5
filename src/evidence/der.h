/*
 * Elements of DER (X.690), as far as time stamps need them: read in order, each within what is around it. Pure; any thread.
 */
#pragma once

#include "base/span.h"

#define DER_BOOLEAN 0x01
#define DER_INTEGER 0x02
#define DER_OCTETS 0x04
#define DER_OID 0x06
#define DER_TIME 0x18 /* GeneralizedTime */
#define DER_SEQUENCE 0x30

/* Takes the element that REST begins with, when it is of TAG: its contents in RET. Else REST is as it was. */
bool der_take(struct span *rest, uint8_t tag, struct span *ret);
/* The same of any tag, whole, its head included. */
bool der_take_any(struct span *rest, struct span *ret);
/* The tag that REST begins with; 0: there is nothing. */
uint8_t der_tag(struct span rest);
