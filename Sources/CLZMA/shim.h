/* liblzma's multi-threaded encoder and decoder: libarchive's own encoder can be neither interrupted nor freed
   half-way, and its decoder has one thread. */
#include <lzma.h>

/* A macro with a cast, which Swift does not import. */
static const uint32_t mctl_preset_extreme = LZMA_PRESET_EXTREME;
