/*
 * Q.850 causes and SIP statuses: RFC 3398. Pure. Any thread.
 */
#pragma once

/* The status that CAUSE (ITU-T Q.850, 1-127) becomes: RFC 3398 7.2.4.1. Those that it does not list, and 16, which
 * refuses nothing, are 500. */
int q850_status(unsigned cause);
/* The cause that STATUS (300-699) becomes: RFC 3398 8.2.6.1. Those that it does not list are 127, interworking. 0:
 * STATUS is no refusal. */
unsigned q850_cause(int status);
