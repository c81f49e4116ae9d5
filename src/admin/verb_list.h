/*
 * All that an operator can do, one row a verb: noun, verb, fewest and most arguments,
 * whether something is changed, usage, help, and the name of its handler. The server makes
 * its table of it, tandemctl its help (and so needs no server, and none of its code).
 */
#pragma once

#include <stdbool.h>

/* clang-format off */
#define VERB_LIST(X)                                                                     \
	X("status", "", 0, 0, false, "status",                                           \
		"the server, its calls, media and audit in numbers", system_verb_status) \
	X("trunk", "list", 0, 0, false, "trunk list",                                    \
		"every trunk with its protection and calls", trunk_verb_list)            \
	X("trunk", "show", 1, 1, false, "trunk show ID",                                 \
		"one trunk in full", trunk_verb_show)                                    \
	X("trunk", "config", 1, 1, false, "trunk config ID",                             \
		"every key of a trunk in force, and where its value came from",          \
		trunk_verb_config)                                                       \
	X("trunk", "explain", 1, 1, false, "trunk explain ID",                           \
		"probe a trunk over TLS now: what works, what fails, what to do",        \
		trunk_verb_explain)                                                      \
	X("trunk", "learn", 2, 4, true, "trunk learn ID NUMBER [--from N]",              \
		"call a trunk's number a few times: what it can do, and the lines for its file", \
		trunk_verb_learn)                                                        \
	X("trunk", "tls", 2, 2, true, "trunk tls ID on|observe|off",                     \
		"switch TLS of a trunk; counts for the next call", trunk_verb_tls)       \
	X("trunk", "drain", 1, 3, true, "trunk drain ID [--reason TEXT]",                \
		"no new calls by this trunk, over restarts too", trunk_verb_drain)       \
	X("trunk", "resume", 1, 1, true, "trunk resume ID",                              \
		"new calls by this trunk again", trunk_verb_resume)                      \
	X("server", "list", 0, 0, false, "server list",                                  \
		"every server with its calls", server_verb_list)                         \
	X("server", "show", 1, 1, false, "server show ID",                               \
		"one server in full", server_verb_show)                                  \
	X("server", "config", 1, 1, false, "server config ID",                           \
		"every key of a server in force, and where its value came from",         \
		server_verb_config)                                                      \
	X("server", "explain", 1, 1, false, "server explain ID",                         \
		"probe a server over TLS now", server_verb_explain)                      \
	X("server", "drain", 1, 3, true, "server drain ID [--reason TEXT]",              \
		"no new calls by this server, over restarts too", server_verb_drain)     \
	X("server", "resume", 1, 1, true, "server resume ID",                            \
		"new calls by this server again", server_verb_resume)                    \
	X("route", "test", 1, 13, false,                                                 \
		"route test NUMBER [--from N] [--asserted N] [--privacy WORDS] "         \
		"[--diversion N] [--via server|trunk ID] [--emergency]",                 \
		"whom a call would go to, in order, and why to nobody else",             \
		route_verb_test)                                                         \
	X("emergency", "test", 1, 1, true, "emergency test ID",                          \
		"call a trunk's test number as an emergency call would go", emergency_verb_test) \
	X("call", "list", 0, 0, false, "call list",                                      \
		"the calls of this moment", call_verb_list)                              \
	X("call", "show", 1, 2, false,                                                   \
		"call show ID [--watch | --html | --brief | --messages]",                \
		"one call, standing or ended: its legs, and what passed as a ladder",    \
		call_verb_show)                                                          \
	X("call", "hangup", 1, 1, true, "call hangup ID",                                \
		"end a call on both legs", call_verb_hangup)                             \
	X("subscription", "list", 0, 0, false, "subscription list",                      \
		"the subscriptions of this moment", subscription_verb_list)              \
	X("subscription", "end", 1, 1, true, "subscription end ID",                      \
		"end a subscription on both sides", subscription_verb_end)               \
	X("capture", "start", 0, 6, true,                                                \
		"capture start --call ID|--number PATTERN|--trunk ID --for TIME "        \
		"[--mode full|signalling] [--wire [--filter EXPR] [--interface NAME] " \
		"[--size MB] [--files N]]",                                              \
		"capture a call, a number's calls or a trunk's for a while",             \
		capture_verb_start)                                                      \
	X("capture", "stop", 1, 1, true, "capture stop N",                               \
		"end what `capture start` began", capture_verb_stop)                     \
	X("capture", "list", 0, 0, false, "capture list",                                \
		"what is captured on demand, and captures on hold", capture_verb_list)   \
	X("capture", "hold", 1, 3, true, "capture hold CALL --reason TEXT",              \
		"keep the capture of a call, whatever its age", capture_verb_hold)       \
	X("capture", "release", 1, 1, true, "capture release CALL",                      \
		"end a hold: the capture may be deleted when it is due",                 \
		capture_verb_release)                                                    \
	X("capture", "export", 1, 8, true,                                               \
		"capture export CALL --to DIR|FILE.tar [--for NAME] [--only sip] "       \
		"[--hide-numbers]",                                                      \
		"what there is of a call, for somebody who checks it without us",        \
		capture_verb_export)                                                     \
	X("wire", "start", 0, 4, true, "wire start --for TIME [--trunk ID]",             \
		"keep the secrets of TLS connections and media, to read a capture by",   \
		wire_verb_start)                                                         \
	X("wire", "stop", 0, 0, true, "wire stop",                                       \
		"keep them no longer", wire_verb_stop)                                   \
	X("cdr", "tail", 0, 1, false, "cdr tail [N]",                                    \
		"the last N call records (10)", cdr_verb_tail)                           \
	X("cdr", "list", 0, 36, false,                                                   \
		"cdr list [--since TIME] [--until TIME] [--number PATTERN] "             \
		"[--trunk ID] [--server ID] [--status N|Nxx] [--cause WORD] "            \
		"[--q850 N] [--microsoft ID] [--protection WORD] [--quality MOS] [--answered | --failed] "           \
		"[--kind WORD|all] [--limit N] [--csv | --jsonl]",                       \
		"call records that fit, the latest first", cdr_verb_list)                \
	X("cdr", "report", 0, 14, false,                                                 \
		"cdr report [--by trunk|server] [--per hour|day] [--id ID] "             \
		"[--since TIME] [--until TIME] [--limit N] [--csv | --jsonl]",           \
		"calls, answers, ASR, NER, delay, quality, protection by hour or day",   \
		cdr_verb_report)                                                         \
	X("cdr", "key", 0, 0, false, "cdr key",                                          \
		"the key that records are signed with, for tandem-verify", cdr_verb_key) \
	X("cdr", "rekey", 0, 0, true, "cdr rekey",                             \
		"hand the log over to a new key, which the old one signs",               \
		cdr_verb_rekey)                                                     \
	X("cdr", "proof", 1, 1, false, "cdr proof CALL|NUMBER",                          \
		"a proof that a record was signed, with the record in it",               \
		cdr_verb_proof)                                                          \
	X("cert", "list", 0, 0, false, "cert list",                                      \
		"certificates and lists: when they run out, and what then",              \
		cert_verb_list)                                                          \
	X("strangers", "", 0, 0, false, "strangers",                                       \
		"the last who were not let in: from where, what they spoke, what to do",  \
		stranger_verb_list)                                                      \
	X("metrics", "", 0, 0, false, "metrics",                                         \
		"all in numbers, in the text format of Prometheus", system_verb_metrics) \
	X("monitor", "", 0, 0, false, "monitor [-n ROUNDS] [-i SECONDS]",                \
		"trunks, calls, rates and alarms, again and again", monitor_verb_sample) \
	X("events", "", 0, 8, false, "events [-n EVENTS] [KEY=VALUE]...",                \
		"what happens, as it happens", event_verb_follow)                        \
	X("trace", "", 0, 4, false,                                                      \
		"trace [--call ID | --number PATTERN | --trunk ID] [--for TIME]",        \
		"the messages of calls, as they pass", trace_verb_follow)                \
	X("report", "protection", 0, 1, false,                                           \
		"report protection [SINCE] [--csv | --html | --sign [--until UNTIL] --to DIR]", \
		"how everything is and was protected; fails where a rule is broken",     \
		report_verb_protection)                                                  \
	X("report", "sign", 0, 2, true, "report sign [SINCE [UNTIL]] [--to DIR]",        \
		"which calls of a time were not protected, signed, and in the log",      \
		report_verb_sign)                                                        \
	X("config", "check", 0, 0, false, "config check",                                \
		"read the configuration files, list every mistake", config_verb_check)   \
	X("config", "diff", 0, 0, false, "config diff",                                  \
		"what a reload would change, and whom; exit code 1: something",          \
		config_verb_diff)                                                        \
	X("config", "reload", 0, 2, true, "config reload [--confirm TIME]",              \
		"take the configuration files into use; with --confirm on trial",        \
		config_verb_reload)                                                      \
	X("config", "confirm", 0, 0, true, "config confirm",                             \
		"keep what a reload with --confirm took into use", config_verb_confirm)  \
	X("counters", "reset", 0, 1, true, "counters reset [ID]",                        \
		"what is counted of trunks and servers begins anew; metrics go on",      \
		counters_verb_reset)                                                     \
	X("log", "level", 0, 2, true, "log level [MODULE] [LEVEL]",                      \
		"show or set the level, of all or of one module",                        \
		log_verb_level)                                                          \
	X("shutdown", "", 0, 1, true, "shutdown [--drain]",                              \
		"end the server; with --drain after its calls", system_verb_shutdown)
/* clang-format on */
