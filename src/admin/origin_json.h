/* Where a value of the configuration came from, as an answer shows it. Pure. */
#pragma once

#include <jansson.h>

struct effective;

/* "/etc/tandem/tandem.conf:4", "profile generic-tls, /usr/...:3", "[external], /etc/...:12", "default". */
json_t *origin_json(const struct effective *value);
