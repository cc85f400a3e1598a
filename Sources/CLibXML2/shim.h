/* libxml2 as Index/ uses it. */

/* Debian's libxml2 draws in the system's ICU headers, which contradict those that Foundation carries. Only the
   layout of encoding handlers depends on them, and nothing here looks into one. */
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
/* xmlTextWriter*: the streaming writer that index.xml is written with; it also brings xmlBuffer* (tree.h). */
#include <libxml/xmlwriter.h>
/* xmlInitParser: the character encodings must be set up once, before threads. */
#include <libxml/parser.h>
/* xmlValidateNCName: which keys of build-info.json can be attributes. */
#include <libxml/tree.h>
/* xmlTextReader*: what a metalink of an earlier run says is read again. */
#include <libxml/xmlreader.h>
