/* Who holds what we need: by /proc, as far as we may look. */
#include "check/check_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The state of a socket that listens, in /proc/net/tcp. */
#define TCP_LISTENING 0x0a

/* HEX, the host as the kernel prints it: in words of the machine's byte order. */
static bool is_host(const char *hex, const struct addr *address)
{
	const bool v6 = addr_is_v6(address);
	const unsigned words = v6 ? 4 : 1;
	uint32_t own[4] = {0}, zero[4] = {0}, found[4] = {0};

	if (v6)
		memcpy(own, &address->v6.sin6_addr, sizeof(own));
	else
		memcpy(own, &address->v4.sin_addr, sizeof(own[0]));
	for (unsigned i = 0; i < words; i++)
		if (sscanf(hex + (size_t)8 * i, "%8" SCNx32, &found[i]) != 1)
			return false;
	/* either may be that of all interfaces */
	return memcmp(found, own, 4 * words) == 0 ||
	       memcmp(found, zero, 4 * words) == 0 || memcmp(own, zero, 4 * words) == 0;
}

/* The inode of the socket at ADDRESS in FILE; 0: none. */
static unsigned long inode_in(
	const char *file, bool listening, const struct addr *address)
{
	FILE *in = fopen(file, "re");
	unsigned long inode = 0;
	char line[512];

	while (in && !inode && fgets(line, sizeof(line), in)) {
		char host[33];
		unsigned port, state;
		unsigned long found;

		if (sscanf(line, "%*u: %32[0-9A-F]:%x %*s %x %*s %*s %*s %*u %*u %lu",
			    host, &port, &state, &found) == 4 &&
			(!listening || state == TCP_LISTENING) &&
			port == addr_port(address) &&
			strlen(host) == (addr_is_v6(address) ? 32 : 8) &&
			is_host(host, address))
			inode = found;
	}
	if (in)
		fclose(in);
	return inode;
}

/* Whether the process of DIR, its fd folder, has LINK open. */
static bool has_open(const char *dir, const char *link)
{
	DIR *fds = opendir(dir);
	const struct dirent *entry;
	char target[64];
	bool found = false;

	while (fds && !found && (entry = readdir(fds))) {
		ssize_t len =
			readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);

		if (len > 0) {
			target[len] = '\0';
			found = strcmp(target, link) == 0;
		}
	}
	if (fds)
		closedir(fds);
	return found;
}

static void read_name(long pid, char name[static HOLDER_SIZE])
{
	char path[64];
	FILE *in;

	snprintf(name, HOLDER_SIZE, "?");
	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	in = fopen(path, "re");
	if (in && fgets(name, HOLDER_SIZE, in))
		name[strcspn(name, "\n")] = '\0';
	if (in)
		fclose(in);
}

/* The process that has the socket INODE open; 0: none that we can see. */
static long process_with(unsigned long inode)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	char link[64], path[64];
	long pid = 0;

	snprintf(link, sizeof(link), "socket:[%lu]", inode);
	while (proc && !pid && (entry = readdir(proc))) {
		char *end;
		long candidate = strtol(entry->d_name, &end, 10);

		if (candidate <= 0 || *end)
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/fd", candidate);
		if (has_open(path, link))
			pid = candidate;
	}
	if (proc)
		closedir(proc);
	return pid;
}

bool holder_of(enum transport_kind kind, const struct addr *address, long *ret_pid,
	char name[static HOLDER_SIZE])
{
	const bool udp = kind == TRANSPORT_UDP;
	const char *file = addr_is_v6(address)
				   ? (udp ? "/proc/net/udp6" : "/proc/net/tcp6")
				   : (udp ? "/proc/net/udp" : "/proc/net/tcp");
	const char *other = udp ? "/proc/net/udp6" : "/proc/net/tcp6";
	unsigned long inode = inode_in(file, !udp, address);
	struct addr any = {.v6 = {.sin6_family = AF_INET6}, .len = sizeof(any.v6)};

	/* one of both families holds IPv4 too */
	addr_set_port(&any, addr_port(address));
	if (!inode && !addr_is_v6(address))
		inode = inode_in(other, !udp, &any);
	if (!inode)
		return false;
	*ret_pid = process_with(inode);
	read_name(*ret_pid, name);
	return true;
}

long holder_of_lock(const char *file)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	long pid = 0;

	if (fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		pid = lock.l_pid;
	if (fd >= 0)
		close(fd);
	return pid;
}

long holder_in_file(const char *file)
{
	FILE *in = fopen(file, "re");
	long pid = 0;

	if (in && fscanf(in, "%ld", &pid) != 1)
		pid = 0;
	if (in)
		fclose(in);
	return pid;
}
