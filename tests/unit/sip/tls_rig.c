#include "tls_rig.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

struct lab_id root, far_id;
static struct lab_id stranger_root, near_id, stranger_id;
struct trust *trust;
struct cred *near_cred, *far_cred, *stranger_cred;

struct loop *loop;
struct clock_virtual virtual_clock;
struct side near, far;
struct peer *far_peer;
struct peer *near_peer;
struct addr there;
char last_warning[2000];

time_t days_passed;

static time_t judges_time(time_t *ret)
{
	time_t now = time(NULL) + days_passed * LAB_DAY;

	if (ret)
		*ret = now;
	return now;
}

static void keep_warning(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	if (level == LOG_LEVEL_WARNING)
		snprintf(last_warning, sizeof(last_warning), "%s", line);
	if (getenv("TEST_LOG"))
		fprintf(stderr, "%s\n", line);
}

int start_lab(void **state)
{
	(void)state;
	lab_start();
	gnutls_global_set_time_function(judges_time);
	log_set_sink(keep_warning, NULL);
	lab_root(&root, "root");
	lab_root(&stranger_root, "stranger root");
	lab_host(&near_id, "near.example.com", &root);
	lab_host(&far_id, "far.example.com", &root);
	lab_host(&stranger_id, "near.example.com", &stranger_root);
	trust = lab_trust(&root);
	near_cred = lab_cred(&near_id);
	far_cred = lab_cred(&far_id);
	stranger_cred = lab_cred(&stranger_id);
	return 0;
}

int stop_lab(void **state)
{
	(void)state;
	cred_unref(near_cred);
	cred_unref(far_cred);
	cred_unref(stranger_cred);
	trust_unref(trust);
	lab_drop(&near_id);
	lab_drop(&far_id);
	lab_drop(&stranger_id);
	lab_drop(&root);
	lab_drop(&stranger_root);
	lab_stop();
	return 0;
}

static void start_with(struct clock *clock, const struct transport_limits *limits)
{
	loop = test_loop(clock);
	last_warning[0] = '\0';
	far_peer = lab_peer("far.example.com", trust);
	near_peer = lab_peer("near.example.com", trust);
	side_start(&near, "near", loop, limits);
	side_start(&far, "far", loop, limits);
	transport_set_tls(near.transport, near_cred, far_peer->set);
	transport_set_tls(far.transport, far_cred, near_peer->set);
	there = side_listen(&far, TRANSPORT_TLS, "127.0.0.1");
}

int start(void **state)
{
	(void)state;
	start_with(NULL, NULL);
	return 0;
}

/* No connection may hold one any more. */
static void drop_peer(const struct peer *peer)
{
	assert_int_equal(peer->set->refs, 1);
	peer_set_unref(peer->set);
}

int stop(void **state)
{
	(void)state;
	side_stop(&near);
	side_stop(&far);
	drop_peer(far_peer);
	drop_peer(near_peer);
	loop_free(loop);
	return 0;
}

void restart_with(struct clock *clock, const struct transport_limits *limits)
{
	stop(NULL);
	start_with(clock, limits);
}

struct flow *flow_as(struct side *side, const struct addr *to, const struct peer *peer,
	struct cred *cred)
{
	const struct transport_target target = {
		.kind = TRANSPORT_TLS, .remote = *to, .peer = peer, .cred = cred};
	struct err_text text = {.text = ""};
	struct flow *flow = NULL;

	if (transport_flow(side->transport, &target, &flow, &text) != 0)
		fail_msg("%s", text.text);
	return flow;
}
