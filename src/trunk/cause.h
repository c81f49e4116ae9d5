/*
 * Which final status crosses the bridge as which. A status about the callee or the call passes.
 * One about the request that we made to one far end becomes a status of our own. Any thread.
 */
#pragma once

/* STATUS as one leg gave it (300-699) -> what the other leg is answered with. */
int cause_map(int status);
/*
 * The same where nobody is left to be asked, and STATUS is what the last one said: an error of its own is
 * 503, which says "another way may lead there" to a caller that has one. 500 and 502 say it to few.
 */
int cause_exhausted(int status);
