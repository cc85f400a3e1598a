/* liblzma's multi-threaded encoder: libarchive's own use of it can be neither interrupted nor freed half-way. */
#include <lzma.h>

/* A macro with a cast, which Swift does not import. */
static const uint32_t mctl_preset_extreme = LZMA_PRESET_EXTREME;
