#include "plain_rig.h"

struct loop *loop;
struct side near, far;

static void start_with(struct clock *clock, const struct transport_limits *limits)
{
	test_quiet();
	loop = test_loop(clock);
	side_start(&near, "near", loop, limits);
	side_start(&far, "far", loop, limits);
}

int start(void **state)
{
	(void)state;
	start_with(NULL, NULL);
	return 0;
}

int stop(void **state)
{
	(void)state;
	side_stop(&near);
	side_stop(&far);
	loop_free(loop);
	return 0;
}

void restart_with(struct clock *clock, const struct transport_limits *limits)
{
	stop(NULL);
	start_with(clock, limits);
}
