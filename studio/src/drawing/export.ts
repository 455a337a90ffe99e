/** Pictures and numbers as files. */
import type { HostTensor } from "heed/onnx";
import type { Table } from "./table.ts";

/** Hands a file to the person who asked for it. */
export function save(name: string, content: string | Uint8Array, type: string): void {
  const address = URL.createObjectURL(new Blob([content as BlobPart], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(address);
  }, 10_000);
}

/** Rows as comma-separated values (RFC 4180). */
export function csvOf({ columns, rows }: Table): string {
  const cell = (value: string | number): string => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** A tensor as NumPy's .npy, version 1, float32 in C order. */
export function npyOf({ shape, data }: HostTensor): Uint8Array {
  const shown = shape.length === 1 ? `${shape[0]!},` : shape.join(", ");
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shown}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = `${text.padEnd(length - 1)}\n`;
  const bytes = new Uint8Array(10 + length + 4 * data.length);
  bytes.set([0x93, ...Array.from("NUMPY", (letter) => letter.charCodeAt(0)), 1, 0, length & 255, length >> 8]);
  for (let i = 0; i < length; i++) bytes[10 + i] = header.charCodeAt(i);
  bytes.set(new Uint8Array(Float32Array.from(data as ArrayLike<number>).buffer), 10 + length);
  return bytes;
}

/** An SVG as a picture of twice its size in pixels. */
export async function savePng(name: string, svg: string): Promise<void> {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  image.src = address;
  await image.decode();
  URL.revokeObjectURL(address);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth * 2, image.naturalHeight * 2];
  const context = canvas.getContext("2d")!;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve);
  });
  if (blob !== null) save(name, new Uint8Array(await blob.arrayBuffer()), "image/png");
}
