/* `wire export`: a capture on the wire and its secrets in one file, as pcapng with a Decryption Secrets Block
 * (draft-ietf-opsawg-pcapng 4.7), which Wireshark opens in clear. tandemctl's only thread. */
#pragma once

#include "ctl/command.h"
#include "ctl/session.h"

/* An exit code. */
int wire_export(
	const struct session *session, const struct command *command, char *const *args);
