#pragma once
/*
 * Parts of files that are mapped for reading. If a file becomes shorter, or its disk fails, a read from a mapping of it
 * raises SIGBUS. A handler of the process then maps zeros over the window, and records that. It is installed with the
 * first window, and leaves other faults to the handler before it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Maps a part of a file, from an offset that is a multiple of the page size. Its content may change at any time, so it
 * must not be given to code that relies on reading the same twice. Returns the window's number, or -1 if it cannot be
 * mapped: `bytes` is more than the square of the page size, too many are mapped, or mmap(2) failed.
 */
int clinux_map_window(int file, int64_t offset, size_t bytes, const void **content);

/* Whether zeros were read from the window in place of its content. */
bool clinux_has_faulted(int window);

void clinux_unmap_window(int window);

/*
 * preadv2(2) with RWF_NOWAIT: 1 if the byte at the offset can be read without waiting for a disk, 0 if not, -1 if the
 * file system does not say (network file systems, FUSE, tmpfs).
 */
int clinux_is_cached(int file, int64_t offset);
