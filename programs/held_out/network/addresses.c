/* exit: 0. inet_pton: addresses of RFC 4291, chapter 2.2, of both families, and texts that are none. */
/* sources: network/inet_pton.c */
#define HEAP_BYTES 16
#include <arpa/inet.h>
#include <sys/socket.h>

#include "missing.h"

static const struct { const char *text; unsigned short groups[8]; } addresses[] = {
    {"ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", {0xABCD, 0xEF01, 0x2345, 0x6789, 0xABCD, 0xEF01, 0x2345, 0x6789}},
    {"2001:DB8:0:0:8:800:200C:417A", {0x2001, 0xDB8, 0, 0, 8, 0x800, 0x200C, 0x417A}},
    {"2001:DB8::8:800:200C:417A", {0x2001, 0xDB8, 0, 0, 8, 0x800, 0x200C, 0x417A}},
    {"FF01::101", {0xFF01, 0, 0, 0, 0, 0, 0, 0x101}},
    {"::1", {0, 0, 0, 0, 0, 0, 0, 1}},
    {"::", {0}},
    {"0:0:0:0:0:0:13.1.68.3", {0, 0, 0, 0, 0, 0, 0x0D01, 0x4403}},
    {"::FFFF:129.144.52.38", {0, 0, 0, 0, 0, 0xFFFF, 0x8190, 0x3426}},
};
static const char *const none[] = {"", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "::1.2.3", "g::"};
static const char *const not_four[] = {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "a.b.c.d"};

int main(void) {
    unsigned char made[16];
    for (int round = 0; round < 8; round++) {
        for (int k = 0; k < 8; k++) {
            if (inet_pton(AF_INET6, addresses[k].text, made) != 1) return 1 + k;
            for (int i = 0; i < 8; i++)
                if ((made[2 * i] << 8 | made[2 * i + 1]) != addresses[k].groups[i]) return 11 + k;
        }
        for (int k = 0; k < 9; k++)
            if (inet_pton(AF_INET6, none[k], made) != 0) return 21 + k;
        for (int k = 0; k < 7; k++)
            if (inet_pton(AF_INET, not_four[k], made) != 0) return 31 + k;
        if (inet_pton(AF_INET, "192.0.2.235", made) != 1 || memcmp(made, "\xC0\x00\x02\xEB", 4)) return 41;
    }
    return 0;
}
