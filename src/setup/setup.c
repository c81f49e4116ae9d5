#include "setup/ask.h"
#include "setup/cert_lab.h"
#include "setup/cert_request.h"
#include "setup/layout.h"
#include "setup/place.h"
#include "setup/program.h"
#include "setup/verb_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	OPTION_SET = PLAN_FIELDS,
	OPTION_DIR,
	OPTION_SHARE,
	OPTION_YES,
	OPTION_DRY_RUN,
	OPTIONS,
};

static const struct args_option options[] = {
	PLAN_OPTIONS,
	[OPTION_SET] = {"set", "SECTION.KEY=VALUE", true,
		"a further setting; server is the PBX, gateway the trunk; repeats"},
	[OPTION_DIR] = {"dir", "DIR", false, "where to write (" TANDEM_SYSCONFDIR ")"},
	[OPTION_SHARE] = {"share", "DIR", false, "templates and profiles are there"},
	[OPTION_YES] = {"yes", NULL, false,
		"ask nothing; take defaults for what has one"},
	[OPTION_DRY_RUN] = {"dry-run", NULL, false, "show, and write nothing"},
	[OPTIONS] = {NULL, NULL, false, NULL},
};

static const struct args_verb verb = {.usage = "setup",
	.what = "Makes a first configuration: tandem.conf, one trunk in gateways.d, "
		"certificates,\n"
		"and what the PBX and the trunk need on their side. Asks for what no "
		"option says.\n"
		"Nothing that is there is replaced; all files appear together, or none.\n"
		"\n"
		"  tandemctl setup --fqdn med1.example.com --pbx "
		"asterisk:pbx1.example.com \\\n"
		"      --trunk carrier:carrier-a:sbc.carrier.example --certificates "
		"request --yes",
	.options = options};

struct setup {
	const struct args_values *given;
	struct sides sides;
	struct plan plan;
	struct layout layout;
	struct place place;
};

/* --- what there will be */

static int refuse_second(const struct setup *setup, struct err_text *text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.*s/tandem.conf", PATH_MAX - 64, setup->sides.dir);
	if (!sides_has_file(path))
		return 0;
	return err_set(text, -EEXIST,
		"%s is there: setup makes a first configuration only. Change it by hand "
		"(tandem.conf(5)); a further trunk is a file in gateways.d "
		"(tandem-gateway(5)); or move the folder away, or give another --dir",
		path);
}

/* The files of a folder of certificates, in the place of our own. */
static void use_folder(struct setup *setup)
{
	for (int i = 0; i < SIDES_COUNT; i++) {
		struct sides_files *files = &setup->sides.of[i];
		const char *folder = setup->plan.certificate_folder;
		const char *side = sides_names[i];

		snprintf(files->certificate, PATH_MAX, "%.*s/%s.pem", PATH_MAX - 64,
			folder, side);
		snprintf(
			files->key, PATH_MAX, "%.*s/%s.key", PATH_MAX - 64, folder, side);
		snprintf(files->trust, PATH_MAX, "%.*s/%s-ca.pem", PATH_MAX - 64, folder,
			side);
		snprintf(
			files->crl, PATH_MAX, "%.*s/%s.crl", PATH_MAX - 64, folder, side);
	}
}

static int make_plan(struct setup *setup, struct err_text *text)
{
	const struct args_values *given = setup->given;
	struct layout_params params = {.plan = &setup->plan,
		.sides = &setup->sides,
		.share = args_value(&given[OPTION_SHARE], NULL),
		.sets = &given[OPTION_SET]};
	int err = layout_check_sets(params.sets, text);

	if (err == 0)
		err = plan_read(&setup->plan, given, given[OPTION_YES].count > 0, text);
	if (err != 0)
		return err;
	if (setup->plan.certificates == PLAN_FOLDER)
		use_folder(setup);
	params.crl = setup->plan.certificates == PLAN_LAB;
	err = layout_make(&setup->layout, &params, text);
	return err == 0 ? layout_check(&setup->layout, &setup->plan, text) : err;
}

/* --- certificates */

static int add_lab(struct setup *setup, struct err_text *text)
{
	const struct plan_peer *const peers[] = {&setup->plan.pbx, &setup->plan.trunk};
	int err = 0;

	for (int i = 0; err == 0 && i < SIDES_COUNT; i++) {
		struct cert_lab_peers names = {.count = 0, .rsa = peers[i]->kind->rsa};

		if (!peers[i]->kind->own_certificates)
			names.names[names.count++] = peers[i]->host;
		err = cert_lab_add(&setup->place, &setup->sides, (enum sides_side)i,
			setup->plan.fqdn, &names, text);
	}
	return err;
}

static int add_requests(struct setup *setup, struct err_text *text)
{
	const struct plan_peer *const peers[] = {&setup->plan.pbx, &setup->plan.trunk};
	const char *name = setup->plan.fqdn;
	int err = 0;

	for (int i = 0; err == 0 && i < SIDES_COUNT; i++) {
		struct csr_spec spec = {.names = &name,
			.name_count = 1,
			.key_type = peers[i]->kind->rsa ? CSR_RSA : CSR_ECDSA};

		err = cert_request_add(&setup->place, &setup->sides.of[i], &spec, text);
	}
	return err;
}

/* --- files */

static int add_text(struct setup *setup, const char *name, const struct buf *content,
	enum place_kind kind, struct err_text *text)
{
	char path[PATH_MAX];
	struct buf copy;

	buf_init(&copy, 0);
	buf_add(&copy, content->data, content->len);
	snprintf(path, sizeof(path), "%.*s/%s", PATH_MAX - 128, setup->sides.dir, name);
	return place_add(&setup->place, path, &copy, kind, PLACE_REFUSE, text);
}

static int add_files(struct setup *setup, struct err_text *text)
{
	char name[128];
	int err = 0;

	if (setup->plan.certificates == PLAN_LAB)
		err = add_lab(setup, text);
	else if (setup->plan.certificates == PLAN_REQUEST)
		err = add_requests(setup, text);
	snprintf(name, sizeof(name), "peers/%s.conf", setup->plan.pbx.id);
	if (err == 0)
		err = add_text(setup, name, &setup->layout.pbx_side, PLACE_PUBLIC, text);
	snprintf(name, sizeof(name), "peers/%s.conf", setup->plan.trunk.id);
	if (err == 0)
		err = add_text(
			setup, name, &setup->layout.trunk_side, PLACE_PUBLIC, text);
	snprintf(name, sizeof(name), "gateways.d/%s.conf", setup->plan.trunk.id);
	if (err == 0)
		err = add_text(setup, name, &setup->layout.gateway, PLACE_CONF, text);
	/* The last: with it the configuration is there. */
	if (err == 0)
		err = add_text(
			setup, "tandem.conf", &setup->layout.main, PLACE_CONF, text);
	return err;
}

static void show_text(const char *title, const struct buf *text)
{
	struct span rest = buf_span(text), line;

	printf("\n%s\n\n", title);
	while (rest.len && span_next(&rest, '\n', &line))
		printf("    %.*s\n", SPAN_ARG(line));
}

static void show_files(const struct setup *setup)
{
	printf("\nFiles:\n");
	for (unsigned i = 0; i < setup->place.count; i++)
		printf("  %s\n", setup->place.files[i].path);
}

/* Everything before it is done; whether it is to be. */
static bool agree(struct setup *setup)
{
	char title[PATH_MAX + 128];

	if (setup->given[OPTION_DRY_RUN].count > 0 || ask_possible()) {
		snprintf(title, sizeof(title), "%s/tandem.conf:", setup->sides.dir);
		show_text(title, &setup->layout.main);
		snprintf(title, sizeof(title), "%s/gateways.d/%s.conf:", setup->sides.dir,
			setup->plan.trunk.id);
		show_text(title, &setup->layout.gateway);
	}
	show_files(setup);
	if (setup->given[OPTION_DRY_RUN].count > 0)
		return false;
	if (setup->given[OPTION_YES].count > 0 || !ask_possible())
		return true;
	return ask_yes("\nWrite these files?", true);
}

static int write_files(struct setup *setup, struct err_text *text)
{
	char path[PATH_MAX];
	int err = 0;

	if (setup->layout.run_dir[0]) {
		snprintf(path, sizeof(path), "%.*s/state", PATH_MAX - 64,
			setup->sides.dir);
		err = place_add_folder(&setup->place, path, text);
		if (err == 0)
			err = place_add_folder(
				&setup->place, setup->layout.run_dir, text);
	}
	return err == 0 ? place_commit(&setup->place, text) : err;
}

/* --- and then */

static void say_peer(
	const struct setup *setup, const struct plan_peer *peer, const struct buf *text)
{
	char title[2 * PATH_MAX];

	snprintf(title, sizeof(title),
		"What %s needs (%s; also in %s/peers/%s.conf):", peer->host,
		peer->kind->what, setup->sides.dir, peer->id);
	show_text(title, text);
}

/* The command that starts it, and one to look with. */
static void say_next(const struct setup *setup)
{
	const char *dir = setup->sides.dir;
	bool unit = !setup->layout.run_dir[0] && sides_has_file("/run/systemd/system");

	printf("\nNext:\n");
	if (unit)
		printf("  systemctl enable --now tandemd\n");
	else
		printf("  tandemd -f -c %s/tandem.conf\n", dir);
	if (setup->layout.run_dir[0])
		printf("  tandemctl -s %s/control.sock trunk explain %s\n",
			setup->layout.run_dir, setup->plan.trunk.id);
	else
		printf("  tandemctl trunk explain %s\n", setup->plan.trunk.id);
	printf("  then place a call\n");
}

/* The server's own verdict. False when it is not good. */
static bool verify(const struct setup *setup)
{
	char file[PATH_MAX];
	int code;

	snprintf(file, sizeof(file), "%.*s/tandem.conf", PATH_MAX - 64, setup->sides.dir);
	printf("\nChecked by tandemd -t:\n");
	fflush(stdout);
	code = program_check(file);
	if (code < 0)
		printf("  tandemd was not found, neither beside tandemctl nor in PATH; "
		       "check "
		       "by:\n  tandemd -t -c %s\n",
			file);
	else if (code != 0)
		printf("\nThe files are written, but tandemd would not start with them. "
		       "Mend "
		       "what it says, then:\n  tandemd -t -c %s\n",
			file);
	return code <= 0;
}

/* What works, and is not what somebody wants to find out later. */
static void say_notes(const struct setup *setup)
{
	if (setup->plan.certificates == PLAN_LAB &&
		setup->plan.trunk.kind->own_certificates)
		printf("\nnote: %s accepts no certificate of a lab. Ask a public "
		       "authority:\n"
		       "  tandemctl cert request --dir %s --side external\n",
			setup->plan.trunk.kind->what, setup->sides.dir);
	if (geteuid() == 0 && !place_has_service())
		printf("\nnote: there is no user %s here: the server will be whoever "
		       "starts it. "
		       "The\npackage makes that user; or set [tandem] user.\n",
			PLACE_SERVICE);
}

static int finish(const struct setup *setup)
{
	say_peer(setup, &setup->plan.pbx, &setup->layout.pbx_side);
	say_peer(setup, &setup->plan.trunk, &setup->layout.trunk_side);
	say_notes(setup);
	if (setup->plan.certificates == PLAN_REQUEST) {
		/* Without certificates there is nothing to check yet. */
		cert_request_explain(&setup->sides);
		printf("and whom you trust, for each side:\n"
		       "  tandemctl cert install --dir %s --side internal --trust "
		       "CA-FILE\n"
		       "  tandemctl cert install --dir %s --side external --trust "
		       "CA-FILE\n"
		       "  tandemd -t -c %s/tandem.conf\n",
			setup->sides.dir, setup->sides.dir, setup->sides.dir);
		return 0;
	}
	if (setup->plan.certificates == PLAN_LAB)
		cert_lab_warn(&setup->sides);
	if (!verify(setup))
		return 1;
	say_next(setup);
	return 0;
}

static int run(struct setup *setup, struct err_text *text, bool *ret_written)
{
	int err = refuse_second(setup, text);

	if (err == 0)
		err = make_plan(setup, text);
	if (err == 0)
		err = add_files(setup, text);
	if (err != 0)
		return err;
	if (!agree(setup)) {
		printf("\nNothing was written.\n");
		return 0;
	}
	err = write_files(setup, text);
	*ret_written = err == 0;
	return err;
}

int setup_run(char *const *words, bool *ret_reload)
{
	struct args_values given[OPTIONS + 1];
	struct err_text text = {""};
	static struct setup setup; /* too large for a stack */
	bool written = false;
	int code = 0;
	int err = args_read(&verb, words, given, &text);

	(void)ret_reload;
	if (err > 0)
		return 0;
	setup.given = given;
	place_init(&setup.place);
	if (err == 0) {
		const char *dir = args_value(&given[OPTION_DIR], TANDEM_SYSCONFDIR);

		/* What is there is refused below, in better words than its mistakes'. */
		err = sides_place(&setup.sides, dir, &text);
	}
	if (err == 0)
		err = run(&setup, &text, &written);
	if (err != 0)
		fprintf(stderr, "tandemctl: %s\n", text.text);
	if (err != 0)
		code = err == ERR_FORMAT ? 2 : 1;
	else if (written)
		code = finish(&setup);
	layout_drop(&setup.layout);
	place_free(&setup.place);
	return code;
}
