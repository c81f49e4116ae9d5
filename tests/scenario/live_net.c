#include "live_net.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LIVE_FDS_MAX 512
#define LIVE_BACKLOG 64

/* ---- addresses ---- */

bool live_net_enter(void)
{
	return !unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWNET);
}

static void set_up(int fd, struct ifreq *request)
{
	if (ioctl(fd, SIOCGIFFLAGS, request))
		abort();
	request->ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, request))
		abort();
}

/* One more address of the loopback. Its network is itself alone, so that to all others there is no
 * route. */
static void add_address(struct live_net *net, const struct addr *addr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};
	struct sockaddr_in whole = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = INADDR_BROADCAST}};

	snprintf(request.ifr_name, IFNAMSIZ, "lo:%u", ++net->address_count);
	memcpy(&request.ifr_addr, &addr->v4, sizeof(addr->v4));
	((struct sockaddr_in *)&request.ifr_addr)->sin_port = 0;
	if (fd < 0 || ioctl(fd, SIOCSIFADDR, &request))
		abort();
	memcpy(&request.ifr_netmask, &whole, sizeof(whole));
	if (ioctl(fd, SIOCSIFNETMASK, &request))
		abort();
	close(fd);
}

static void start_loopback(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo"};

	if (fd < 0)
		abort();
	set_up(fd, &request);
	close(fd);
}

/* ---- stations ---- */

void live_net_open(struct live_net *net, live_link_h *h, void *arg)
{
	static const char *const ours[] = {STAGE_OUR_INTERNAL, STAGE_OUR_EXTERNAL};
	struct addr addr;

	*net = (struct live_net){.h = h, .arg = arg};
	list_init(&net->stations);
	list_init(&net->links);
	start_loopback();
	for (unsigned i = 0; i < 2; i++) {
		if (addr_parse(&addr, ours[i], 0))
			abort();
		add_address(net, &addr);
	}
	live_names_open(&net->names, LIVE_DNS);
}

static int listen_at(struct addr addr, uint16_t port, int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1;

	addr_set_port(&addr, port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (fd < 0 || bind(fd, &addr.sa, addr.len) ||
		(type == SOCK_STREAM && listen(fd, LIVE_BACKLOG)))
		abort();
	return fd;
}

static void open_listeners(struct live_station *station)
{
	const struct addr *addr = &station->party->addr;

	station->listeners[LIVE_LISTEN_TCP] = listen_at(*addr, 5060, SOCK_STREAM);
	station->listeners[LIVE_LISTEN_TLS] = listen_at(*addr, 5061, SOCK_STREAM);
}

static void close_listeners(struct live_station *station)
{
	for (unsigned i = 0; i < LIVE_LISTENERS; i++) {
		if (station->listeners[i] >= 0)
			close(station->listeners[i]);
		station->listeners[i] = -1;
	}
}

struct live_station *live_net_add(struct live_net *net, struct party *party)
{
	struct live_station *station = calloc(1, sizeof(*station));

	if (!station)
		abort();
	station->party = party;
	add_address(net, &party->addr);
	live_names_set(&net->names, party->host, &party->addr);
	station->udp = live_link_udp(party, listen_at(party->addr, 5060, SOCK_DGRAM));
	station->udp_other =
		live_link_udp(party, listen_at(party->addr, 5061, SOCK_DGRAM));
	station->udp_other->flow.id = station->udp->flow.id; /* one for all who ask */
	station->media = listen_at(party->addr, addr_port(&party->media), SOCK_DGRAM);
	open_listeners(station);
	list_append(&net->stations, &station->node);
	return station;
}

void live_net_drop_cred(struct live_station *station)
{
	if (!station->cred)
		return;
	gnutls_certificate_free_credentials(station->cred);
	station->cred = NULL;
	lab_drop(&station->id);
}

struct live_station *live_net_find(const struct live_net *net, const struct party *party)
{
	LIST_FOREACH (&net->stations, node, next) {
		struct live_station *station =
			LIST_ENTRY(node, struct live_station, node);

		if (station->party == party)
			return station;
	}
	return NULL;
}

/* A UDP socket that is connected elsewhere is none for Tandem's datagrams: they bounce. What it
 * sends leaves as before. */
void live_net_set_away(struct live_station *station, bool away)
{
	struct addr nobody;

	if (station->away == away)
		return;
	station->away = away;
	station->party->unseen = true;
	if (addr_parse(&nobody, "127.0.0.1:9", 9))
		abort();
	if (!away)
		nobody.sa.sa_family = AF_UNSPEC;
	if (connect(station->udp->fd, &nobody.sa, nobody.len) ||
		connect(station->udp_other->fd, &nobody.sa, nobody.len))
		abort();
	if (away)
		close_listeners(station);
	else
		open_listeners(station);
}

void live_net_close(struct live_net *net)
{
	LIST_FOREACH (&net->links, node, next) {
		struct live_link *link = LIST_ENTRY(node, struct live_link, node);

		list_remove(node);
		live_link_free(link);
	}
	LIST_FOREACH (&net->stations, node, next) {
		struct live_station *station =
			LIST_ENTRY(node, struct live_station, node);

		close_listeners(station);
		close(station->media);
		live_link_free(station->udp);
		live_link_free(station->udp_other);
		live_net_drop_cred(station);
		list_remove(node);
		free(station);
	}
	live_names_close(&net->names);
}

/* ---- links ---- */

void live_net_hang_up(const struct live_net *net, const struct live_station *station)
{
	LIST_FOREACH (&net->links, node, next) {
		struct live_link *link = LIST_ENTRY(node, struct live_link, node);

		if (link->party == station->party)
			live_link_close(link);
	}
}

struct live_link *live_net_link(const struct live_net *net,
	const struct live_station *station, enum transport_kind kind)
{
	if (kind == TRANSPORT_UDP)
		return station->udp;
	LIST_FOREACH (&net->links, node, next) {
		struct live_link *link = LIST_ENTRY(node, struct live_link, node);

		if (link->party == station->party && link->flow.kind == kind &&
			!link->flow.closed && !link->shaking)
			return link;
	}
	return NULL;
}

struct live_link *live_net_connect(struct live_net *net,
	const struct live_station *station, const struct addr *remote, bool tls)
{
	struct live_link *link =
		live_link_connect(station->party, remote, tls ? station->cred : NULL);

	if (link)
		list_append(&net->links, &link->node);
	return link;
}

bool live_net_is_open(const struct live_net *net, uint64_t flow)
{
	LIST_FOREACH (&net->stations, node, next) {
		const struct live_station *station =
			LIST_ENTRY(node, struct live_station, node);

		if (station->udp->flow.id == flow)
			return !station->party->unseen;
	}
	LIST_FOREACH (&net->links, node, next) {
		const struct live_link *link = LIST_ENTRY(node, struct live_link, node);

		if (link->flow.id == flow)
			return !link->flow.closed;
	}
	return false;
}

static bool accept_all(struct live_net *net, struct live_station *station, unsigned which)
{
	bool some = false;
	int fd;

	if (station->listeners[which] < 0)
		return false;
	while ((fd = accept4(station->listeners[which], NULL, NULL,
			SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		struct live_link *link = live_link_accept(station->party, fd,
			which == LIVE_LISTEN_TLS ? station->cred : NULL);

		list_append(&net->links, &link->node);
		some = true;
	}
	return some;
}

/* ---- waiting ---- */

static unsigned watch(const struct live_net *net, struct pollfd fds[static LIVE_FDS_MAX])
{
	unsigned count = 0;

	fds[count++].fd = net->names.fd;
	LIST_FOREACH (&net->stations, node, next) {
		const struct live_station *station =
			LIST_ENTRY(node, struct live_station, node);

		fds[count++].fd = station->udp->fd;
		fds[count++].fd = station->udp_other->fd;
		for (unsigned i = 0; i < LIVE_LISTENERS; i++)
			fds[count++].fd = station->listeners[i];
		if (count > LIVE_FDS_MAX - 3 - LIVE_LISTENERS)
			abort();
	}
	LIST_FOREACH (&net->links, node, next) {
		const struct live_link *link = LIST_ENTRY(node, struct live_link, node);

		if (count < LIVE_FDS_MAX && !link->flow.closed)
			fds[count++].fd = link->fd;
	}
	for (unsigned i = 0; i < count; i++)
		fds[i].events = POLLIN;
	return count;
}

bool live_net_pump(struct live_net *net, int timeout_ms)
{
	struct pollfd fds[LIVE_FDS_MAX];
	bool moved = false;

	if (timeout_ms && poll(fds, watch(net, fds), timeout_ms) <= 0)
		return false;
	moved = live_names_serve(&net->names);
	LIST_FOREACH (&net->stations, node, next) {
		struct live_station *station =
			LIST_ENTRY(node, struct live_station, node);

		for (unsigned i = 0; i < LIVE_LISTENERS; i++)
			moved = accept_all(net, station, i) || moved;
		moved = live_link_read(station->udp, net->h, net->arg) || moved;
		moved = live_link_read(station->udp_other, net->h, net->arg) || moved;
	}
	LIST_FOREACH (&net->links, node, next) {
		struct live_link *link = LIST_ENTRY(node, struct live_link, node);

		if (!link->flow.closed)
			moved = live_link_read(link, net->h, net->arg) || moved;
	}
	return moved;
}
