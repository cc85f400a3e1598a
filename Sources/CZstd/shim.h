/* libzstd's decoder: libarchive's zstd filter refuses windows of more than 128 MiB. */
#include <zstd.h>
#include <zstd_errors.h>
