/*
 * Keys and requests of our sides. tandemctl's only thread.
 */
#pragma once

#include "setup/place.h"
#include "setup/sides.h"
#include "tls/csr.h"

/*
 * Adds to PLACE a request for the certificate of one side of SIDES, and its key where there is none: that of a
 * side without certificate, or NAME.new.key beside one in use. A key that is there is never replaced; one
 * that still waits for its certificate is asked for again. Says what is made. SPEC's key counts where it is set. 0, or negative with TEXT.
 */
int cert_request_add(struct place *place, const struct sides_files *files,
	const struct csr_spec *spec, struct err_text *text);
/* What to do with the requests. */
void cert_request_explain(const struct sides *sides);
