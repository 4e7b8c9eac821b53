/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "diag.h"
#include "native_keep.h"
#include "pins.h"

static int make_directories(const char *generation_dir, const char *function,
			    char dir[PATH_MAX])
{
	static const char *const below[] = { "", "/maps", "/files" };
	char path[PATH_MAX];

	for (int i = 0; i < 3; i++) {
		int err = pins_path(path, generation_dir, "native/%s%s", function, below[i]);

		if (!err && mkdir(path, 0700))
			err = -errno;
		if (err) {
			error("cannot make %s: %s", path, strerror(-err));
			return err;
		}
	}
	return pins_path(dir, generation_dir, "native/%s", function);
}

static int keep_maps(const char *dir, const struct model *model, const struct model_function *f)
{
	for (int i = 0; i < f->object->map_count; i++) {
		const char *name = f->object->maps[i].name;
		int err = pins_pin(model->maps[f->map_index[i]].fd, dir, "maps/%s", name);

		if (err) {
			error("cannot pin map '%s' in %s: %s", name, dir, strerror(-err));
			return err;
		}
	}
	return 0;
}

static int keep_files(const char *dir, const struct model_function *f)
{
	char pin[GALETTE_NAME_LEN + 8];
	int err = 0;

	for (int i = 0; i < f->file_count && !err; i++) {
		snprintf(pin, sizeof(pin), "files/%s", f->files[i].field);
		err = pins_keep(dir, pin, f->files[i].bytes, f->files[i].size + 1);
	}
	return err;
}

int native_keep(const char *generation_dir, const struct model *model, int function)
{
	const struct model_function *f = &model->functions[function];
	char dir[PATH_MAX];
	int err = make_directories(generation_dir, f->name, dir)
			  ?: pins_keep(dir, "so", f->native->bytes, f->native->size);

	if (!err && f->object->config.type)
		err = pins_keep(dir, "config", object_var(f->object, &f->object->config),
				f->object->config.size);
	return err ?: keep_maps(dir, model, f) ?: keep_files(dir, f);
}
