#include "upkeep/gate.h"

#include <assert.h>
#include <stddef.h>

void gate_init(struct gate *gate, unsigned places)
{
	list_init(&gate->waiting);
	gate->places = places;
	gate->taken = 0;
}

void gate_free(struct gate *gate)
{
	assert(list_empty(&gate->waiting) && !gate->taken && "its users go first");
	(void)gate;
}

static void let_in(struct gate *gate, struct gate_user *user)
{
	user->inside = true;
	gate->taken++;
	user->h(user->arg);
}

void gate_enter(
	struct gate *gate, struct gate_user *user, void (*h)(void *arg), void *arg)
{
	if (user->gate)
		return;
	user->gate = gate;
	user->h = h;
	user->arg = arg;
	if (gate->taken < gate->places)
		let_in(gate, user);
	else
		list_append(&gate->waiting, &user->node);
}

void gate_leave(struct gate_user *user)
{
	struct gate *gate = user->gate;

	if (!gate)
		return;
	user->gate = NULL;
	if (!user->inside) {
		list_remove(&user->node);
		return;
	}
	user->inside = false;
	gate->taken--;
	while (gate->taken < gate->places && !list_empty(&gate->waiting)) {
		struct gate_user *next =
			LIST_ENTRY(gate->waiting.next, struct gate_user, node);

		list_remove(&next->node);
		let_in(gate, next);
	}
}
