/* zlib's inflate: libarchive's gzip filter compares neither the checksum nor the length at a member's end. */
#include <zlib.h>
