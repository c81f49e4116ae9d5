#include "audit/store_name.h"

#include "base/clock.h"

#include <string.h>

bool store_id_ok(const char *id)
{
	size_t len = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				"0123456789-");

	return len > 0 && len < STORE_ID_SIZE && id[len] == '\0';
}

const char *store_date(uint64_t wall_us, char buf[static STORE_DATE_SIZE])
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(wall_us, text);
	memcpy(buf, text, STORE_DATE_SIZE - 1);
	buf[STORE_DATE_SIZE - 1] = '\0';
	return buf;
}
