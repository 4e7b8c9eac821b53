// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* galette-slow: the command line. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "helper.h"
#include "kernel_log.h"
#include "pins.h"

enum {
	STATUS_USAGE = 2
};

static const char usage[] =
	"galette-slow [OPTIONS] CHAIN: run the functions of a chain that the kernel does "
	"not\n\n"
	"  It stays in the foreground until SIGTERM, under an init system of your choice.\n"
	"  (galette-pin attach starts it by itself, unless told --no-helper.)\n\n"
	"  --replace        take over from the galette-slow that runs, without losing a "
	"packet\n"
	"  --pin-root DIR   where chains are pinned (" PINS_DEFAULT_ROOT ")\n"
	"  -v, --verbose    also what libbpf says\n"
	"  -q, --quiet      no warnings\n"
	"  -h, --help       this text\n"
	"  -V, --version    print the version\n";

static const struct option long_options[] = {
	{ "replace", no_argument, NULL, 'r' },
	{ "pin-root", required_argument, NULL, 'p' },
	{ "ready", required_argument, NULL, 'f' }, /* galette-pin's */
	{ "verbose", no_argument, NULL, 'v' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

/* Who started it may have left more open than it says: locks, directories. */
static void close_others(int but)
{
	if (but > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, but - 1, 0);
	close_range(but > STDERR_FILENO ? but + 1 : STDERR_FILENO + 1, ~0u, 0);
}

static int open_null(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0)
		return null;
	error("cannot open /dev/null: %m");
	exit(1);
}

/* Not part of whoever started it any more: not its terminal, not its directory. */
static void detach(int null)
{
	setsid();
	if (!chdir("/") && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0)
		return;
	error("cannot detach from who started it: %m");
	exit(1);
}

int main(int argc, char **argv)
{
	struct helper_options options = { .foreground = true, .ready = -1, .null = -1 };
	const char *root = PINS_DEFAULT_ROOT;
	char encoded[NAME_MAX + 1], relative[PATH_MAX], dir[PATH_MAX];
	int option;

	diag_program = "galette-slow";
	while ((option = getopt_long(argc, argv, "vqhV", long_options, NULL)) != -1) {
		switch (option) {
		case 'r':
			options.replace = true;
			break;
		case 'p':
			root = optarg;
			break;
		case 'f':
			options.ready = atoi(optarg);
			options.foreground = false;
			fcntl(options.ready, F_SETFD, FD_CLOEXEC);
			break;
		case 'v':
			diag_verbose = true;
			break;
		case 'q':
			diag_quiet = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			printf("galette-slow %s\n", GALETTE_VERSION);
			return 0;
		default:
			return STATUS_USAGE;
		}
	}
	if (optind != argc - 1) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	options.chain = argv[optind];
	kernel_log_init();
	pins_encode(encoded, options.chain);
	if (pins_path(relative, root, "%s", encoded) || !realpath(relative, dir)) {
		error("no chain '%s' is attached (galette-pin show lists those that are)",
		      options.chain);
		return 1;
	}
	options.dir = dir;
	close_others(options.ready);
	options.null = open_null();
	if (options.ready >= 0)
		detach(options.null);
	return helper_main(&options);
}
