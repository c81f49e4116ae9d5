#include "base/list.h"

#include "../unit.h"

struct item {
	struct list node;
	int number;
};

static void nodes_come_in_the_order_of_appending(void **state)
{
	struct item items[5] = {0};
	struct list list;
	int expected = 0;

	(void)state;
	list_init(&list);
	assert_true(list_empty(&list));
	for (int i = 0; i < 5; i++) {
		items[i].number = i;
		list_append(&list, &items[i].node);
	}
	LIST_FOREACH (&list, node, next) {
		assert_int_equal(LIST_ENTRY(node, struct item, node)->number, expected++);
	}
	assert_int_equal(expected, 5);
}

static void the_body_may_remove_its_node(void **state)
{
	struct item items[5] = {0};
	struct list list;

	(void)state;
	list_init(&list);
	for (int i = 0; i < 5; i++)
		list_append(&list, &items[i].node);
	LIST_FOREACH (&list, node, next) {
		list_remove(node);
	}
	assert_true(list_empty(&list));
}

static void removing_twice_does_no_harm(void **state)
{
	struct item a = {0}, b = {0};
	struct list list;

	(void)state;
	list_init(&list);
	list_append(&list, &a.node);
	list_append(&list, &b.node);
	list_remove(&a.node);
	list_remove(&a.node);
	assert_ptr_equal(list.next, &b.node);
	assert_ptr_equal(list.prev, &b.node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_come_in_the_order_of_appending),
		cmocka_unit_test(the_body_may_remove_its_node),
		cmocka_unit_test(removing_twice_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
