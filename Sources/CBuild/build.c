#include "CBuild.h"

#ifndef MIRRORCTL_COMMIT
#define MIRRORCTL_COMMIT ""
#endif

const char *cbuild_commit(void) { return MIRRORCTL_COMMIT; }
