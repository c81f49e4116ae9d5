/* The verb that learns a trunk. Loop thread. */
#pragma once

#include "admin/api.h"

api_h trunk_verb_learn;
