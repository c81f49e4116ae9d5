/*
 * An intrusive doubly linked list. A node is in one list or in none; its owner keeps it
 * alive. No locking.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next;
	struct list *prev;
};

#define LIST_ENTRY(node, type, member)                                                   \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Walks the list at HEAD; the current node may be removed (and freed) in the body. */
#define LIST_FOREACH(head, node, next_node)                                              \
	for (struct list *node = (head)->next, *next_node = node->next; node != (head);  \
		node = next_node, next_node = node->next)

static inline void list_init(struct list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_empty(const struct list *list)
{
	return list->next == list;
}

static inline void list_append(struct list *list, struct list *node)
{
	node->prev = list->prev;
	node->next = list;
	list->prev->next = node;
	list->prev = node;
}

/* Leaves NODE pointing at itself, so that removing it again does no harm. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* The nodes of FROM, in their order, behind those of INTO; FROM is empty then. For who must look at
 * those that are there now, while what it does adds others. */
static inline void list_take(struct list *into, struct list *from)
{
	while (!list_empty(from)) {
		struct list *node = from->next;

		list_remove(node);
		list_append(into, node);
	}
}
