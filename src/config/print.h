/*
 * One value as it would be written in a file: what value_set() reads. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "config/schema.h"

/* Stands for a secret within a value. */
#define PRINT_HIDDEN "(not shown)"

/*
 * Appends the value of KEY in BASE, the struct that KEY's section fills, to OUT; nothing where none
 * is set. What is secret in it (the PIN of a token, a password in a URL) is PRINT_HIDDEN.
 */
void print_value(const struct schema_key *key, const void *base, struct buf *out);

/* Whether both structs have the same value, secrets included. */
bool print_equal(const struct schema_key *key, const void *a, const void *b);
