/* Verbs that ask the index of records. Loop thread; the handlers are as in admin/api.h. */
#pragma once

#include "admin/api.h"

api_h cdr_verb_list;
api_h cdr_verb_report;
