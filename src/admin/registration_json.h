/* How a trunk is registered at its registrar, for whoever shows trunks. Loop thread. */
#pragma once

#include <jansson.h>

struct trunk;

/* True or false; null where TRUNK does not register. For a list. */
json_t *registration_word_json(const struct trunk *trunk);
/* All of it; null likewise. */
json_t *registration_json(const struct trunk *trunk);
