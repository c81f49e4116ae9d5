#include "base/dscp.h"

#include "base/span.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <strings.h>
#include <sys/socket.h>

#define EF 46

bool dscp_parse(const char *text, unsigned *ret)
{
	uint64_t number;

	if (span_uint(span_of(text), DSCP_MAX, &number) == 0) {
		*ret = (unsigned)number;
		return true;
	}
	if (strcasecmp(text, "EF") == 0) {
		*ret = EF;
		return true;
	}
	if (strncasecmp(text, "CS", 2) == 0 && text[2] >= '0' && text[2] <= '7' &&
		text[3] == '\0') {
		*ret = 8 * (unsigned)(text[2] - '0');
		return true;
	}
	/* AF, class 1 to 4, drop precedence 1 to 3 */
	if (strncasecmp(text, "AF", 2) == 0 && text[2] >= '1' && text[2] <= '4' &&
		text[3] >= '1' && text[3] <= '3' && text[4] == '\0') {
		*ret = 8 * (unsigned)(text[2] - '0') + 2 * (unsigned)(text[3] - '0');
		return true;
	}
	return false;
}

unsigned dscp_tos(unsigned dscp)
{
	return dscp << 2;
}

int dscp_set(int fd, const struct addr *addr, unsigned dscp)
{
	const int tos = (int)dscp_tos(dscp);
	int err = addr_is_v6(addr)
			  ? setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos))
			  : setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));

	return err != 0 ? -errno : 0;
}
