#include "setup/machine.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool machine_fqdn(char *ret, size_t size)
{
	struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found = NULL;
	char host[256];
	bool known;

	if (gethostname(host, sizeof(host)) != 0)
		return false;
	host[sizeof(host) - 1] = '\0';
	if (!strchr(host, '.') && getaddrinfo(host, NULL, &hints, &found) == 0 &&
		found->ai_canonname)
		snprintf(host, sizeof(host), "%s", found->ai_canonname);
	if (found)
		freeaddrinfo(found);
	known = strchr(host, '.') && strncmp(host, "localhost", 9) != 0;
	if (known)
		snprintf(ret, size, "%s", host);
	return known;
}

/* A UDP socket that is connected sends nothing; but the kernel chose its address. */
static bool ask_route(char ret[static ADDR_TEXT_SIZE])
{
	struct addr there, here = {.len = sizeof(struct sockaddr_in)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool known;

	known = fd >= 0 && addr_parse(&there, "192.0.2.1:9", 0) == 0 &&
		connect(fd, &there.sa, there.len) == 0 &&
		getsockname(fd, &here.sa, &here.len) == 0 && !addr_is_loopback(&here);
	if (fd >= 0)
		close(fd);
	if (known)
		addr_host_text(&here, ret);
	return known;
}

/* The address of ENTRY as text; false when it is of no use to a server. */
static bool read_entry(const struct ifaddrs *entry, char ret[static ADDR_TEXT_SIZE])
{
	struct addr addr;

	if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP))
		return false;
	memset(&addr, 0, sizeof(addr));
	if (entry->ifa_addr->sa_family == AF_INET) {
		addr.len = sizeof(addr.v4);
		memcpy(&addr.v4, entry->ifa_addr, sizeof(addr.v4));
	} else if (entry->ifa_addr->sa_family == AF_INET6) {
		addr.len = sizeof(addr.v6);
		memcpy(&addr.v6, entry->ifa_addr, sizeof(addr.v6));
		if (IN6_IS_ADDR_LINKLOCAL(&addr.v6.sin6_addr))
			return false;
	} else {
		return false;
	}
	addr_host_text(&addr, ret);
	return true;
}

bool machine_address(char ret[static ADDR_TEXT_SIZE])
{
	struct ifaddrs *all = NULL;
	bool known = ask_route(ret);

	if (known || getifaddrs(&all) != 0)
		return known;
	for (struct ifaddrs *entry = all; entry && !known; entry = entry->ifa_next)
		known = !(entry->ifa_flags & IFF_LOOPBACK) && read_entry(entry, ret);
	freeifaddrs(all);
	return known;
}

bool machine_has(const struct addr *addr)
{
	int fd = socket(addr->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct addr any_port = *addr;
	bool has;

	addr_set_port(&any_port, 0);
	has = fd >= 0 && bind(fd, &any_port.sa, any_port.len) == 0;
	if (fd >= 0)
		close(fd);
	return has;
}

void machine_addresses(char *out, size_t size)
{
	struct ifaddrs *all = NULL;
	char text[ADDR_TEXT_SIZE];

	if (getifaddrs(&all) != 0)
		return;
	for (struct ifaddrs *entry = all; entry; entry = entry->ifa_next) {
		size_t at = strlen(out);

		if (read_entry(entry, text) && at + 1 < size)
			snprintf(out + at, size - at, "%s%s", at ? ", " : "", text);
	}
	freeifaddrs(all);
}
