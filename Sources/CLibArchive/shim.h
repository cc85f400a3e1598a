/* libarchive's filters and formats: what Tarballs/ compresses and reads with. */
#include <archive.h>
#include <archive_entry.h>

/* AE_IFREG is a macro with a cast, which Swift does not import. */
static const unsigned int mctl_regular_file = AE_IFREG;
