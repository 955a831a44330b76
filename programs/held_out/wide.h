/* Characters of UTF-8 by musl: from and to bytes, their classes and cases. The locale is C.UTF-8, without a thread to hold it. */
#include "missing.h"

#include <wchar.h>
#include <wctype.h>

#include "locale_impl.h"
#undef CURRENT_UTF8
#define CURRENT_UTF8 1

#include "multibyte/internal.c"
#include "multibyte/mbtowc.c"

#define table table_of_letters /* each file has its own */
#include "ctype/iswalpha.c"
#undef table
#define table table_of_punctuation
#include "ctype/iswpunct.c"
#undef table
#include "ctype/iswalnum.c"
#include "ctype/iswblank.c"
#include "ctype/iswcntrl.c"
#include "ctype/iswctype.c"
#include "ctype/iswdigit.c"
#include "ctype/iswgraph.c"
#include "ctype/iswlower.c"
#include "ctype/iswprint.c"
#include "ctype/iswspace.c"
#include "ctype/iswupper.c"
#include "ctype/iswxdigit.c"
#include "ctype/towctrans.c"

int isblank(int c) { return c == ' ' || c == '\t'; }

size_t wcslen(const wchar_t *text) {
    size_t length = 0;
    for (; text[length]; length++) {}
    return length;
}

wchar_t *wcschr(const wchar_t *text, wchar_t wanted) {
    for (; *text && *text != wanted; text++) {}
    return *text == wanted ? (wchar_t *)text : 0;
}
