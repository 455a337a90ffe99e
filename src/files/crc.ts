/**
 * A 32-bit cyclic redundancy check. Give the result of an earlier call as `before` to go on with the next piece:
 * crc32(b, crc32(a)) is the check of a followed by b.
 */
export type Checksum = (bytes: Uint8Array, before?: number) => number;

/** The CRC-32 of gzip, zip and PNG (ISO 3309, polynomial 0x04C11DB7). The check of "123456789" is 0xCBF43926. */
export const crc32: Checksum = checksum(0xedb88320);

/** The CRC-32C of TFRecord and iSCSI (Castagnoli, RFC 3720). The check of "123456789" is 0xE3069283. */
export const crc32c: Checksum = checksum(0x82f63b78);

/** A check for a polynomial in reversed bit order; eight bytes a step (Intel's slicing-by-8). */
function checksum(polynomial: number): Checksum {
  let tables: Uint32Array | undefined;
  return (bytes, before = 0) => {
    const t = (tables ??= slicingTables(polynomial));
    let crc = ~before;
    let i = 0;
    for (const end = bytes.length - 7; i < end; i += 8) {
      const low = crc ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
      crc =
        t[1792 + (low & 255)]! ^
        t[1536 + ((low >>> 8) & 255)]! ^
        t[1280 + ((low >>> 16) & 255)]! ^
        t[1024 + (low >>> 24)]! ^
        t[768 + bytes[i + 4]!]! ^
        t[512 + bytes[i + 5]!]! ^
        t[256 + bytes[i + 6]!]! ^
        t[bytes[i + 7]!]!;
    }
    for (; i < bytes.length; i++) crc = t[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
    return ~crc >>> 0;
  };
}

/** Eight tables of 256: table k holds the check of a byte that is followed by k zero bytes. */
function slicingTables(polynomial: number): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256]!;
    tables[i] = (shorter >>> 8) ^ tables[shorter & 255]!;
  }
  return tables;
}
