import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { crc32c } from "../../src/files/index.ts";
import { eventFileHeader, eventFileName, eventRestart, eventScalars } from "../../src/training/tensorboard.ts";

interface Golden {
  readonly reference: string;
  readonly wallTime: number;
  readonly records: Readonly<Record<"header" | "first" | "several" | "late" | "restart", string>>;
}

const golden = JSON.parse(readFileSync(new URL("golden/tensorboard.json", import.meta.url), "utf8")) as Golden;
const { wallTime, records } = golden;

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

test("every record is the one that TensorBoard's own writer makes, to the byte", () => {
  expect(golden.reference).toBe("tensorboard 2.21.0");
  expect(hex(eventFileHeader(wallTime))).toBe(records.header);
  expect(hex(eventScalars({ wallTime, step: 0 }, { "loss/training": 2.31 }))).toBe(records.first);
  const several = { "loss/training": -1.5e-8, "loss/validation": 1.75, "Lernrate µ": 3e-4 };
  expect(hex(eventScalars({ wallTime, step: 300 }, several))).toBe(records.several);
  expect(hex(eventScalars({ wallTime, step: 2 ** 40 + 5 }, { loss: Infinity }))).toBe(records.late);
  expect(hex(eventRestart({ wallTime, step: 200 }))).toBe(records.restart);
});

test("Castagnoli's check, by the vectors of RFC 3720, B.4", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

test("a file name that TensorBoard finds", () => {
  expect(eventFileName(wallTime)).toBe("events.out.tfevents.1700000000.heed");
});

test("a step must be a whole number", () => {
  expect(() => eventScalars({ wallTime, step: 1.5 }, { loss: 1 })).toThrow(
    "a whole number from 0 to 2^53 - 1; got 1.5",
  );
  expect(() => eventScalars({ wallTime, step: -1 }, { loss: 1 })).toThrow(RangeError);
});
