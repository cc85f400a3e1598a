#pragma once
/*
 * What the build knows and the sources do not. Package.swift defines it from the environment of `swift build`; only this
 * module is compiled again if it changes.
 */

/* The commit of the sources, such as `1a2b3c4d5e6f` or `1a2b3c4d5e6f-dirty`; "" if the build was not given one. */
const char *cbuild_commit(void);
