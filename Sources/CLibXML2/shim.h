/* libxml2 as Index/ uses it. */

/* xmlTextWriter*: the streaming writer that index.xml is written with; it also brings xmlBuffer* (tree.h). */
#include <libxml/xmlwriter.h>
/* xmlInitParser: the character encodings must be set up once, before threads. */
#include <libxml/parser.h>
/* xmlValidateNCName: which keys of build-info.json can be attributes. */
#include <libxml/tree.h>
