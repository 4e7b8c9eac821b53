/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef GALETTE_NF_PARSE_H
#define GALETTE_NF_PARSE_H
#endif
