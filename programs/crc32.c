/* exit: 0. CRC-32 of "123456789" is 0xCBF43926 (the check value of ISO 3309), bit by bit and by table. */
static unsigned table[256];

static unsigned step(unsigned crc) {
    return crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
}

int main(void) {
    const char *text = "123456789";
    unsigned by_bit = 0xFFFFFFFFu, by_table = 0xFFFFFFFFu;
    for (unsigned i = 0; i < 256; i++) {
        unsigned crc = i;
        for (int k = 0; k < 8; k++) crc = step(crc);
        table[i] = crc;
    }
    for (const char *p = text; *p; p++) {
        by_bit ^= (unsigned char)*p;
        for (int k = 0; k < 8; k++) by_bit = step(by_bit);
        by_table = by_table >> 8 ^ table[(by_table ^ (unsigned char)*p) & 0xFF];
    }
    return !(~by_bit == 0xCBF43926u && ~by_table == 0xCBF43926u);
}
