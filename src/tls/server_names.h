/*
 * Which certificate of ours is presented to whoever connects, and who may be there then, by the server name
 * that the far end asks for (RFC 6066 3). One side has the certificate that is common to all, and
 * further ones that belong to single peers. Immutable once filled. Loop thread.
 *
 * In this order:
 *	1. the name by which a peer knows us, its contact-host: that peer's certificate, and that
 *	   peer alone may be there (or those that know us by the same name);
 *	2. a name in the common certificate: that one, for everybody;
 *	3. a name in a peer's own certificate: that one, for the peers that have it;
 *	4. and 5. the same two for wildcards of one label;
 *	6. none of these, or no name asked for: the common certificate, for everybody.
 * So nobody is shut out who asks for no name, and who asks for the name of a peer is that peer or is
 * refused.
 */
#pragma once

#include "tls/cred.h"

struct server_names;

/* Without peers. A reference to COMMON (may be NULL) is taken. 0 or -ENOMEM. */
int server_names_new(struct server_names **ret, struct cred *common);
void server_names_free(struct server_names *names); /* NULL is fine */

/*
 * A peer has OWN (NULL: the common certificate) and knows us as HOST (NULL: as everybody does). A
 * reference to OWN is taken. 0; ERR_STATE where another peer knows us as HOST and has another
 * certificate: who asks for that name could be either; -ENOMEM.
 */
int server_names_add(struct server_names *names, const char *host, struct cred *own);

/* What is presented to who asks for NAME ("": for none); borrowed, NULL: the common one. */
struct cred *server_names_cred(const struct server_names *names, const char *name);
/* Whether a peer with OWN and HOST, as they were added, may be there when NAME was asked for. */
bool server_names_admit(const struct server_names *names, const char *name,
	const char *host, const struct cred *own);
