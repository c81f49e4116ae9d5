/* What is said of a bundle: to a person, and to a program. */
#include "audit/export_priv.h"

#include "audit/members.h"
#include "evidence/digest.h"

#include <stdio.h>

/* ---- manifest.json ---- */

static void add_record(struct buf *out, const struct export_record *record)
{
	char text[DIGEST_TEXT_SIZE], name[32];

	buf_add_str(out, out->data[out->len - 1] == '[' ? "{" : ",{");
	snprintf(name, sizeof(name), "%s%s.json", record->name,
		record->masked ? ".masked" : "");
	members_string(out, MEMBER("record"), name);
	snprintf(name, sizeof(name), "%s.proof", record->name);
	members_string(out, MEMBER("proof"), name);
	members_uint(out, MEMBER("index"), record->index);
	members_bool(out, MEMBER("masked"), record->masked);
	members_string(out, MEMBER("leaf"), digest_text(&record->leaf, text));
	buf_add_char(out, '}');
}

static void add_file(struct buf *out, const struct export_file *file)
{
	char blocks[OUTPUTS_NAME_SIZE + 8];

	buf_add_str(out, out->data[out->len - 1] == '[' ? "{" : ",{");
	members_string(out, MEMBER("name"), file->name);
	members_string(out, MEMBER("given"), file->result.given);
	members_text(out, MEMBER("why"), file->result.why);
	snprintf(blocks, sizeof(blocks), "%s.blocks", file->name);
	members_string(out, MEMBER("blocks"), file->has_blocks ? blocks : "");
	members_uint(out, MEMBER("shown"), file->result.shown);
	members_uint(out, MEMBER("masked"), file->result.masked);
	members_uint(out, MEMBER("withheld"), file->result.withheld);
	buf_add_char(out, '}');
}

/* What the bundle does not prove by itself. */
static void add_limits(const struct export *export, struct buf *out)
{
	members_name(out, MEMBER("not_proved"));
	buf_add_char(out, '[');
	if (export->hide_numbers) {
		members_value(out,
			"A record or block that is masked is not what was recorded: that "
			"the letters and digits which are not x are the recorded ones is "
			"said by whoever made this bundle. Its salt is hidden, too. Its "
			"hash is that of what was "
			"recorded, and whoever is shown that can compare.");
		buf_add_char(out, ',');
	}
	if (export->only_sip) {
		members_value(out,
			"What blocks that are withheld hold. Their number and place are "
			"proved.");
		buf_add_char(out, ',');
	}
	members_value(out,
		"When the call was, beyond what the server's clock said, unless "
		"somebody else stamped the checkpoint.");
	buf_add_char(out, ']');
}

void export_manifest(const struct export *export, struct buf *out)
{
	buf_add_char(out, '{');
	members_uint(out, MEMBER("v"), 1);
	members_string(out, MEMBER("call"), export->call);
	members_string(out, MEMBER("log"), export->log);
	members_string(out, MEMBER("made"), export->made);
	members_string(out, MEMBER("by"), export->who);
	members_string(out, MEMBER("for"), export->recipient);
	members_bool(out, MEMBER("only_sip"), export->only_sip);
	members_bool(out, MEMBER("hide_numbers"), export->hide_numbers);
	members_name(out, MEMBER("records"));
	buf_add_char(out, '[');
	for (unsigned i = 0; i < export->record_count; i++)
		add_record(out, &export->records[i]);
	buf_add_char(out, ']');
	members_name(out, MEMBER("files"));
	buf_add_char(out, '[');
	for (unsigned i = 0; i < export->file_count; i++)
		add_file(out, &export->files[i]);
	buf_add_char(out, ']');
	add_limits(export, out);
	buf_add_str(out, "}\n");
}

/* ---- README ---- */

/* Steps of a shell, that need openssl and coreutils alone. */
static const char tools[] =
	"    t=$(mktemp -d); fail() { echo \"WRONG: $*\"; wrong=1; }\n"
	"    unhex() { printf %s \"$1\" | tr a-f A-F | basenc -d --base16; }\n"
	"    sum() { sha256sum | cut -c1-64; }\n"
	"    node() { { printf '\\1'; unhex $1; unhex $2; } | sum; }\n"
	"    leaf() { { printf '\\0'; cat; } | sum; }\n"
	"    log=${KEY%%+*}; key=${KEY#*+}; key=${key#*+}\n"
	"    { printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'\n"
	"      echo \"$key\" | base64 -d | tail -c 32; } >$t/key\n"
	"    prove() { # HASH PROOF (c2sp.org/tlog-proof): the hash is in the tree, "
	"whose root the key signed\n"
	"      { read -r v; read -r w n; p=; while read -r h && [ \"$h\" ]; do p=\"$p "
	"$h\"; done\n"
	"        while IFS= read -r l && [ \"$l\" ]; do printf '%s\\n' \"$l\"; done "
	">$t/text\n"
	"        : >$t/sig; while read -r dash who s; do\n"
	"          [ \"$who\" = \"$log\" ] && echo \"$s\" | base64 -d | tail -c 64 "
	">$t/sig; done; } <\"$2\"\n"
	"      { read -r who; read -r size; read -r root; } <$t/text\n"
	"      r=$1 fn=$n sn=$((size - 1))\n"
	"      for h in $p; do\n"
	"        h=$(echo $h | base64 -d | basenc --base16 -w 0)\n"
	"        if [ $((fn & 1)) = 1 ] || [ $fn = $sn ]; then\n"
	"          r=$(node $h $r)\n"
	"          while [ $((fn & 1)) = 0 ] && [ $fn != 0 ]; do fn=$((fn >> 1)) "
	"sn=$((sn >> 1)); done\n"
	"        else r=$(node $r $h); fi\n"
	"        fn=$((fn >> 1)) sn=$((sn >> 1))\n"
	"      done\n"
	"      [ $sn = 0 ] && [ \"$(unhex $r | base64)\" = \"$root\" ] || fail \"$2: not "
	"in the tree\"\n"
	"      [ \"$who\" = \"$log\" ] && openssl pkeyutl -verify -rawin -in $t/text "
	"-sigfile $t/sig -pubin \\\n"
	"        -keyform DER -inkey $t/key >$t/out 2>&1 || fail \"$2: not signed by "
	"KEY\"\n"
	"    }\n";

static void add_sums(struct buf *out)
{
	buf_add_str(out, "1. Every file is what was given to you: the sum of the list of "
			 "sums is in "
			 "export.json, a record of the log.\n\n"
			 "    sha256sum --quiet --strict -c SHA256SUMS || fail files\n"
			 "    case $(cat export.json) in *\\\"sums\\\":\\\"$(sum "
			 "<SHA256SUMS)\\\"*) ;; *) fail SHA256SUMS;; esac\n"
			 "    prove $(leaf <export.json) export.proof\n\n");
}

static void add_proof(
	const struct export_record *record, const char *end, struct buf *out)
{
	char text[DIGEST_TEXT_SIZE];

	if (record->masked)
		buf_printf(out, "    prove %s %s%s\n", digest_text(&record->leaf, text),
			record->name, end);
	else
		buf_printf(out, "    prove $(leaf <%s.json) %s%s\n", record->name,
			record->name, end);
}

/* Such a proof ends with the checkpoint that was stamped. */
static void add_stamped_proofs(const struct export *export, struct buf *out)
{
	if (!export->has_stamp)
		return;
	buf_add_str(out, "    c=$(stat -c %s stamp.checkpoint)\n");
	for (unsigned i = 0; i < export->record_count; i++) {
		add_proof(&export->records[i], ".stamped.proof", out);
		buf_printf(out,
			"    [ $(tail -c $c %s.stamped.proof | sum) = $(sum "
			"<stamp.checkpoint) ] || fail %s.stamped.proof\n",
			export->records[i].name, export->records[i].name);
	}
}

static void add_proofs(const struct export *export, struct buf *out)
{

	buf_add_str(out, "2. The records are in the log");
	buf_add_str(out, export->hide_numbers
				 ? "; of one that is masked this is its hash.\n\n"
				 : ".\n\n");
	for (unsigned i = 0; i < export->record_count; i++)
		add_proof(&export->records[i], ".proof", out);
	add_stamped_proofs(export, out);
	buf_add_char(out, '\n');
}

/* A file with a tree: its root is in a record, and each block that is shown has its hash. */
static void add_blocks(struct buf *out, const struct export_file *file)
{
	buf_printf(out,
		"    l=$(cut -c1-64 %s.blocks); while [ $(echo \"$l\" | wc -l) -gt 1 ]; "
		"do\n"
		"      l=$(echo \"$l\" | while read -r a; do read -r b && node $a $b || "
		"echo $a; done); done\n"
		"    case $(cat files*.json) in *\\\"root\\\":\\\"$l\\\"*) ;; *) fail "
		"%s.blocks;; esac\n",
		file->name, file->name);
	if (file->result.shown == 0)
		return;
	buf_printf(out,
		"    while read -r h how at len; do [ $how != shown ] ||\n"
		"      [ $h = $(tail -c +$((at + 1)) %s | head -c $len | leaf) ] || fail "
		"\"%s at $at\"; done <%s.blocks\n",
		file->name, file->name, file->name);
}

static void add_files(const struct export *export, struct buf *out)
{
	bool part = false;

	if (export->file_count == 0)
		return;
	buf_add_str(out, "3. Captures are those that a record has the sum of");
	for (unsigned i = 0; i < export->file_count; i++)
		part |= strcmp(export->files[i].result.given, "part") == 0;
	buf_add_str(out,
		part ? "; or of a part, each block is a leaf of the tree whose root it "
		       "has (a minute for a thousand).\n\n"
		     : ".\n\n");
	for (unsigned i = 0; i < export->file_count; i++) {
		const struct export_file *file = &export->files[i];

		if (strcmp(file->result.given, "whole") == 0)
			buf_printf(out,
				"    case $(cat files*.json) in "
				"*\\\"sha256\\\":\\\"$(sum "
				"<%s)\\\"*) ;; *) fail %s;; esac\n",
				file->name, file->name);
		else if (strcmp(file->result.given, "part") == 0)
			add_blocks(out, file);
		else
			buf_printf(out, "    # %s is not here: %s\n", file->name,
				file->result.why ? file->result.why : "");
	}
	buf_add_str(out, "    [ \"$wrong\" ] || echo GOOD\n\n");
}

void export_readme(const struct export *export, struct buf *out)
{
	buf_printf(out,
		"What the log %s has of call %s, made on %s%s%s.\n"
		"The log is a tree of records (RFC 6962) whose root its owner signs; who "
		"has a record and its proof needs nothing else.\n"
		"Ask the owner for the log's KEY by another way than you got this by. "
		"Then `tandem-verify bundle --key KEY .`\n"
		"says whether all of it is so. Or by openssl and coreutils alone, in "
		"this "
		"folder, in a shell:\n\n"
		"    KEY='NAME+ID+KEY'\n",
		export->log, export->call, export->made,
		export->recipient[0] ? ", for " : "", export->recipient);
	buf_add_str(out, tools);
	buf_add_char(out, '\n');
	add_sums(out);
	add_proofs(export, out);
	add_files(export, out);
	if (export->file_count == 0)
		buf_add_str(out, "    [ \"$wrong\" ] || echo GOOD\n\n");
	if (export->has_age)
		buf_add_str(out,
			"A file that is encrypted is opened by who has one of its "
			"keys: age -d -i KEYFILE call.pcapng.age >call.pcapng\n");
	if (export->has_certs)
		buf_add_str(out,
			"What the far ends proved themselves by: openssl storeutl -certs "
			"-noout -text call.certs.pem\n");
	if (export->has_stamp)
		buf_add_str(out,
			"An authority for time stamped stamp.checkpoint, and the "
			"*.stamped.proof are by it. When: openssl ts -reply -in "
			"stamp.tsr -text; is it of it:\n"
			"openssl ts -verify -in stamp.tsr -data stamp.checkpoint "
			"-CAfile TSA-CA.pem\n"
			"or tandem-verify bundle --key KEY --tsa-ca TSA-CA.pem .\n");
	if (export->only_sip || export->hide_numbers)
		buf_add_str(out,
			"What is not shown, and what is not proved therefore, is "
			"in manifest.json.\n");
}
