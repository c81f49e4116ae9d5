#include "config/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void units_print_duration(uint64_t value, const char *unit, char *buf, size_t size)
{
	static const struct {
		const char *name;
		uint64_t us;
	} units[] = {
		{"d", 86400000000},
		{"h", 3600000000},
		{"m", 60000000},
		{"s", 1000000},
		{"ms", 1000},
		{"us", 1},
	};
	uint64_t us = strcmp(unit, "ms") == 0 ? value * 1000 : value;
	size_t i = 0;

	if (us == 0) {
		snprintf(buf, size, "0");
		return;
	}
	while (us % units[i].us != 0)
		i++;
	snprintf(buf, size, "%" PRIu64 "%s", us / units[i].us, units[i].name);
}

void units_print_size(uint64_t value, char *buf, size_t size)
{
	if (value > 0 && value % (1024 * 1024) == 0)
		snprintf(buf, size, "%" PRIu64 "M", value / (1024 * 1024));
	else if (value > 0 && value % 1024 == 0)
		snprintf(buf, size, "%" PRIu64 "k", value / 1024);
	else
		snprintf(buf, size, "%" PRIu64, value);
}
