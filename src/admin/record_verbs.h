/* Verbs on the log of records as evidence; see verb_list.h for what each does. Loop thread. */
#pragma once

#include "admin/api.h"

api_h cdr_verb_key;
api_h cdr_verb_proof;
api_h cdr_verb_rekey;
