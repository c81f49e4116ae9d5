/*
 * The verb that gives a bundle of a call away.
 */
#pragma once

#include "admin/api.h"

api_h capture_verb_export;
