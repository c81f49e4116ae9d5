#include "config/table.h"

#include "config/config.h"

/* The build sets these to the places of the installed tree. */
#ifndef TANDEM_PROFILE_DIR
#define TANDEM_PROFILE_DIR "/usr/share/tandem/gateway-profiles"
#endif
#ifndef TANDEM_STATE_DIR
#define TANDEM_STATE_DIR "/var/lib/tandem"
#endif
#ifndef TANDEM_RUN_DIR
#define TANDEM_RUN_DIR "/run/tandem"
#endif

/* Where a value goes, and how wide it is there. */
#define MEMBER(type, member)                                                             \
	.offset = offsetof(struct type, member),                                         \
	.size = sizeof(((const struct type *)NULL)->member)

#define SECOND 1000ULL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define KIB 1024ULL
#define MIB (1024 * KIB)

#define ALL_SUITES                                                                       \
	"AEAD_AES_256_GCM, AEAD_AES_128_GCM, AES_256_CM_HMAC_SHA1_80, "                  \
	"AES_CM_128_HMAC_SHA1_80, AES_256_CM_HMAC_SHA1_32, AES_CM_128_HMAC_SHA1_32"

/* Each in the order of its enum in config.h. */
static const char *const transports[] = {"udp", "tcp", NULL};
static const char *const srtp_words[] = {"required", "optional", "off", NULL};
static const char *const capture_media_words[] = {"received", "both", NULL};
static const char *const audit_words[] = {"off", "signalling", "full", NULL};
static const char *const hep_calls_words[] = {"all", "captured", NULL};
static const char *const capture_format_words[] = {"pcapng", "pcap", NULL};
static const char *const hold_words[] = {"pass", "sendonly", "inactive", NULL};
static const char *const roc_words[] = {"reset", "keep", NULL};
static const char *const t38_words[] = {"refuse", "relay", NULL};
static const char *const dtmf_words[] = {"rfc4733", "info", NULL};
static const char *const reliable_words[] = {
	"accept", "offer", "require", "refuse", NULL};
/* Of [register] called-number. */
static const char *const called_words[] = {
	"auto", "request-uri", "to", "p-called-party-id", NULL};
static const char *const reason_words[] = {"pass", "make", "drop", NULL};
static const char *const calls_to_words[] = {"other", "gateways", "servers", NULL};
static const char *const delayed_offer_words[] = {"pass", "make", NULL};
static const char *const wildcard_words[] = {"no", "one-label", NULL};
static const char *const eku_words[] = {"either", "strict", NULL};
static const char *const mutual_words[] = {"lax", "strict", NULL};
static const char *const revocation_words[] = {"hard", "soft", "staple", NULL};
static const char *const tls_words[] = {"no", "observe", "yes", NULL};
static const char *const tls_min_words[] = {"1.0", "1.1", "1.2", "1.3", NULL};
static const char *const ciphers_words[] = {"modern", "compatible", "legacy", NULL};
static const char *const demand_words[] = {"no", "digest", NULL};
static const char *const algorithm_words[] = {"sha-512-256", "sha-256", "md5", NULL};
static const char *const io_words[] = {"auto", "sockets", "io_uring", "steer", NULL};
static const char *const fips_words[] = {"off", "required", NULL};
static const char *const sandbox_words[] = {"no", "yes", "required", NULL};
#include "config/table_words.def"

/* Words that read better than 0. */
static const char *const auto_word[] = {"auto", NULL};
static const char *const unlimited_word[] = {"unlimited", NULL};
static const char *const off_word[] = {"off", NULL};
static const char *const burst_word[] = {"max-rate", NULL};

const struct schema_key schema_table[] = {
	/* [tandem] */
	{
		.section = SCHEMA_TANDEM,
		.name = "fqdn",
		.type = SCHEMA_FQDN,
		MEMBER(config, tandem.fqdn),
		.help = "The host name in our Via and Contact; our certificates must "
			"have "
			"it.",
	},
	{
		.section = SCHEMA_TANDEM,
		.name = "state-dir",
		.type = SCHEMA_FILE,
		MEMBER(config, tandem.state_dir),
		.fallback = TANDEM_STATE_DIR,
		.at_start = true,
		.help = "Where call records and audit files are kept.",
	},
	{
		.section = SCHEMA_TANDEM,
		.name = "run-dir",
		.type = SCHEMA_FILE,
		MEMBER(config, tandem.run_dir),
		.fallback = TANDEM_RUN_DIR,
		.at_start = true,
		.help = "Where the control socket, the process id and what a killed "
			"process leaves to the next one are: "
			"records that wait for the disk, calls that stand. Calls wait "
			"for no disk where it is on a memory "
			"file system, as /run is.",
	},
	{
		.section = SCHEMA_TANDEM,
		.name = "gateway-dir",
		.type = SCHEMA_FILE,
		MEMBER(config, tandem.gateway_dir),
		.fallback = "gateways.d",
		.help = "Where the files of the gateways are.",
	},
	{
		.section = SCHEMA_TANDEM,
		.name = "profile-dir",
		.type = SCHEMA_FILE,
		MEMBER(config, tandem.profile_dir),
		.fallback = TANDEM_PROFILE_DIR,
		.help = "Where the profiles are that gateways inherit from.",
	},
	{
		.section = SCHEMA_TANDEM,
		.name = "user",
		.type = SCHEMA_ID,
		MEMBER(config, tandem.user),
		.fallback = "",
		.at_start = true,
		.help = "The user to become when started as root. All files are read "
			"and made with his rights; ports below 1024 are opened all "
			"the same.",
	},
	{
		.section = SCHEMA_TANDEM,
		.name = "admin-group",
		.type = SCHEMA_ID,
		MEMBER(config, tandem.admin_group),
		.fallback = "",
		.at_start = true,
		.help = "The group whose members may use tandemctl, beside root and "
			"user. Not set: tandem-admin, where there is such a group.",
	},
	{
		.section = SCHEMA_TANDEM,
		.name = "dns-server",
		.type = SCHEMA_LISTEN,
		MEMBER(config, tandem.dns_server),
		.fallback = "",
		.at_start = true,
		.help = "The DNS server to ask, instead of those of /etc/resolv.conf; "
			"read at "
			"start.",
	},
	{
		.section = SCHEMA_TANDEM,
		.name = "fips",
		.type = SCHEMA_ENUM,
		MEMBER(config, tandem.fips),
		.words = fips_words,
		.fallback = "off",
		.at_start = true,
		.help = "required: TLS and SRTP use approved algorithms only, and the "
			"start "
			"is refused where GnuTLS is not in FIPS 140 mode.",
	},
	{
		.section = SCHEMA_TANDEM,
		.name = "log-numbers",
		.type = SCHEMA_BOOL,
		MEMBER(config, tandem.log_numbers),
		.fallback = "no",
		.help = "Whether the log has the numbers of callers and called parties "
			"whole. Otherwise all but their last three digits are *. A "
			"reload "
			"changes it for calls in progress too. Records have whole "
			"numbers in any case.",
	},
	{
		.section = SCHEMA_TANDEM,
		.name = "sandbox",
		.type = SCHEMA_ENUM,
		MEMBER(config, tandem.sandbox),
		.words = sandbox_words,
		.fallback = "yes",
		.at_start = true,
		.help = "yes: once started, the server reaches only the files that it "
			"needs (Landlock), makes only the system calls that it needs "
			"(seccomp), and executes nothing; read at start. required: "
			"the start is refused where the kernel has not both.",
	},
	{
		.section = SCHEMA_TANDEM,
		.name = "token-dir",
		.type = SCHEMA_FILE,
		MEMBER(config, tandem.token_dir),
		.fallback = "",
		.at_start = true,
		.help = "A folder that the sandbox leaves writable for a PKCS#11 "
			"token, which keeps its objects and locks in files: "
			"directories.tokendir of SoftHSM.",
	},

	/* [internal] */
	{
		.section = SCHEMA_INTERNAL,
		.name = "listen",
		.type = SCHEMA_LISTEN,
		MEMBER(config, internal.listen),
		.fallback = "0.0.0.0:5061",
		.at_start = true,
		.help = "Where servers connect; always mutual TLS.",
	},
	{
		.section = SCHEMA_INTERNAL,
		.name = "certificate",
		.type = SCHEMA_FILE,
		MEMBER(config, internal.tls.certificate),
		.help = "Our certificate toward servers: a PEM file, its issuers after "
			"it.",
	},
	{
		.section = SCHEMA_INTERNAL,
		.name = "key",
		.type = SCHEMA_KEY,
		MEMBER(config, internal.tls.key),
		.help = "Its private key: a PEM file or a pkcs11: URI.",
	},
	{
		.section = SCHEMA_INTERNAL,
		.name = "trust",
		.type = SCHEMA_FILE,
		MEMBER(config, internal.tls.trust),
		.help = "A PEM file of the authorities that may certify a server.",
	},
	{
		.section = SCHEMA_INTERNAL,
		.name = "crl",
		.type = SCHEMA_FILE,
		MEMBER(config, internal.tls.crl),
		.fallback = "",
		.help = "A PEM file of their revocation lists.",
	},
#define ROW_SECTION SCHEMA_INTERNAL
#define ROW_OWNER config
#define ROW_TLS internal.tls
#include "config/table_certs.def"
#undef ROW_SECTION
#undef ROW_OWNER
#undef ROW_TLS
	{
		.section = SCHEMA_INTERNAL,
		.name = "suites",
		.type = SCHEMA_SUITES,
		MEMBER(config, internal.suites),
		.fallback = ALL_SUITES,
		.help = "The SRTP suites that we accept from servers.",
	},

	/* [external] */
	{
		.section = SCHEMA_EXTERNAL,
		.name = "udp",
		.type = SCHEMA_LISTEN,
		MEMBER(config, external.udp),
		.fallback = "",
		.at_start = true,
		.help = "Where gateways reach us over UDP.",
	},
	{
		.section = SCHEMA_EXTERNAL,
		.name = "tcp",
		.type = SCHEMA_LISTEN,
		MEMBER(config, external.tcp),
		.fallback = "",
		.at_start = true,
		.help = "Where gateways reach us over TCP.",
	},
	{
		.section = SCHEMA_EXTERNAL,
		.name = "tls",
		.type = SCHEMA_LISTEN,
		MEMBER(config, external.tls_listen),
		.fallback = "",
		.at_start = true,
		.help = "Where gateways reach us over TLS.",
	},
	{
		.section = SCHEMA_EXTERNAL,
		.name = "certificate",
		.type = SCHEMA_FILE,
		MEMBER(config, external.tls.certificate),
		.fallback = "",
		.help = "Our certificate toward gateways: a PEM file, its issuers after "
			"it.",
	},
	{
		.section = SCHEMA_EXTERNAL,
		.name = "key",
		.type = SCHEMA_KEY,
		MEMBER(config, external.tls.key),
		.fallback = "",
		.help = "Its private key: a PEM file or a pkcs11: URI.",
	},
	{
		.section = SCHEMA_EXTERNAL,
		.name = "trust",
		.type = SCHEMA_FILE,
		MEMBER(config, external.tls.trust),
		.fallback = "",
		.help = "A PEM file of the authorities that may certify a gateway.",
	},
	{
		.section = SCHEMA_EXTERNAL,
		.name = "crl",
		.type = SCHEMA_FILE,
		MEMBER(config, external.tls.crl),
		.fallback = "",
		.help = "A PEM file of their revocation lists.",
	},
#define ROW_SECTION SCHEMA_EXTERNAL
#define ROW_OWNER config
#define ROW_TLS external.tls
#include "config/table_certs.def"
#undef ROW_SECTION
#undef ROW_OWNER
#undef ROW_TLS

	/* [media] */
	{
		.section = SCHEMA_MEDIA,
		.name = "internal-address",
		.type = SCHEMA_ADDRS,
		MEMBER(config, media.internal),
		.at_start = true,
		.help = "The address of this machine that media of servers uses: IPv4, "
			"IPv6, or one of each. With both, a call's media has the family "
			"of "
			"its far end.",
	},
	{
		.section = SCHEMA_MEDIA,
		.name = "external-address",
		.type = SCHEMA_ADDRS,
		MEMBER(config, media.external),
		.at_start = true,
		.help = "The address of this machine that media of gateways uses, as for "
			"internal-address.",
	},
	{
		.section = SCHEMA_MEDIA,
		.name = "internal-advertise-address",
		.type = SCHEMA_ADDRS,
		MEMBER(config, media.internal_advertise),
		.fallback = "",
		.help = "The address that SDP toward servers shows instead, where they "
			"reach us through NAT.",
	},
	{
		.section = SCHEMA_MEDIA,
		.name = "external-advertise-address",
		.type = SCHEMA_ADDRS,
		MEMBER(config, media.external_advertise),
		.fallback = "",
		.help = "The address that SDP toward gateways shows instead, where they "
			"reach us through NAT.",
	},
	{
		.section = SCHEMA_MEDIA,
		.name = "ports",
		.type = SCHEMA_RANGE,
		.offset = offsetof(struct config, media.port_min),
		.size = 2 * sizeof(uint16_t),
		.min = 1024,
		.max = 65535,
		.fallback = "16384-32767",
		.at_start = true,
		.help = "The UDP ports for media; a stream takes two, on each side.",
	},
	{
		.section = SCHEMA_MEDIA,
		.name = "dscp",
		.type = SCHEMA_DSCP,
		MEMBER(config, media.dscp),
		.fallback = "EF",
		.at_start = true,
		.help = "How our media packets are marked for the network (RFC 2474).",
	},
	{
		.section = SCHEMA_MEDIA,
		.name = "workers",
		.type = SCHEMA_UINT,
		MEMBER(config, media.workers),
		.max = 256,
		.unit = "",
		.words = auto_word,
		.fallback = "auto",
		.at_start = true,
		.help = "How many threads relay media; auto is one for each processor "
			"core.",
	},
	{
		.section = SCHEMA_MEDIA,
		.name = "io",
		.type = SCHEMA_ENUM,
		MEMBER(config, media.io),
		.words = io_words,
		.fallback = "auto",
		.at_start = true,
		.help = "How packets are received and sent. sockets: one for each port; "
			"io_uring: the same in batches, Linux 6.1; steer: one socket for "
			"all ports, by BPF, which needs CAP_BPF, CAP_NET_ADMIN and "
			"CAP_NET_RAW at the start. auto: the last of these that is "
			"allowed. "
			"One that is named and not allowed refuses the start.",
	},
	{
		.section = SCHEMA_MEDIA,
		.name = "tick",
		.type = SCHEMA_DURATION,
		MEMBER(config, media.tick_us),
		.max = 20000,
		.unit = "us",
		.fallback = "1ms",
		.at_start = true,
		.help = "The longest time that a busy worker may delay a packet in order "
			"to "
			"send several at once; 0: no delay.",
	},
	{
		.section = SCHEMA_MEDIA,
		.name = "timeout",
		.type = SCHEMA_DURATION,
		MEMBER(config, media.timeout_ms),
		.min = SECOND,
		.max = DAY,
		.unit = "ms",
		.fallback = "60s",
		.help = "An active call is ended when a side that should send is silent "
			"for "
			"this time, RTCP included.",
	},
	{
		.section = SCHEMA_MEDIA,
		.name = "hold-timeout",
		.type = SCHEMA_DURATION,
		MEMBER(config, media.hold_timeout_ms),
		.min = SECOND,
		.max = DAY,
		.unit = "ms",
		.fallback = "15m",
		.help = "The same for a call on hold.",
	},

#include "config/table_audit.def"
#include "config/table_hep.def"
#include "config/table_sink.def"
	/* [limits] */
	{
		.section = SCHEMA_LIMITS,
		.name = "max-calls",
		.type = SCHEMA_UINT,
		MEMBER(config, limits.calls.max_calls),
		.min = 1,
		.max = 1000000,
		.unit = "",
		.fallback = "10000",
		.help = "Calls at once; further ones are answered 503.",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "max-early",
		.type = SCHEMA_UINT,
		MEMBER(config, limits.calls.max_early),
		.max = 1000000,
		.unit = "",
		.words = unlimited_word,
		.word_number = CONFIG_UNLIMITED,
		.fallback = "unlimited",
		.help = "Calls at once that are not answered yet; further ones are "
			"answered "
			"503.",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "max-rate",
		.type = SCHEMA_UINT,
		MEMBER(config, limits.calls.max_rate),
		.min = 1,
		.max = 100000,
		.unit = "",
		.words = unlimited_word,
		.word_number = CONFIG_UNLIMITED,
		.fallback = "unlimited",
		.help = "Calls that begin in a second; further ones are answered 503 "
			"with the "
			"time after which one more fits.",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "max-rate-burst",
		.type = SCHEMA_UINT,
		MEMBER(config, limits.calls.burst),
		.min = 1,
		.max = 100000,
		.unit = "",
		.words = burst_word,
		.fallback = "max-rate",
		.help = "How many calls may begin at once when there were fewer before. "
			"max-rate: as many as in a second.",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "max-connections",
		.type = SCHEMA_UINT,
		MEMBER(config, limits.max_connections),
		.min = 1,
		.max = 1000000,
		.unit = "",
		.fallback = "2000",
		.at_start = true,
		.help = "TCP and TLS connections at once that others opened, on each "
			"side. Beyond that, where one address has more than eight, the "
			"one of its that has been unused for longest is closed.",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "max-handshakes",
		.type = SCHEMA_UINT,
		MEMBER(config, limits.max_handshakes),
		.min = 1,
		.max = 100000,
		.unit = "",
		.fallback = "1000",
		.at_start = true,
		.help = "TLS handshakes in progress at once that others began. Beyond "
			"that, "
			"the oldest one from the address with most of them is ended, "
			"once "
			"it is a second old.",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "handshake-timeout",
		.type = SCHEMA_DURATION,
		MEMBER(config, limits.handshake_ms),
		.min = 100,
		.max = 5 * MINUTE,
		.unit = "ms",
		.fallback = "5s",
		.at_start = true,
		.help = "A TLS handshake that takes longer is ended.",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "idle-timeout",
		.type = SCHEMA_DURATION,
		MEMBER(config, limits.idle_ms),
		.min = SECOND,
		.max = DAY,
		.unit = "ms",
		.fallback = "10m",
		.at_start = true,
		.help = "A connection without a call and without traffic is closed after "
			"this time.",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "queue-size",
		.type = SCHEMA_SIZE,
		MEMBER(config, limits.queue_bytes),
		.min = 64 * KIB,
		.max = 64 * MIB,
		.unit = "bytes",
		.fallback = "256k",
		.at_start = true,
		.help = "A connection is closed when this much output waits for a peer "
			"that "
			"does not read.",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "setup-timeout",
		.type = SCHEMA_DURATION,
		MEMBER(config, limits.setup_ms),
		.min = SECOND,
		.max = HOUR,
		.unit = "ms",
		.fallback = "180s",
		.help = "A call that is not answered ends after this time (Timer C).",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "max-duration",
		.type = SCHEMA_DURATION,
		MEMBER(config, limits.calls.duration_ms),
		.max = 30 * DAY,
		.unit = "ms",
		.words = unlimited_word,
		.fallback = "unlimited",
		.help = "The longest that an answered call may last.",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "drain-timeout",
		.type = SCHEMA_DURATION,
		MEMBER(config, limits.drain_ms),
		.max = DAY,
		.unit = "ms",
		.fallback = "30s",
		.help = "On shutdown, how long calls may go on before they are ended.",
	},
	{
		.section = SCHEMA_LIMITS,
		.name = "overload",
		.type = SCHEMA_DURATION,
		MEMBER(config, limits.overload_ms),
		.min = 10,
		.max = MINUTE,
		.unit = "ms",
		.fallback = "200ms",
		.help = "New calls are refused with 503 while the server has had no idle "
			"moment for this time.",
	},

#include "config/table_emergency.def"

	/* [sip] */
	{
		.section = SCHEMA_SIP,
		.name = "t1",
		.type = SCHEMA_DURATION,
		MEMBER(config, sip.t1_ms),
		.min = 10,
		.max = 10 * SECOND,
		.unit = "ms",
		.fallback = "500ms",
		.at_start = true,
		.help = "The estimate of the round trip (RFC 3261, T1).",
	},
	{
		.section = SCHEMA_SIP,
		.name = "t2",
		.type = SCHEMA_DURATION,
		MEMBER(config, sip.t2_ms),
		.min = 10,
		.max = MINUTE,
		.unit = "ms",
		.fallback = "4s",
		.at_start = true,
		.help = "The longest time between repetitions (RFC 3261, T2).",
	},
	{
		.section = SCHEMA_SIP,
		.name = "t4",
		.type = SCHEMA_DURATION,
		MEMBER(config, sip.t4_ms),
		.min = 10,
		.max = MINUTE,
		.unit = "ms",
		.fallback = "5s",
		.at_start = true,
		.help = "How long a message may stay in the network (RFC 3261, T4).",
	},
	{
		.section = SCHEMA_SIP,
		.name = "dscp",
		.type = SCHEMA_DSCP,
		MEMBER(config, sip.dscp),
		.fallback = "CS0",
		.at_start = true,
		.help = "How our signalling is marked for the network. CS0: not marked; "
			"CS3 is usual where it is marked.",
	},

#include "config/table_gateway.def"
#include "config/table_register.def"
#include "config/table_server.def"
};

const size_t schema_table_count = sizeof(schema_table) / sizeof(schema_table[0]);

_Static_assert(sizeof(schema_table) / sizeof(schema_table[0]) <= SCHEMA_MAX_KEYS,
	"raise SCHEMA_MAX_KEYS");
/* SCHEMA_RANGE stores two ports side by side. */
_Static_assert(offsetof(struct config, media.port_max) ==
		       offsetof(struct config, media.port_min) + sizeof(uint16_t),
	"port_max follows port_min");
