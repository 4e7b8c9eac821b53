/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "diag.h"
#include "kernel_log.h"
#include "model.h"
#include "options.h"
#include "pins.h"
#include "timing.h"

const struct verb verbs[] = {
	{ "attach", verb_attach, 2, 64,
	  TAKES_MODE | TAKES_NAME | TAKES_NO_WAIT | TAKES_NO_HELPER,
	  "[--mode MODE] [--name CHAIN] [--no-helper] [ALIAS=]IF... FILE",
	  "put a chain on interfaces",
	  "  The chain is called like its first interface, or --name. FILE names the "
	  "interfaces\n"
	  "  by alias or by their own names; '-' is standard input.\n"
	  "  --mode native, generic, or auto: native where the driver can\n"
	  "  --no-helper: do not start galette-slow; an init system does\n" },
	{ "apply", verb_apply, 2, 2, TAKES_MODE | TAKES_NO_WAIT | TAKES_RESET_MAP,
	  "[--mode MODE] [--reset-map MAP]... CHAIN FILE",
	  "change a running chain in one atomic step",
	  "  Maps keep their content; where they no longer fit, --reset-map starts them "
	  "empty.\n"
	  "  --mode native, generic or auto: how interfaces are attached from now on\n" },
	{ "plan", verb_plan, 2, 2, TAKES_EXIT_CODE | TAKES_MODE | TAKES_RESET_MAP,
	  "[--exit-code] [--mode MODE] [--reset-map MAP]... CHAIN FILE",
	  "show what apply would do",
	  "  --exit-code: status 3 when there are changes\n"
	  "  --mode: as of apply\n" },
	{ "check", verb_check, 1, 1, 0, "FILE", "check a chain file, without privilege", "" },
	{ "bundle", verb_bundle, 1, 1, TAKES_OUTPUT | TAKES_ARCH | TAKES_SIGN,
	  "-o BUNDLE [--arch ARCH[,ARCH]] [--sign KEY] FILE",
	  "pack a chain and all it needs into one file",
	  "  Every verb that takes a chain file takes a bundle. -o -: to standard output.\n"
	  "  --arch: machines to run on, amd64 and arm64 (this one); --nf-path names where "
	  "the\n"
	  "  functions for each are.\n"
	  "  --sign: with an ed25519 key of OpenSSH's\n" },
	{ "link", verb_link, 3, 3, TAKES_NO_WAIT, "CHAIN FUNCTION:ACTION TARGET",
	  "lead one action elsewhere, in place",
	  "  TARGET: tx, tx(IF), drop, pass, abort, or a function of the chain, behind '!' "
	  "to run\n"
	  "  it in the slow path. 'rx' or 'rx(IF)' as FUNCTION:ACTION: where packets "
	  "enter.\n" },
	{ "rollback", verb_rollback, 1, 1, TAKES_NO_WAIT, "CHAIN",
	  "make the generation before run again", "" },
	{ "detach", verb_detach, 1, 1, TAKES_NO_WAIT, "CHAIN", "take a chain away", "" },
	{ "show", verb_show, 0, 1, TAKES_SOURCE, "[--source] [CHAIN]",
	  "functions, edges with live counters, maps",
	  "  --source: the chain file that runs, as it was given\n" },
	{ "map", verb_map, 1, 5, 0, "CHAIN [MAP [get KEY | set KEY VALUE | set - | del KEY]]",
	  "read and write a chain's maps",
	  "  CHAIN: its maps. CHAIN MAP: the entries, one 'KEY VALUE' a line, as 'set -' "
	  "reads\n"
	  "  them from standard input.\n" },
	{ "doctor", verb_doctor, 0, 64, 0, "[IF]...",
	  "what this machine can do, and what mends what it cannot",
	  "  Of all interfaces that are up, or of these. Nothing is changed.\n"
	  "  wrong: no chain would run, and the exit status is 1; note: something would be\n"
	  "  slow, or missing. Below it is the command that mends it.\n" },
	{ "help", verb_help, 0, 1, 0, "[VERB]", "this text, or more on a verb", "" },
	{ "version", verb_version, 0, 0, 0, "", "print the version", "" },
	{ 0 },
};

enum {
	OPT_PIN_ROOT = 256,
	OPT_NF_PATH,
	OPT_MODE,
	OPT_NAME,
	OPT_NO_WAIT,
	OPT_RESET_MAP,
	OPT_EXIT_CODE,
	OPT_SOURCE,
	OPT_NO_HELPER,
	OPT_ARCH,
	OPT_SIGN,
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "pin-root", required_argument, NULL, OPT_PIN_ROOT },
	{ "nf-path", required_argument, NULL, OPT_NF_PATH },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "no-wait", no_argument, NULL, OPT_NO_WAIT },
	{ "reset-map", required_argument, NULL, OPT_RESET_MAP },
	{ "exit-code", no_argument, NULL, OPT_EXIT_CODE },
	{ "source", no_argument, NULL, OPT_SOURCE },
	{ "no-helper", no_argument, NULL, OPT_NO_HELPER },
	{ "output", required_argument, NULL, 'o' },
	{ "arch", required_argument, NULL, OPT_ARCH },
	{ "sign", required_argument, NULL, OPT_SIGN },
	{ 0 },
};

const struct verb *verb_find(const char *name)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}

void verb_usage(const struct verb *verb)
{
	printf("galette-pin %s %s\n  %s\n%s", verb->name, verb->arguments, verb->help,
	       verb->more);
}

int verb_version(struct options *options)
{
	printf("galette-pin %s\n", GALETTE_VERSION);
	return STATUS_DONE;
}

int verb_help(struct options *options)
{
	const struct verb *verb = options->argc ? verb_find(options->argv[0]) : NULL;

	if (options->argc && !verb) {
		error("no verb '%s'", options->argv[0]);
		return STATUS_USAGE;
	}
	if (verb) {
		verb_usage(verb);
		return STATUS_DONE;
	}
	puts("galette-pin [OPTIONS] VERB …: chains of network functions, pinned in the "
	     "kernel\n");
	for (verb = verbs; verb->name; verb++)
		printf("  %-9s %s\n", verb->name, verb->help);
	puts("\n  -j, --json             results as JSON\n"
	     "  -v, --verbose          also what libbpf and the verifier say, and where the "
	     "time went\n"
	     "  -q, --quiet            no warnings\n"
	     "  --pin-root DIR         where chains are pinned (" PINS_DEFAULT_ROOT ")\n"
	     "  --nf-path DIR[:DIR]    where NF objects are\n"
	     "  --no-wait              of verbs that change a chain: fail if another holds it\n"
	     "\nexit status: 0 done or nothing to do, 1 failed and nothing changed,\n"
	     "2 bad usage or bad chain file, 3 there are changes (plan --exit-code)");
	return STATUS_DONE;
}

/* nf/ beside the executable, which then runs from the build tree; else the installed directory. */
static const char *default_nf_path(void)
{
	static char path[PATH_MAX + 8];
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct stat st;

	if (length > 0) {
		self[length] = '\0';
		snprintf(path, sizeof(path), "%s/nf", dirname(self));
		if (!stat(path, &st) && S_ISDIR(st.st_mode))
			return path;
	}
	return GALETTE_NFDIR;
}

/* A function's object holds a handful of descriptors until it is loaded. */
static void raise_limits(void)
{
	struct rlimit files;

	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static bool set_mode(struct options *options, const char *word)
{
	for (unsigned int mode = 0; model_mode_word(mode); mode++) {
		if (!strcmp(model_mode_word(mode), word)) {
			options->mode = mode;
			options->mode_given = true;
			return true;
		}
	}
	error("--mode is native, generic or auto, not '%s'", word);
	return false;
}

static bool set_option(struct options *options, int option, unsigned int *given)
{
	switch (option) {
	case 'j':
		options->json = true;
		return true;
	case 'v':
		diag_verbose = true;
		return true;
	case 'q':
		diag_quiet = true;
		return true;
	case OPT_PIN_ROOT:
		options->pin_root = optarg;
		return true;
	case OPT_NF_PATH:
		options->nf_path = optarg;
		return true;
	case OPT_MODE:
		*given |= TAKES_MODE;
		return set_mode(options, optarg);
	case OPT_NAME:
		*given |= TAKES_NAME;
		options->name = optarg;
		return true;
	case OPT_NO_WAIT:
		*given |= TAKES_NO_WAIT;
		options->no_wait = true;
		return true;
	case OPT_RESET_MAP:
		*given |= TAKES_RESET_MAP;
		options->reset_maps[options->reset_count++] = optarg;
		return true;
	case OPT_EXIT_CODE:
		*given |= TAKES_EXIT_CODE;
		options->exit_code = true;
		return true;
	case OPT_SOURCE:
		*given |= TAKES_SOURCE;
		options->source = true;
		return true;
	case OPT_NO_HELPER:
		*given |= TAKES_NO_HELPER;
		options->no_helper = true;
		return true;
	case 'o':
		*given |= TAKES_OUTPUT;
		options->output = optarg;
		return true;
	case OPT_ARCH:
		*given |= TAKES_ARCH;
		options->archs = optarg;
		return true;
	case OPT_SIGN:
		*given |= TAKES_SIGN;
		options->key = optarg;
		return true;
	default:
		return false; /* getopt_long() has said why */
	}
}

static const char *option_name(unsigned int takes)
{
	static const char *const names[] = { "--mode",      "--name",      "--no-wait",
					     "--reset-map", "--exit-code", "--source",
					     "--no-helper", "--output",    "--arch",
					     "--sign" };

	return names[__builtin_ctz(takes)];
}

static int run(struct options *options, int argc, char **argv)
{
	const struct verb *verb = NULL;
	unsigned int given = 0;
	int option, status;

	while ((option = getopt_long(argc, argv, "jvqhVo:", long_options, NULL)) != -1) {
		if (option == 'h' || option == 'V') {
			/* galette-pin VERB --help asks about the verb */
			options->argc =
				option == 'h' && argv[optind] && verb_find(argv[optind]);
			options->argv = argv + optind;
			for (int i = 1; option == 'h' && i < optind && !options->argc; i++) {
				options->argc = verb_find(argv[i]) != NULL;
				options->argv = argv + i;
			}
			return option == 'h' ? verb_help(options) : verb_version(options);
		}
		if (!set_option(options, option, &given))
			return STATUS_USAGE;
	}
	if (optind == argc) {
		verb_help(options);
		return STATUS_USAGE;
	}
	verb = verb_find(argv[optind]);
	if (!verb) {
		const char *words[16];
		const char *like;
		int n = 0;

		for (const struct verb *v = verbs; v->name; v++)
			words[n++] = v->name;
		like = diag_suggest(argv[optind], words, n);
		error("no verb '%s'%s%s%s (galette-pin help)", argv[optind],
		      like ? ", did you mean '" : "", like ?: "", like ? "'?" : "");
		return STATUS_USAGE;
	}
	options->argv = argv + optind + 1;
	options->argc = argc - optind - 1;
	if (options->argc < verb->min_args || options->argc > verb->max_args) {
		error("usage: galette-pin %s %s", verb->name, verb->arguments);
		return STATUS_USAGE;
	}
	if (given & ~verb->takes) {
		error("'%s' does not take %s; usage: galette-pin %s %s", verb->name,
		      option_name(given & ~verb->takes), verb->name, verb->arguments);
		return STATUS_USAGE;
	}
	status = verb->run(options);
	if (!status)
		timing_report(verb->name);
	return status;
}

/*
 * Where a standard descriptor is closed, the next file would be taken for it. Reading
 * and writing them fail as before.
 */
static void occupy_standard(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", modes[fd]);
}

int main(int argc, char **argv)
{
	struct options options = {
		.pin_root = PINS_DEFAULT_ROOT,
		.nf_path = default_nf_path(),
		.reset_maps = xcalloc(argc + 1, sizeof(char *)),
	};
	int status;

	occupy_standard();
	raise_limits();
	kernel_log_init();
	status = run(&options, argc, argv);
	free(options.reset_maps);
	if (fflush(stdout) || ferror(stdout)) {
		error("cannot write the result: %m");
		return status ?: STATUS_FAILED;
	}
	return status;
}
