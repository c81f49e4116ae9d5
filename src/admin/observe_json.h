/* What is known of a trunk whose TLS is observed, for whoever shows trunks. Loop thread. */
#pragma once

#include <jansson.h>

struct observe;
struct trunk;

/* "no", "yes", "observe: works", "observe: fails tls": new; for the column of a list. */
json_t *observe_word_json(const struct observe *observe, const struct trunk *trunk);

/* The verdict in full, beginning with a sentence; NULL where TRUNK is not observed. */
json_t *observe_json(const struct observe *observe, const struct trunk *trunk);

/* Why TRUNK would fail with TLS on, as far as is known: new; NULL when nothing is. */
json_t *observe_warning_json(const struct observe *observe, const char *id);
