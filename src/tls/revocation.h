/*
 * Whether a chain that leads to an anchor was revoked: by the lists that the peer's
 * configuration names, and by the OCSP responses that came with it. Loop thread.
 */
#pragma once

#include "tls/chain.h"

/*
 * PEER_OK, or the rule that refuses CHAIN, with the verdict's detail. PATH is the part of it
 * that leads to an anchor; nobody else may say what was revoked. Lowers the verdict's
 * until to when the answer expires, and says in let_go what MODE let pass.
 */
enum peer_rule revocation_judge(const struct chain *chain, const struct chain *path,
	const struct trust *trust, enum peer_revocation mode,
	struct peer_verdict *verdict);
