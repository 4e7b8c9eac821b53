// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as an NF's object file: what they offer, or an error. What they
 * offer is then used as check does: a config over the defaults, map entries.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel_log.h"
#include "object_use.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "build/fuzz/object-XXXXXX", file[64];

static void remove_directory(void)
{
	unlink(file);
	rmdir(directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	kernel_log_init();
	if (!mkdtemp(directory)) {
		perror(directory);
		exit(1);
	}
	snprintf(file, sizeof(file), "%s/x.bpf.o", directory);
	atexit(remove_directory);
	pthread_atfork(NULL, NULL, forget_death_callback);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag = { .file = "fuzz" };
	FILE *out = fopen(file, "w");
	struct object *object;

	if (!out || fwrite(data, 1, size, out) != size || fclose(out))
		abort();
	object = object_open(directory, "x", (struct loc) { 1, 1 }, &diag);
	if (!object != !!diag.errors)
		abort();
	if (object)
		use_object(object);
	object_free(object);
	diag_free(&diag);
	return 0;
}
