/*
 * Verbs that tandemctl does by itself, as those of the server in admin/verb_list.h: noun, verb, fewest and
 * most arguments, usage, help. Each has a row in `runs` of ctl.c too.
 */
#pragma once

/* clang-format off */
#define LOCAL_LIST(X)                                                                    \
	X("help", "", 0, 2, "help [NOUN [VERB] | event [NAME]]",                         \
		"how a command is used; what a line of the log means")                   \
	X("route", "replay", 0, 0,                                                       \
		"route replay [--since TIME] [--config DIR] [--current DIR] [--rows N | --all]", \
		"past calls through another configuration: what would differ")           \
	X("wire", "capture", 0, 0,                                                      \
		"wire capture --for TIME [--trunk ID] [--filter EXPR] [--interface NAME] " \
		"[--size MB] [--files N]",                                               \
		"what passes an interface, with the secrets that open it")               \
	X("wire", "export", 1, 1,                                                        \
		"wire export FOLDER --to FILE [--keys FILE] [--media] [--media-keys FILE] " \
		"[--call ID]",                                                           \
		"such a capture and its secrets as one file that Wireshark opens")
/* clang-format on */
