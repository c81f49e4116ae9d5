#include "config/host.h"

#include "base/addr.h"
#include "base/span.h"

#include <string.h>

/* One part of a host name. Underscores are no part of host names (RFC 1123). */
static bool is_label(struct span label)
{
	if (label.len == 0 || label.len > 63 || label.p[0] == '-' ||
		label.p[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

bool host_is_name(const char *text, bool dotted)
{
	struct span rest = span_of(text);
	struct span label = rest;
	size_t labels = 0;

	if (rest.len > 253)
		return false;
	while (span_next(&rest, '.', &label)) {
		if (!is_label(label))
			return false;
		labels++;
	}
	/* A last label of digits alone is an address with a mistake, such as 10.0.0.256. */
	return labels > (dotted ? 1 : 0) && strspn(label.p, "0123456789") < label.len;
}

bool host_is_name_or_addr(const char *text)
{
	struct addr addr;

	return addr_parse_host(&addr, text, strlen(text), 0) == 0 ||
	       host_is_name(text, false);
}
