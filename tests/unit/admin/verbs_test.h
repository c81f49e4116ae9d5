/*
 * A small made-up server for the tests of the verbs: the layers below are faked. setup() makes it anew for
 * each test.
 */
#pragma once

#include "../unit.h"

#include "admin/verbs.h"
#include "audit/writer.h"
#include "base/loop.h"
#include "config/config.h"
#include "probe/observe.h"
#include "probe/probe.h"
#include "trunk/trunk.h"

#include <stdbool.h>

int setup(void **state);
int teardown(void **state);
/* Time is CLOCK's from now on: before anything is asked. */
void use_clock(struct clock_virtual *clock);

/* Its parts. */
extern struct config_gateway gateway;
extern struct config_server server;
extern struct trunk gateway_trunk, server_trunk;
extern struct flow flow;
extern struct writer *writer;
extern struct verbs_context context;
extern struct loop *loop;

/* The record of its one call, so far. */
struct record live_call(void);
/* RECORD is in the file. */
void write_record(const struct record *record);

/* What it does, and did. */
extern bool reload_fails, check_good, shut_down, shut_down_drain;
extern unsigned reloads;
extern uint64_t reload_confirm_ms;
extern enum config_tls_mode file_says; /* what a reload finds */
/* What is observed of the gateway; its step is NULL: nothing. */
extern struct observe_verdict verdict;
/* The probes under way, and what they were begun with. */
extern struct probe_params probes[16];
extern unsigned probes_cancelled;

/* Asks it a verb with the words up to NULL. What it answers is in result and text; an answer that comes later is
 * counted in answers, and asked is the call that waits for it. */
enum api_code ask(const char *noun, const char *verb, const char *a, const char *b);
/* The same with COUNT words. */
enum api_code ask_all(
	const char *noun, const char *verb, const char *const *args, size_t count);
/* What takes such an answer. */
api_done_h answered;
/* CODE is what ask() gave: waits for the answer, if that comes later. Returns its code; text is set too. */
enum api_code await(enum api_code code);
extern json_t *result;
extern struct err_text text;
extern unsigned answers, parts; /* and its parts */
extern enum api_code answer_code;
extern struct api_call *asked;

/* Of an answer: a word ("(none)" where there is none), a number. */
const char *word(const json_t *object, const char *name);
json_int_t number(const json_t *object, const char *name);
/* LINE is in what `metrics` answered. */
void expect_metric(const char *line);
