/*
 * What every unit test includes first: cmocka wants these headers, in this order.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The compiler does not know that a failed assert_non_null() leaves the test. */
#pragma GCC diagnostic ignored "-Wnull-dereference"
