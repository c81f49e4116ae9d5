/* Addresses and ports of what listens. */
#include "check/check_priv.h"

#include "process/rights.h"
#include "sip/transport.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

unsigned check_listeners(
	const struct config *config, struct check_listener ret[static CHECK_LISTENERS])
{
	const struct check_listener all[CHECK_LISTENERS] = {
		{true, TRANSPORT_TLS, &config->internal.listen, "internal", "listen"},
		{false, TRANSPORT_UDP, &config->external.udp, "external", "udp"},
		{false, TRANSPORT_TCP, &config->external.tcp, "external", "tcp"},
		{false, TRANSPORT_TLS, &config->external.tls_listen, "external", "tls"},
	};
	unsigned count = 0;

	for (unsigned i = 0; i < CHECK_LISTENERS; i++)
		if (all[i].address->len)
			ret[count++] = all[i];
	return count;
}

/* "this machine has 192.0.2.1, 2001:db8::1": what could have been meant. */
static const char *own_addresses(bool v6, char *buf, size_t size)
{
	struct ifaddrs *list = NULL;
	char host[ADDR_TEXT_SIZE];
	size_t used = 0;
	unsigned count = 0;

	snprintf(buf, size, "give it an address of an interface that is up");
	if (getifaddrs(&list))
		return buf;
	for (const struct ifaddrs *at = list; at && count < 6; at = at->ifa_next) {
		struct addr addr = {.len = 0};

		if (!at->ifa_addr || at->ifa_addr->sa_family != (v6 ? AF_INET6 : AF_INET))
			continue;
		addr.len = v6 ? sizeof(addr.v6) : sizeof(addr.v4);
		memcpy(&addr.sa, at->ifa_addr, addr.len);
		if (used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s",
				count++ ? ", " : "this machine has ",
				addr_host_text(&addr, host));
	}
	freeifaddrs(list);
	return buf;
}

static void say_taken(struct check *check, const struct check_listener *listener)
{
	const struct place place = where_main(check, listener->section, listener->key);
	char where[ADDR_TEXT_SIZE], name[HOLDER_SIZE] = "";
	long pid = 0;
	bool known = holder_of(listener->kind, listener->address, &pid, name);
	char remedy[160];

	/* whose it is cannot be seen of another user's process */
	if (check->running && (pid == check->running || pid == 0))
		return;
	if (known && pid) {
		snprintf(remedy, sizeof(remedy), "end that, or choose another port");
		findings_add(check->findings, FINDING_ERROR, place, remedy,
			"%s: %s port %s is in use by %s, process %ld", listener->key,
			transport_kind_name(listener->kind),
			addr_text(listener->address, where), name, pid);
		return;
	}
	snprintf(remedy, sizeof(remedy),
		"`ss -lnp%c sport = :%u` as root shows by whom; choose another port",
		listener->kind == TRANSPORT_UDP ? 'u' : 't',
		(unsigned)addr_port(listener->address));
	findings_add(check->findings, FINDING_ERROR, place, remedy,
		"%s: %s port %s is in use by another process", listener->key,
		transport_kind_name(listener->kind), addr_text(listener->address, where));
}

static void say_unbound(
	struct check *check, const struct check_listener *listener, int err)
{
	const struct place place = where_main(check, listener->section, listener->key);
	char where[ADDR_TEXT_SIZE];
	char remedy[512];

	if (err == -EADDRINUSE) {
		say_taken(check, listener);
	} else if (err == -EADDRNOTAVAIL) {
		findings_add(check->findings, FINDING_ERROR, place,
			own_addresses(
				addr_is_v6(listener->address), remedy, sizeof(remedy)),
			"%s: %s is no address of this machine", listener->key,
			addr_host_text(listener->address, where));
	} else if (err == -EACCES && addr_port(listener->address) < rights_first_port()) {
		/* the one that runs may have given up what it opened it with */
		findings_add(check->findings,
			check->by == CHECK_BY_SERVER ? FINDING_NOTE : FINDING_ERROR,
			place,
			"start as root, give the service CAP_NET_BIND_SERVICE, or choose "
			"another port",
			"%s: port %u needs root or CAP_NET_BIND_SERVICE", listener->key,
			(unsigned)addr_port(listener->address));
	} else {
		findings_add(check->findings, FINDING_ERROR, place,
			"choose another address", "%s: cannot listen on %s: %s",
			listener->key, addr_text(listener->address, where), err_str(err));
	}
}

/* Root may listen on any port; the service is not root. */
static void note_service(struct check *check, const struct check_listener *listener)
{
	if (check->by != CHECK_BY_TEST || geteuid() != 0 ||
		check->config->tandem.user[0] ||
		addr_port(listener->address) >= rights_first_port())
		return;
	findings_add(check->findings, FINDING_NOTE,
		where_main(check, listener->section, listener->key),
		"tandemd(8) has the lines for `systemctl edit tandemd`",
		"%s: for port %u a service that is not started as root needs "
		"CAP_NET_BIND_SERVICE",
		listener->key, (unsigned)addr_port(listener->address));
}

/* Whether the port of A is taken to B by the same machine. */
static bool overlap(const struct addr *a, const struct addr *b)
{
	return addr_port(a) == addr_port(b) && addr_is_v6(a) == addr_is_v6(b) &&
	       (addr_is_any(a) || addr_is_any(b) || addr_equal_host(a, b));
}

/* Equal ones were refused with the file; one of all interfaces covers the others. */
static void check_overlap(
	struct check *check, const struct check_listener *list, unsigned at)
{
	char where[ADDR_TEXT_SIZE];

	for (unsigned i = 0; i < at; i++)
		if (list[i].kind != TRANSPORT_UDP && list[at].kind != TRANSPORT_UDP &&
			overlap(list[i].address, list[at].address))
			findings_add(check->findings, FINDING_ERROR,
				where_main(check, list[at].section, list[at].key),
				"give each a port of its own",
				"%s: %s covers the port of [%s] %s", list[at].key,
				addr_text(list[at].address, where), list[i].section,
				list[i].key);
}

void check_ports(struct check *check)
{
	struct check_listener list[CHECK_LISTENERS];
	const unsigned count = check_listeners(check->config, list);

	for (unsigned i = 0; i < count; i++) {
		int fd = -1;
		int err = transport_bind(list[i].kind, list[i].address, &fd, NULL);

		if (err)
			say_unbound(check, &list[i], err);
		else
			close(fd);
		if (!err)
			note_service(check, &list[i]);
		check_overlap(check, list, i);
	}
}
