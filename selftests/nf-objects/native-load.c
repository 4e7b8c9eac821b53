/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
// world: native
/* Does when it is loaded what its file says, a letter each: selftests/nf/trial_test.c. */
#include <galette/nf.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum native_load {
	EVEN,
	ODD
};

NF_CONFIG(struct {
	__u32 number;
	struct {
		nf_file orders;
		nf_file others;
	};
}) = { .number = 2 };
NF_MAP(numbers, ARRAY, __u32, __u32, 1);

static __u64 others; /* bytes */

/* As a function that is left alone with its process might. */
static int privileged(void)
{
	return setuid(0) == 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || fork() >= 0 ||
	       write(5, "", 1) >= 0;
}

static int obey(char order, __u32 line)
{
	switch (order) {
	case 'c':
		nf_complain(&config.orders, line, 1, "line %u: \x1b[31mno\n", line);
		return 0;
	case 'o':
		nf_complain(&config.others, line, 2, "not here");
		return 0;
	case 'n': /* of nothing that it was given */
		nf_complain(NULL, 1, 1, "of no file");
		return 0;
	case 'm':
		for (int i = 0; i < 100000; i++)
			nf_complain(&config.orders, i, ~0u, "%0999d", i);
		return 0;
	case 'e':
		return -EPERM;
	case 'p':
		return 5;
	case 'u':
		return privileged();
	case 'x':
		exit(0);
	case 's':
		raise(SIGSEGV);
		return 0;
	case 'l': /* for ever, at work */
		for (;;)
			asm volatile("");
	case 'w': /* and at rest */
		for (;;)
			pause();
	case 'h': /* as if a complaint of 100000 bytes came */
		if (write(3, (int[]) { 0, 1, 1, 100000 }, 4 * sizeof(int)) < 0)
			return 0;
		/* fall through */
	case 'g': /* rubbish to where it should not write: the host's pipe */
		for (int i = 0; i < 4096; i++)
			if (write(3, "rubbish", 7) != 7)
				return 0;
		return 0;
	case '3':
		return config.number == 3 ? 0 : -ERANGE;
	default:
		return 0;
	}
}

NF_LOAD(native_load)
{
	__u64 size;
	const char *text = nf_file_text(&config.orders, &size);
	int err = 0;

	if (!text || text[size])
		return -ENOENT;
	nf_file_text(&config.others, &others);
	for (__u32 i = 0; i < size && !err; i++)
		err = obey(text[i], i + 1);
	return err;
}

NF(native_load, enum native_load)
{
	return others & 1 ? ODD : EVEN;
}
