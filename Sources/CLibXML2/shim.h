/* libxml2's streaming writer: what Index/ writes index.xml with. */
#include <libxml/xmlwriter.h>
